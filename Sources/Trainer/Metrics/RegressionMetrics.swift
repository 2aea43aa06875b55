/// Errors of predicted values in their own unit; several outputs count alike.
enum RegressionMetrics {
    static func metrics(outputs: Int, predictions: [Double], values: [Double]) -> [String: Double?] {
        let each = (0..<outputs).map { output -> (rmse: Double?, mae: Double?, r2: Double?) in
            let cells = stride(from: output, to: values.count, by: outputs).filter { !values[$0].isNaN }
            return errors(predictions: cells.map { predictions[$0] }, values: cells.map { values[$0] })
        }
        return [
            "rmse": TaskMetrics.mean(each.map(\.rmse)),
            "mae": TaskMetrics.mean(each.map(\.mae)),
            "r2": TaskMetrics.mean(each.map(\.r2)),
        ]
    }

    /// R² is not defined where all values are equal.
    private static func errors(predictions: [Double], values: [Double]) -> (rmse: Double?, mae: Double?, r2: Double?) {
        guard !values.isEmpty else { return (nil, nil, nil) }
        let count = Double(values.count)
        let average = values.reduce(0, +) / count
        var (squares, magnitudes, spread) = (0.0, 0.0, 0.0)
        for (prediction, value) in zip(predictions, values) {
            squares += (prediction - value) * (prediction - value)
            magnitudes += abs(prediction - value)
            spread += (value - average) * (value - average)
        }
        return ((squares / count).squareRoot(), magnitudes / count, spread > 0 ? 1 - squares / spread : nil)
    }
}
