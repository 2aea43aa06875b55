import Jobs
import Kernels

@testable import Datasets
@testable import Trainer

/// One encoder with small inputs that it reads.
struct EncoderCase: Sendable, CustomStringConvertible {
    let description: String
    let encoder: EncoderSpec
    let data: TrainingData

    static let all: [EncoderCase] = [
        EncoderCase(
            description: "cnn",
            encoder: .cnn(
                CNNSpec(
                    blocks: [
                        .init(filters: 3, kernel: 3, padding: 1, pool: .max, activation: .tanh),
                        .init(
                            filters: 5, kernel: 3, stride: 2, padding: 1, pool: .average, batchNorm: true, dropout: 0.1),
                    ], dense: [6])),
            data: images(height: 9, width: 11, channels: 2)),
        EncoderCase(
            description: "lenet", encoder: .cnn(CNNSpec(dense: [8])),
            data: images(height: 20, width: 20, channels: 1)),
        EncoderCase(
            description: "resnet",
            encoder: .resnet(ResNetSpec(depth: 18, width: 2, augmentation: [.randomCrop, .horizontalFlip])),
            data: images(height: 8, width: 8, channels: 3)),
        EncoderCase(
            description: "text mean", encoder: .text(TextSpec(embedding: 6, dense: [5], dropout: 0.1)), data: texts),
        EncoderCase(
            description: "text conv",
            encoder: .text(TextSpec(variant: .conv, embedding: 6, kernels: [2, 3], filters: 4, dropout: 0.1)),
            data: texts),
        EncoderCase(
            description: "table", encoder: .mlp(MLPSpec(hidden: [7], activation: .tanh)), data: table),
    ]

    /// Wide enough for images in blocks of channels, where the library has them.
    static let wideResnet = EncoderCase(
        description: "wide resnet",
        encoder: .resnet(ResNetSpec(depth: 18, width: 16, augmentation: [.horizontalFlip])),
        data: images(height: 4, width: 4, channels: 1))

    /// Two numbers, and columns of 4 and 6 categories of which the second has an unknown one.
    private static var table: TrainingData {
        var stream = RandomStream(seed: 3, name: "table")
        let values = (0..<(rows * 2)).map { _ in Float(stream.normal()) }
        let indices = (0..<rows).flatMap { _ in
            [Int32(1 + stream.integer(below: 3)), Int32(stream.integer(below: 6))]
        }
        return withTargets(
            .features(
                FeatureMatrix(
                    rows: rows, features: 2, values: values,
                    embeddings: [
                        ColumnEmbedding(cardinality: 4, width: 2), ColumnEmbedding(cardinality: 6, width: 3),
                    ], indices: indices)))
    }

    static let rows = 60

    private static func images(height: Int, width: Int, channels: Int) -> TrainingData {
        var stream = RandomStream(seed: 3, name: "images")
        guard let shape = ImageShape([height, width, channels]) else { preconditionFailure("sizes are above 0") }
        let pixels = (0..<(rows * shape.count)).map { _ in UInt8(truncatingIfNeeded: stream.next()) }
        let preprocessing = ImagePreprocessing(
            column: "x", shape: shape, storage: .bytes, scale: 1.0 / 255,
            means: (0..<channels).map { 0.5 + 0.01 * Double($0) },
            deviations: (0..<channels).map { 0.3 + 0.02 * Double($0) })
        return withTargets(
            .images(ImageTensor(rows: rows, shape: shape, pixels: .bytes(pixels), preprocessing: preprocessing)))
    }

    /// Texts of 0 to 7 tokens, so that some are empty and some shorter than a window.
    private static var texts: TrainingData {
        var stream = RandomStream(seed: 3, name: "texts")
        var matrix = TokenMatrix(
            rows: rows, tokensMax: 7, idCount: 20, ids: Array(repeating: 0, count: rows * 7),
            lengths: (0..<rows).map { Int32($0 % 8) })
        for row in 0..<rows {
            for token in 0..<Int(matrix.lengths[row]) {
                matrix.ids[row * 7 + token] = 1 + Int32(stream.integer(below: 19))
            }
        }
        return withTargets(.tokens(matrix))
    }

    private static func withTargets(_ inputs: EncodedInputs) -> TrainingData {
        let all = (0..<Int32(rows)).map { $0 }
        return TrainingData(
            inputs: inputs, targets: makeData(rows: rows).targets, training: Array(all.prefix(48)),
            validation: Array(all.suffix(12)), test: nil)
    }

    func setup(_ change: (inout TrainingSpec) -> Void = { _ in }) throws -> TrainingSetup {
        let spec = makeSpec {
            $0.model = ModelSpec(encoder: encoder, headHidden: [])
            $0.batchSize = 20
            $0.epochs = 2
            change(&$0)
        }
        return try makeSetup(spec, data: data)
    }
}
