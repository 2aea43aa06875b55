import Foundation
import Jobs
import Kernels
import Testing

@testable import Datasets
@testable import Trainer

/// Metrics against scikit-learn's, over ties, missing labels and classes without a row.
///
/// `Reference/make_metrics.py` makes the file; reading it needs no Python.
struct MetricsTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let line: Int
        let kind: TaskSpec.Kind
        let outputs: Int
        /// NaN where missing; classes by number, −1 where missing.
        let labels: [Double]
        let scores: [Double]
        let metrics: [String: Double?]

        var testDescription: String { "\(kind.rawValue), line \(line)" }

        init(_ text: Substring, line: Int) throws {
            let json = try JSONValue(parsing: Array(text.utf8))
            self.line = line
            kind = try #require(json["kind"]?.text.flatMap(TaskSpec.Kind.init(rawValue:)))
            outputs = try #require(json["outputs"]?.int)
            labels = try #require(json["labels"]?.elements).map { $0.double ?? .nan }
            scores = try #require(json["scores"]?.elements).map { $0.double ?? .nan }
            metrics = Dictionary(
                uniqueKeysWithValues: try #require(json["metrics"]?.members).map { ($0.name, $0.value.double) })
        }

        init(kind: TaskSpec.Kind, outputs: Int, scores: [Double], labels: [Double]) {
            (self.kind, self.outputs, self.scores, self.labels) = (kind, outputs, scores, labels)
            (line, metrics) = (0, [:])
        }

        var target: EncodedTarget {
            switch kind {
            case .classification, .binary:
                return .classes(
                    ClassTarget(ids: labels.map { Int32($0) }, classes: kind == .binary ? 2 : outputs))
            case .multilabel, .regression:
                return .matrix(
                    MatrixTarget(
                        outputs: outputs, values: labels.map { $0.isNaN ? 0 : Float($0) },
                        mask: labels.map { $0.isNaN ? 0 : 1 }))
            }
        }

        var task: TaskPlan {
            let names = (0..<outputs).map { "output \($0)" }
            let meaning: TargetPreprocessing.Kind =
                switch kind {
                case .classification: .classes(names)
                case .binary: .binary(negative: "no", positive: "yes")
                case .multilabel: .multilabel(outputs: names)
                case .regression:
                    .regression(
                        outputs: names, means: names.map { _ in 0 }, deviations: names.map { _ in 1 })
                }
            return TaskPlan(
                TaskSpec(name: "task", targets: names, kind: kind),
                TargetPreprocessing(task: "task", columns: names, kind: meaning))
        }
    }

    private static func cases() throws -> [Case] {
        let url = try #require(Bundle.module.url(forResource: "Reference/metrics", withExtension: "jsonl"))
        let text = try String(contentsOf: url, encoding: .utf8)
        return try text.split(separator: "\n").enumerated().map { try Case($0.element, line: $0.offset + 1) }
    }

    /// Wherever it is called off, nothing more is looked at; and between two looks lies at most one class or one row.
    @Test(arguments: [TaskSpec.Kind.classification, .multilabel, .regression])
    func manyOutputsAreCalledOffBetweenThem(_ kind: TaskSpec.Kind) throws {
        let (outputs, rows) = (300, 40)
        var stream = RandomStream(seed: 1, name: "scores")
        let scores = (0..<(outputs * rows)).map { _ in stream.uniform(in: 0..<1) }
        let labels = (0..<rows).map { Double($0 * 7 % outputs) }
        let values = (0..<(outputs * rows)).map { Double($0 % 2) }
        let example = Case(
            kind: kind, outputs: outputs, scores: scores, labels: kind == .classification ? labels : values)
        func looks(wantedFor: Int) throws -> Int {
            var looks = 0
            _ = try TaskMetrics.metrics(
                of: example.task, scores: scores, target: example.target, rows: Array(0..<Int32(rows))
            ) {
                looks += 1
                return looks <= wantedFor
            }
            return looks
        }
        #expect(try looks(wantedFor: .max) >= outputs)
        for wantedFor in [0, 1, outputs / 2] {
            #expect(throws: PassInterrupted.self) { _ = try looks(wantedFor: wantedFor) }
        }
    }

    /// The order of the rows of a single output is called off as well.
    @Test func theOrderOfManyRowsIsCalledOffBeforeItIsFound() throws {
        var stream = RandomStream(seed: 2, name: "scores")
        let scores = (0..<50_000).map { _ in stream.uniform(in: 0..<1) }
        let isPositive = scores.indices.map { $0.isMultiple(of: 2) }
        var looks = 0
        #expect(throws: PassInterrupted.self) {
            _ = try RankMetrics.rocAUC(scores: scores, isPositive: isPositive) {
                looks += 1
                return looks < 3
            }
        }
        #expect(looks == 3)
    }

    @Test func metricsAreThoseOfScikitLearn() throws {
        let cases = try Self.cases()
        #expect(Set(cases.map(\.kind)) == Set(TaskSpec.Kind.allCases))
        for example in cases {
            let rows = Array(0..<Int32(example.scores.count / example.outputs))
            let found = try TaskMetrics.metrics(
                of: example.task, scores: example.scores, target: example.target, rows: rows)
            #expect(Set(found.keys) == Set(example.kind.metrics), "\(example.testDescription)")
            #expect(Set(found.keys) == Set(example.metrics.keys), "\(example.testDescription)")
            for (name, expected) in example.metrics {
                let value = found[name] ?? nil
                guard let value, let expected else {
                    #expect(value == nil && expected == nil, "\(example.testDescription): \(name)")
                    continue
                }
                #expect(
                    abs(value - expected) <= 1e-12 * max(1, abs(expected)),
                    "\(example.testDescription): \(name) \(value), not \(expected)")
            }
        }
    }

    @Test func onlyTheRowsAskedForCount() throws {
        let target = EncodedTarget.classes(ClassTarget(ids: [0, 1, 1, 0], classes: 2))
        let task = TaskPlan(
            TaskSpec(name: "task", targets: ["y"], kind: .binary),
            TargetPreprocessing(task: "task", columns: ["y"], kind: .binary(negative: "0", positive: "1")))
        let found = try TaskMetrics.metrics(of: task, scores: [0.9, 0.2], target: target, rows: [2, 3])
        #expect(found["accuracy"] == 1)
        #expect(found["roc_auc"] == 1)
    }

    @Test(arguments: TaskSpec.Kind.allCases)
    func aPartWithoutLabelsHasNoMetric(kind: TaskSpec.Kind) throws {
        let example = try #require(try Self.cases().first { $0.kind == kind })
        let found = try TaskMetrics.metrics(of: example.task, scores: [], target: example.target, rows: [])
        #expect(found.count == kind.metrics.count)
        #expect(found.values.allSatisfy { $0 == nil })
    }
}
