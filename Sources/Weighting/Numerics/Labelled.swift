/// Applies a formula to the tasks that have a loss, and gives the others `unknown`.
///
/// - Parameter formula: from k losses to k weights.
func overLabelled(_ losses: [Double?], unknown: Double = 0, _ formula: ([Double]) -> [Double]) -> [Double] {
    var weights = formula(losses.compactMap { $0 }).makeIterator()
    return losses.map { $0 == nil ? unknown : weights.next() ?? unknown }
}
