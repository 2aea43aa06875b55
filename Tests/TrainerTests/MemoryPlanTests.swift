import Jobs
import Kernels
import Testing

@testable import Datasets
@testable import Trainer

/// What a job is said to take before anything is allocated for it.
struct MemoryPlanTests {
    /// The largest size that a spec may name.
    private static let wide = 16_777_216

    static let absurd: [EncoderSpec] = [
        .mlp(MLPSpec(hidden: [wide, wide])), .mlp(MLPSpec(hidden: [.max, .max])),
        .cnn(CNNSpec(blocks: [.init(filters: wide, kernel: 9), .init(filters: wide, kernel: 5)])),
        .cnn(CNNSpec(blocks: [.init(filters: .max, kernel: 3, padding: 1)])), .cnn(CNNSpec(dense: [wide, wide])),
        .resnet(ResNetSpec(width: wide)), .resnet(ResNetSpec(width: .max / 2)),
        .text(TextSpec(embedding: wide, dense: [wide])),
        .text(TextSpec(variant: .conv, embedding: wide, kernels: [3, 4, 5], filters: wide)),
    ]

    private static func schema(_ encoder: EncoderSpec) -> DatasetSchema {
        let inputs: [ColumnProfile] =
            switch encoder {
            case .mlp: (0..<8).map { ColumnProfile(name: "x\($0)", type: .number, missing: 0, distinct: 100) }
            case .cnn, .resnet: [image]
            case .text: [ColumnProfile(name: "text", type: .string, missing: 0, distinct: 10_000)]
            }
        return DatasetSchema(
            format: .csv, rows: 1_000_000,
            columns: inputs + [
                ColumnProfile(name: "sign", type: .integer, missing: 0, distinct: 2),
                ColumnProfile(name: "largest", type: .integer, missing: 0, distinct: 4),
                ColumnProfile(name: "smooth", type: .number, missing: 0, distinct: 1_000),
            ])
    }

    private static var image: ColumnProfile {
        var column = ColumnProfile(name: "x", type: .array, missing: 0, distinct: nil)
        column.shape = [36, 36]
        column.storage = "u1"
        return column
    }

    private static func bytes(_ encoder: EncoderSpec) throws -> Int {
        let spec = makeSpec { $0.model = ModelSpec(encoder: encoder, headHidden: []) }
        return try MemoryPlan.bytes(spec, schema: { _ in schema(encoder) })
    }

    @Test(arguments: absurd)
    func aModelOfAMillionMillionNumbersIsCounted(_ encoder: EncoderSpec) throws {
        #expect(try Self.bytes(encoder) > 4_000_000_000_000)
    }

    @Test func theUsualModelsFitAnyServer() throws {
        for encoder in [EncoderSpec.mlp(MLPSpec()), .cnn(CNNSpec()), .resnet(ResNetSpec()), .text(TextSpec())] {
            #expect(try Self.bytes(encoder) < 8 << 30)
        }
    }

    @Test func aPlanThatIsRememberedIsTheOneThatWouldBeMade() throws {
        let plans = RecentMemoryPlans()
        let encoders = [MLPSpec(hidden: [8]), MLPSpec(hidden: [9])].map(EncoderSpec.mlp)
        for seed in 1...3 as ClosedRange<UInt64> {
            for (encoder, batchSize) in [(encoders[0], 32), (encoders[1], 32), (encoders[0], 64)] {
                let spec = makeSpec {
                    $0.model = ModelSpec(encoder: encoder, headHidden: [])
                    $0.batchSize = batchSize
                    $0.seed = seed
                }
                let schema = Self.schema(encoder)
                #expect(
                    try plans.bytes(spec, schema: { _ in schema }) == MemoryPlan.bytes(spec, schema: { _ in schema }))
            }
        }
        // Whoever does not see the data set learns nothing of it.
        let spec = makeSpec {
            $0.model = ModelSpec(encoder: encoders[0], headHidden: [])
            $0.batchSize = 32
        }
        #expect(try plans.bytes(spec, schema: { _ in nil }) == 0)
    }

    @Test func aValidationSetOfOtherImagesIsRefused() throws {
        let other = try #require(Identifier("ds_01890a5d-ac96-774b-bcce-b302099a8057", kind: .dataset))
        let spec = makeSpec {
            $0.model = ModelSpec(encoder: .cnn(CNNSpec()), headHidden: [])
            $0.validation = .dataset(other)
        }
        let schema = Self.schema(.cnn(CNNSpec()))
        for change in [{ $0.shape = [36, 35] }, { $0.storage = "f4" }] as [(inout ColumnProfile) -> Void] {
            var changed = schema
            change(&changed.columns[0])
            let error = #expect(throws: DatasetError.self) {
                try MemoryPlan.bytes(spec, schema: { $0 == other ? changed : schema })
            }
            #expect(error?.problems.map(\.pointer) == ["/validation/dataset"])
        }
        var withChannels = schema
        withChannels.columns[0].shape = [36, 36, 1]
        for same in [schema, withChannels] {
            #expect(throws: Never.self) { try MemoryPlan.bytes(spec, schema: { $0 == other ? same : schema }) }
        }
    }

    /// The plan knows nothing of the processor, so it counts the widest vectors.
    @Test(arguments: [(1, 10, 9, 0), (10, 20, 5, 0), (3, 7, 3, 1), (1, 1, 1, 4), (2, 13, 6, 6)])
    func theScratchOfAConvolutionIsNoMoreThanPlanned(channels: Int, filters: Int, kernel: Int, padding: Int) throws {
        for pools in [false, true] {
            let window = ImageWindow(channels: channels, height: 14, width: 11, kernel: kernel, padding: padding)
            let layer = try #require(
                NarrowConvolution(window, filters: filters, activation: .relu, pools: pools))
            let plan = LayerPlan.convolution(filters: filters, kernel: kernel, padding: padding, activation: .relu)
            let planned = try plan.scratch(
                input: .image(height: 14, width: 11, channels: channels), layer: "convolution")
            #expect(Float.scratch(layer) <= planned)
        }
    }
}
