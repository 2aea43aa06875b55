import Datasets
import Jobs
import Kernels
import Trainer

/// One network with the mini-batch and the optimiser it is measured with.
struct BenchmarkCase {
    enum Input {
        case features(Int)
        case image(height: Int, width: Int, channels: Int)
        case tokens(length: Int, ids: Int)
    }

    let name: String
    let input: Input
    let encoder: EncoderSpec
    /// Classes of each classification head; 0 for a regression.
    let heads: [Int]
    let batch: Int
    let optimizer: OptimizerSpec

    static let all: [BenchmarkCase] = [
        BenchmarkCase(
            name: "T1", input: .features(64), encoder: .mlp(MLPSpec(hidden: [256, 128])), heads: [10, 0, 2], batch: 128,
            optimizer: adam),
        BenchmarkCase(
            name: "T2", input: .features(784), encoder: .mlp(MLPSpec(hidden: [1024, 1024, 512])), heads: [10, 10],
            batch: 256, optimizer: adam),
        BenchmarkCase(
            name: "T3", input: .image(height: 36, width: 36, channels: 1), encoder: .cnn(CNNSpec()), heads: [10, 10],
            batch: 256, optimizer: adam),
        BenchmarkCase(
            name: "T4", input: .image(height: 32, width: 32, channels: 3), encoder: .resnet(ResNetSpec()),
            heads: [100, 20], batch: 64, optimizer: OptimizerSpec(kind: .sgd, learningRate: 0.01, momentum: 0.9)),
        BenchmarkCase(
            name: "T5", input: .tokens(length: 64, ids: 20_000), encoder: .text(TextSpec(dense: [128])),
            heads: [10, 2],
            batch: 128, optimizer: adam),
    ]

    private static let adam = OptimizerSpec(kind: .adam, learningRate: 0.001)

    static func named(_ name: String) -> BenchmarkCase? {
        all.first { $0.name == name }
    }
}
