package import Datasets
import Jobs

/// Metrics of one task over the labelled rows of a part; nil where one is not defined there.
package enum TaskMetrics {
    /// - Parameters:
    ///   - scores: `[rows, outputs]`: probabilities, or predicted values in their own unit.
    ///   - rows: the rows of the data set that the scores belong to.
    ///   - isWanted: asked between rows, between outputs and while rows are put in order.
    package static func metrics(
        of task: TaskPlan, scores: [Double], target: EncodedTarget, rows: [Int32], isWanted: () -> Bool = { true }
    ) throws(PassInterrupted) -> [String: Double?] {
        switch (task.kind, target) {
        case (.classification, .classes(let target)):
            return try classification(
                classes: task.outputs, scores: scores, labels: rows.map { target.ids[Int($0)] }, isWanted)
        case (.binary, .classes(let target)):
            return try binary(scores: scores, labels: rows.map { target.ids[Int($0)] }, isWanted)
        case (.multilabel, .matrix(let target)):
            return try multilabel(outputs: task.outputs, scores: scores, isWanted) { target.value(rows[$0], $1) }
        case (.regression, .matrix(let target)):
            return try RegressionMetrics.metrics(outputs: task.outputs, predictions: scores, isWanted: isWanted) {
                target.value(rows[$0], $1) * task.deviations[$1] + task.means[$1]
            }
        case (.classification, .matrix), (.binary, .matrix), (.multilabel, .classes), (.regression, .classes):
            return [:]
        }
    }

    private static func classification(
        classes: Int, scores: [Double], labels: [Int32], _ isWanted: () -> Bool
    ) throws(PassInterrupted) -> [String: Double?] {
        let rows = labels.indices.filter { labels[$0] >= 0 }
        guard !rows.isEmpty else { return undefined(.classification) }
        func score(_ row: Int, _ c: Int) -> Double { scores[row * classes + c] }
        var (hits, topFive) = (0, 0)
        var confusion = Confusion(classes: classes)
        for row in rows {
            try PassInterrupted.check(isWanted)
            let label = Int(labels[row])
            // Of equal scores the first ranks first, as everywhere.
            let predicted = (0..<classes).reduce(0) { score(row, $1) > score(row, $0) ? $1 : $0 }
            let above = (0..<classes).count { c in
                score(row, c) > score(row, label) || (c < label && score(row, c) == score(row, label))
            }
            hits += predicted == label ? 1 : 0
            topFive += above < 5 ? 1 : 0
            confusion.add(label: label, predicted: predicted)
        }
        var ranks = Ranks()
        for c in 0..<classes {
            try ranks.add(rows.map { score($0, c) }, rows.map { Int(labels[$0]) == c }, isWanted)
        }
        return [
            "accuracy": Double(hits) / Double(rows.count),
            "top5_accuracy": classes > 5 ? Double(topFive) / Double(rows.count) : nil,
            "macro_f1": confusion.macroF1,
            "roc_auc": ranks.rocAUC,
            "average_precision": ranks.averagePrecision,
        ]
    }

    /// The rank metrics of one output after the other, so that the rows of one only stand in memory.
    private struct Ranks {
        private var areas: [Double?] = []
        private var precisions: [Double?] = []

        mutating func add(_ scores: [Double], _ isPositive: [Bool], _ isWanted: () -> Bool) throws(PassInterrupted) {
            try PassInterrupted.check(isWanted)
            areas.append(try RankMetrics.rocAUC(scores: scores, isPositive: isPositive, isWanted: isWanted))
            precisions.append(
                try RankMetrics.averagePrecision(scores: scores, isPositive: isPositive, isWanted: isWanted))
        }

        var rocAUC: Double? { mean(areas) }
        var averagePrecision: Double? { mean(precisions) }
    }

    private static func binary(
        scores: [Double], labels: [Int32], _ isWanted: () -> Bool
    ) throws(PassInterrupted) -> [String: Double?] {
        let rows = labels.indices.filter { labels[$0] >= 0 }
        guard !rows.isEmpty else { return undefined(.binary) }
        var confusion = Confusion(classes: 2)
        for row in rows { confusion.add(label: Int(labels[row]), predicted: scores[row] >= 0.5 ? 1 : 0) }
        var ranks = Ranks()
        try ranks.add(rows.map { scores[$0] }, rows.map { labels[$0] == 1 }, isWanted)
        return [
            "accuracy": confusion.accuracy,
            "macro_f1": confusion.macroF1,
            "roc_auc": ranks.rocAUC,
            "average_precision": ranks.averagePrecision,
        ]
    }

    /// - Parameter value: of a row of the scores and an output: 0, 1, or NaN where missing.
    private static func multilabel(
        outputs: Int, scores: [Double], _ isWanted: () -> Bool, value: (_ row: Int, _ output: Int) -> Double
    ) throws(PassInterrupted) -> [String: Double?] {
        var (hits, cells) = (0, 0)
        var f1: [Double?] = []
        var ranks = Ranks()
        for output in 0..<outputs {
            try PassInterrupted.check(isWanted)
            var confusion = Confusion(classes: 2)
            var labelled: [Double] = []
            var isPositive: [Bool] = []
            for row in 0..<scores.count / outputs {
                let (value, score) = (value(row, output), scores[row * outputs + output])
                guard !value.isNaN else { continue }
                confusion.add(label: value > 0.5 ? 1 : 0, predicted: score >= 0.5 ? 1 : 0)
                labelled.append(score)
                isPositive.append(value > 0.5)
            }
            hits += confusion.hits
            cells += labelled.count
            f1.append(confusion.f1(of: 1))
            try ranks.add(labelled, isPositive, isWanted)
        }
        return [
            "accuracy": cells > 0 ? Double(hits) / Double(cells) : nil,
            "macro_f1": mean(f1),
            "roc_auc": ranks.rocAUC,
            "average_precision": ranks.averagePrecision,
        ]
    }

    private static func undefined(_ kind: TaskSpec.Kind) -> [String: Double?] {
        Dictionary(uniqueKeysWithValues: kind.metrics.map { ($0, nil) })
    }

    /// The mean of what is defined.
    static func mean(_ values: [Double?]) -> Double? {
        let defined = values.compactMap { $0 }
        return defined.isEmpty ? nil : defined.reduce(0, +) / Double(defined.count)
    }
}

extension MatrixTarget {
    /// The value of a row; NaN where missing.
    fileprivate func value(_ row: Int32, _ output: Int) -> Double {
        let cell = Int(row) * outputs + output
        return mask.map { $0[cell] == 0 } ?? false ? .nan : Double(values[cell])
    }
}
