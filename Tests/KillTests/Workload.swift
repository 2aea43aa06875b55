import Foundation
import Jobs

/// What the jobs of a kill run train: small, and with everything that a resume must bring back.
struct Workload {
    static let epochs = 25

    /// What is trained on.
    enum Source: String, CaseIterable {
        case table, images, texts

        var mediaType: String {
            self == .images ? "application/x-npz" : "text/csv"
        }

        func content() throws -> [UInt8] {
            switch self {
            case .table: return Array(Workload.table.utf8)
            case .texts: return Array(Workload.texts.utf8)
            case .images:
                let folder = URL(filePath: #filePath).deletingLastPathComponent()
                return Array(try Data(contentsOf: folder.appending(path: "Images/images.npz")))
            }
        }

        fileprivate var tasks: [(name: String, type: String)] {
            switch self {
            case .table: [("kind", "classification"), ("flag", "binary"), ("amount", "regression")]
            case .images: [("kind", "classification"), ("amount", "regression")]
            case .texts: [("kind", "classification"), ("flag", "binary")]
            }
        }
    }

    /// A network with random parts of its own: dropout, or images altered by chance.
    private enum Encoder: String {
        case mlp = #"{"type":"mlp","hidden":[24,16],"dropout":0.2}"#
        case normalized = #"{"type":"mlp","hidden":[24,16],"dropout":0.2,"batch_norm":true}"#
        case cnn = #"""
            {"type":"cnn","blocks":[{"filters":4,"padding":1,"batch_norm":true,"dropout":0.1},{"filters":6,"padding":1}],
             "dense":[12]}
            """#
        case resnet = #"{"type":"resnet","width":2,"augmentation":["random_crop","horizontal_flip"]}"#
        case textMean = #"{"type":"text","column":"text","embedding":8,"dense":[8],"dropout":0.2}"#
        case textConv =
            #"{"type":"text","column":"text","variant":"conv","embedding":8,"kernels":[2,3],"filters":6,"dropout":0.2}"#

        var source: Source {
            switch self {
            case .mlp, .normalized: .table
            case .cnn, .resnet: .images
            case .textMean, .textConv: .texts
            }
        }
    }

    /// Every encoder and every strategy with state, in pairs.
    private static let pairs: [(Encoder, strategy: String)] = [
        (.normalized, "adaptive"), (.mlp, "uncertainty"), (.cnn, "famo"), (.resnet, "gradnorm"), (.textMean, "pcgrad"),
        (.textConv, "adaptive"), (.mlp, "gradnorm"), (.cnn, "pcgrad"), (.resnet, "adaptive"),
        (.textMean, "uncertainty"), (.textConv, "famo"), (.normalized, "pcgrad"),
    ]

    /// Jobs with the same remainder end with the same weights.
    static let kinds = pairs.count

    static func source(of index: Int) -> Source {
        pairs[index % kinds].0.source
    }

    static func spec(_ index: Int, dataset: String) throws -> JSONValue {
        func object(_ members: KeyValuePairs<String, JSONValue>) -> JSONValue {
            .object(members.map { .init($0.key, $0.value) })
        }
        let (encoder, strategy) = pairs[index % kinds]
        let tasks = encoder.source.tasks.map { name, type in
            object(["name": .string(name), "target": .string(name), "type": .string(type)])
        }
        return object([
            "dataset": .string(dataset), "tasks": .array(tasks),
            "model": object(["encoder": try JSONValue(parsing: Array(encoder.rawValue.utf8))]),
            "weighting": object(["strategy": .string(strategy)]),
            "epochs": JSONValue(epochs), "batch_size": .integer(16), "seed": .integer(7),
            "max_attempts": .integer(1_000), "checkpoint": object(["every_epochs": .integer(1), "keep": .integer(2)]),
        ])
    }

    // MARK: - Data

    /// Three tasks of three types over eight columns that predict them.
    private static var table: String {
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

    /// Sentences of invented words; a few of them say what kind it is.
    private static var texts: String {
        var generator = SeededGenerator(seed: 2)
        var text = "text,kind,flag\n"
        for _ in 0..<160 {
            let words = (0..<Int.random(in: 4...9, using: &generator)).map { _ in
                Int.random(in: 0..<40, using: &generator)
            }
            let kind = words.contains { $0 < 6 } ? "a" : words.contains { $0 < 14 } ? "b" : "c"
            let flag = words.first.map { $0.isMultiple(of: 2) } ?? false
            text += words.map { "w\($0)" }.joined(separator: " ") + ",\(kind),\(flag ? "yes" : "no")\n"
        }
        return text
    }
}
