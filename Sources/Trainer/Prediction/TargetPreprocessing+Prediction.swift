import Datasets
import Jobs

extension TargetPreprocessing {
    /// A label is given to a row where its probability reaches this.
    private static let threshold = 0.5

    /// What the numbers of one row say of this task.
    ///
    /// - `{"label": …, "probabilities": {…}}` for a classification or a binary task, by class name;
    /// - `{"labels": […], "probabilities": {…}}` for several labels, each with its own probability;
    /// - `{"value": …}` for a regression, `{"values": {…}}` by column for one with several outputs.
    ///
    /// - Parameter scores: one an output: probabilities, or values in their own unit. A number that is not finite becomes
    ///   null, and so does the label it would decide.
    func prediction(_ scores: some Collection<Double>) -> JSONValue {
        switch kind {
        case .classes(let classes):
            return Self.prediction(classes, Array(scores))
        case .binary(let negative, let positive):
            let probability = scores.first ?? .nan
            return Self.prediction([negative, positive], [1 - probability, probability])
        case .multilabel(let labels):
            let given = zip(labels, scores).filter { $0.1 >= Self.threshold }.map { JSONValue.string($0.0) }
            return .object([
                .init("labels", .array(given)), .init("probabilities", Self.numbers(labels, scores)),
            ])
        case .regression(let outputs, _, _):
            guard outputs.count == 1 else {
                return .object([.init("values", Self.numbers(outputs, scores))])
            }
            return .object([.init("value", JSONValue(scores.first))])
        }
    }

    /// The first of the most probable classes.
    private static func prediction(_ classes: [String], _ probabilities: [Double]) -> JSONValue {
        let best = zip(classes, probabilities).reduce((label: String?.none, probability: -1.0)) { best, next in
            next.1 > best.probability ? (next.0, next.1) : best
        }
        return .object([
            .init("label", JSONValue(best.label)), .init("probabilities", numbers(classes, probabilities)),
        ])
    }

    private static func numbers(_ names: [String], _ values: some Collection<Double>) -> JSONValue {
        .object(zip(names, values).map { JSONValue.Member($0, JSONValue($1)) })
    }
}
