import Foundation
import Jobs

/// What the jobs of a kill run train: small, and with everything that a resume must bring back.
struct Workload {
    /// The strategies with state, and the plain one.
    static let strategies = ["adaptive", "uncertainty", "famo", "gradnorm", "pcgrad"]
    static let epochs = 25

    /// Three tasks of three types over eight columns that predict them.
    static var table: String {
        var generator = SeededGenerator(seed: 1)
        var text = (0..<8).map { "x\($0)" }.joined(separator: ",") + ",kind,flag,amount\n"
        for _ in 0..<320 {
            let x = (0..<8).map { _ in Double.random(in: -1...1, using: &generator) }
            let kind = x[0] + x[1] > 0.3 ? "a" : x[2] > 0 ? "b" : "c"
            let cells = x.map { String(format: "%.4f", $0) }
            let amount = String(format: "%.4f", x[3] * 2 + x[4] * x[5])
            text += (cells + [kind, x[6] > x[7] ? "yes" : "no", amount]).joined(separator: ",") + "\n"
        }
        return text
    }

    static func spec(_ index: Int, dataset: String) -> JSONValue {
        func object(_ members: KeyValuePairs<String, JSONValue>) -> JSONValue {
            .object(members.map { .init($0.key, $0.value) })
        }
        let tasks = [("kind", "classification"), ("flag", "binary"), ("amount", "regression")].map { name, type in
            object(["name": .string(name), "target": .string(name), "type": .string(type)])
        }
        let encoder = object([
            "type": .string("mlp"), "hidden": .array([.integer(24), .integer(16)]), "dropout": .number(0.2),
            "batch_norm": .bool(index.isMultiple(of: 2)),
        ])
        return object([
            "dataset": .string(dataset), "tasks": .array(tasks), "model": object(["encoder": encoder]),
            "weighting": object(["strategy": .string(strategies[index % strategies.count])]),
            "epochs": JSONValue(epochs), "batch_size": .integer(16), "seed": .integer(7),
            "max_attempts": .integer(1_000), "checkpoint": object(["every_epochs": .integer(1), "keep": .integer(2)]),
        ])
    }

    /// Jobs with the same remainder end with the same weights.
    static let kinds = strategies.count * 2
}
