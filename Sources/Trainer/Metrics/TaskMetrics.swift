package import Datasets
import Jobs

/// Metrics of one task over the labelled rows of a part; nil where one is not defined there.
package enum TaskMetrics {
    /// - Parameters:
    ///   - scores: `[rows, outputs]`: probabilities, or predicted values in their own unit.
    ///   - rows: the rows of the data set that the scores belong to.
    package static func metrics(
        of task: TaskPlan, scores: [Double], target: EncodedTarget, rows: [Int32]
    ) -> [String: Double?] {
        switch (task.kind, target) {
        case (.classification, .classes(let target)):
            classification(classes: task.outputs, scores: scores, labels: rows.map { target.ids[Int($0)] })
        case (.binary, .classes(let target)):
            binary(scores: scores, labels: rows.map { target.ids[Int($0)] })
        case (.multilabel, .matrix(let target)):
            multilabel(outputs: task.outputs, scores: scores, values: target.values(of: rows))
        case (.regression, .matrix(let target)):
            RegressionMetrics.metrics(
                outputs: task.outputs, predictions: scores,
                values: target.values(of: rows).enumerated().map { index, value in
                    value * task.deviations[index % task.outputs] + task.means[index % task.outputs]
                })
        case (.classification, .matrix), (.binary, .matrix), (.multilabel, .classes), (.regression, .classes):
            [:]
        }
    }

    private static func classification(classes: Int, scores: [Double], labels: [Int32]) -> [String: Double?] {
        let rows = labels.indices.filter { labels[$0] >= 0 }
        guard !rows.isEmpty else { return undefined(.classification) }
        func score(_ row: Int, _ c: Int) -> Double { scores[row * classes + c] }
        var (hits, topFive) = (0, 0)
        var confusion = Confusion(classes: classes)
        for row in rows {
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
        let ranked = (0..<classes).map { c in
            (rows.map { score($0, c) }, rows.map { Int(labels[$0]) == c })
        }
        return [
            "accuracy": Double(hits) / Double(rows.count),
            "top5_accuracy": classes > 5 ? Double(topFive) / Double(rows.count) : nil,
            "macro_f1": confusion.macroF1,
            "roc_auc": mean(ranked.map { RankMetrics.rocAUC(scores: $0.0, isPositive: $0.1) }),
            "average_precision": mean(ranked.map { RankMetrics.averagePrecision(scores: $0.0, isPositive: $0.1) }),
        ]
    }

    private static func binary(scores: [Double], labels: [Int32]) -> [String: Double?] {
        let rows = labels.indices.filter { labels[$0] >= 0 }
        guard !rows.isEmpty else { return undefined(.binary) }
        var confusion = Confusion(classes: 2)
        for row in rows { confusion.add(label: Int(labels[row]), predicted: scores[row] >= 0.5 ? 1 : 0) }
        let positive = rows.map { labels[$0] == 1 }
        let labelled = rows.map { scores[$0] }
        return [
            "accuracy": confusion.accuracy,
            "macro_f1": confusion.macroF1,
            "roc_auc": RankMetrics.rocAUC(scores: labelled, isPositive: positive),
            "average_precision": RankMetrics.averagePrecision(scores: labelled, isPositive: positive),
        ]
    }

    private static func multilabel(outputs: Int, scores: [Double], values: [Double]) -> [String: Double?] {
        var (hits, cells) = (0, 0)
        var f1: [Double?] = []
        var ranked: [(scores: [Double], positive: [Bool])] = []
        for output in 0..<outputs {
            let labelled = stride(from: output, to: values.count, by: outputs).filter { !values[$0].isNaN }
            var confusion = Confusion(classes: 2)
            for cell in labelled {
                confusion.add(label: values[cell] > 0.5 ? 1 : 0, predicted: scores[cell] >= 0.5 ? 1 : 0)
            }
            hits += confusion.hits
            cells += labelled.count
            f1.append(confusion.f1(of: 1))
            ranked.append((labelled.map { scores[$0] }, labelled.map { values[$0] > 0.5 }))
        }
        return [
            "accuracy": cells > 0 ? Double(hits) / Double(cells) : nil,
            "macro_f1": mean(f1),
            "roc_auc": mean(ranked.map { RankMetrics.rocAUC(scores: $0.scores, isPositive: $0.positive) }),
            "average_precision": mean(
                ranked.map { RankMetrics.averagePrecision(scores: $0.scores, isPositive: $0.positive) }),
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
    /// `[rows, outputs]`, NaN where missing.
    func values(of rows: [Int32]) -> [Double] {
        rows.flatMap { row in
            (0..<outputs).map { output in
                let cell = Int(row) * outputs + output
                return mask.map { $0[cell] == 0 } ?? false ? .nan : Double(values[cell])
            }
        }
    }
}

/// Counts of labels against predictions.
struct Confusion {
    private let classes: Int
    private var counts: [Int]

    init(classes: Int) {
        self.classes = classes
        counts = Array(repeating: 0, count: classes * classes)
    }

    mutating func add(label: Int, predicted: Int) {
        counts[label * classes + predicted] += 1
    }

    var hits: Int { (0..<classes).reduce(0) { $0 + counts[$1 * classes + $1] } }

    var accuracy: Double? {
        let total = counts.reduce(0, +)
        return total > 0 ? Double(hits) / Double(total) : nil
    }

    /// 2·TP / (2·TP + FP + FN); nil for a class that is neither a label nor predicted.
    func f1(of c: Int) -> Double? {
        let labelled = (0..<classes).reduce(0) { $0 + counts[c * classes + $1] }
        let predicted = (0..<classes).reduce(0) { $0 + counts[$1 * classes + c] }
        guard labelled + predicted > 0 else { return nil }
        return 2 * Double(counts[c * classes + c]) / Double(labelled + predicted)
    }

    /// The mean over the classes that occur.
    var macroF1: Double? { TaskMetrics.mean((0..<classes).map(f1)) }
}
