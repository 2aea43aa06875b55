/// Mean and standard deviation over the training part, in double precision, NaN left out.
struct NumericFit {
    /// 0 when there is no value.
    private(set) var mean = 0.0
    /// The population's; 1 when all values are the same, so that it can be divided by.
    private(set) var deviation = 1.0
    private(set) var missing = 0

    /// - Parameter value: the number of a row, NaN where missing.
    init(rows: [Int32], value: (Int) -> Double) {
        var count = 0
        var sum = 0.0
        for row in rows {
            let number = value(Int(row))
            if number.isNaN {
                missing += 1
            } else {
                count += 1
                sum += number
            }
        }
        guard count > 0, sum.isFinite else { return }
        mean = sum / Double(count)
        var squares = 0.0
        for row in rows {
            let difference = value(Int(row)) - mean
            if !difference.isNaN { squares += difference * difference }
        }
        let spread = (squares / Double(count)).squareRoot()
        // A spread that is rounding noise of the mean is no spread.
        if spread.isFinite, spread > abs(mean) * 1e-12 { deviation = spread }
    }
}
