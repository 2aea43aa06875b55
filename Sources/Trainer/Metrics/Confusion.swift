/// Counts of labels against predictions, by class: how often it was the label, how often it was predicted, how often both.
struct Confusion {
    private var labelled: [Int]
    private var predicted: [Int]
    private var both: [Int]

    init(classes: Int) {
        labelled = Array(repeating: 0, count: classes)
        (predicted, both) = (labelled, labelled)
    }

    mutating func add(label: Int, predicted prediction: Int) {
        labelled[label] += 1
        predicted[prediction] += 1
        if label == prediction { both[label] += 1 }
    }

    var hits: Int { both.reduce(0, +) }

    var accuracy: Double? {
        let total = labelled.reduce(0, +)
        return total > 0 ? Double(hits) / Double(total) : nil
    }

    /// 2·TP / (2·TP + FP + FN); nil for a class that is neither a label nor predicted.
    func f1(of c: Int) -> Double? {
        guard labelled[c] + predicted[c] > 0 else { return nil }
        return 2 * Double(both[c]) / Double(labelled[c] + predicted[c])
    }

    /// The mean over the classes that occur.
    var macroF1: Double? { TaskMetrics.mean(labelled.indices.map(f1)) }
}
