/// Errors of predicted values in their own unit; several outputs count alike.
enum RegressionMetrics {
    /// - Parameter value: of a row of the scores and an output; NaN where missing.
    static func metrics(
        outputs: Int, predictions: [Double], isWanted: () -> Bool, value: (_ row: Int, _ output: Int) -> Double
    ) throws(PassInterrupted) -> [String: Double?] {
        var each: [(rmse: Double?, mae: Double?, r2: Double?)] = []
        for output in 0..<outputs {
            try PassInterrupted.check(isWanted)
            let rows = predictions.count / outputs
            each.append(errors(rows: rows, prediction: { predictions[$0 * outputs + output] }) { value($0, output) })
        }
        return [
            "rmse": TaskMetrics.mean(each.map(\.rmse)),
            "mae": TaskMetrics.mean(each.map(\.mae)),
            "r2": TaskMetrics.mean(each.map(\.r2)),
        ]
    }

    /// R² is not defined where all values are equal.
    private static func errors(
        rows: Int, prediction: (Int) -> Double, value: (Int) -> Double
    ) -> (rmse: Double?, mae: Double?, r2: Double?) {
        var (known, total) = (0, 0.0)
        for row in 0..<rows {
            let value = value(row)
            guard !value.isNaN else { continue }
            known += 1
            total += value
        }
        guard known > 0 else { return (nil, nil, nil) }
        let count = Double(known)
        let average = total / count
        var (squares, magnitudes, spread) = (0.0, 0.0, 0.0)
        for row in 0..<rows {
            let value = value(row)
            guard !value.isNaN else { continue }
            let difference = prediction(row) - value
            squares += difference * difference
            magnitudes += abs(difference)
            spread += (value - average) * (value - average)
        }
        return ((squares / count).squareRoot(), magnitudes / count, spread > 0 ? 1 - squares / spread : nil)
    }
}
