/// Each score's place, 1 for the largest; equal scores share the mean of their places.
func ranks(_ scores: [Double]) -> [Double] {
    scores.map { score in
        let above = scores.count { $0 > score }
        let equal = scores.count { $0 == score }
        return Double(above) + Double(equal + 1) / 2
    }
}
