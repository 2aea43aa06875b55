import Jobs
import Kernels
import Testing

@testable import Trainer

/// What draws random numbers moves nothing else that does.
struct RandomnessTests {
    /// An encoder, and the same with dropout or augmentation.
    struct Pair: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let still: EncoderSpec
        let random: EncoderSpec
        let input: SignalShape
    }

    private static let image = SignalShape.image(height: 12, width: 12, channels: 2)
    private static func cnn(_ dropout: [Double]) -> EncoderSpec {
        .cnn(CNNSpec(blocks: dropout.map { .init(filters: 3, batchNorm: true, dropout: $0) }, dense: [4]))
    }

    static let pairs = [
        Pair(
            testDescription: "mlp", still: .mlp(MLPSpec(hidden: [6, 5, 4])),
            random: .mlp(MLPSpec(hidden: [6, 5, 4], dropout: 0.5)), input: .features(7)),
        Pair(testDescription: "cnn", still: cnn([0, 0]), random: cnn([0.1, 0]), input: image),
        Pair(
            testDescription: "resnet", still: .resnet(ResNetSpec(depth: 18, width: 2)),
            random: .resnet(ResNetSpec(depth: 18, width: 2, augmentation: [.randomCrop])), input: image),
        Pair(
            testDescription: "text", still: .text(TextSpec(variant: .conv, embedding: 3, filters: 2, dense: [4, 3])),
            random: .text(TextSpec(variant: .conv, embedding: 3, filters: 2, dense: [4, 3], dropout: 0.2)),
            input: .tokens(length: 8, ids: 9)),
    ]

    private static func initial(_ encoder: EncoderSpec, _ input: SignalShape) throws -> [Float] {
        let heads = [NetworkPlan.HeadPlan(task: "one", outputs: 3, hidden: [4])]
        let plan = try NetworkPlan(ModelSpec(encoder: encoder, headHidden: []), input: input, heads: heads)
        let network = try Network<Float>(plan, rowsMax: 1)
        network.initialize(seed: 11)
        return network.parameters.elements
    }

    @Test(arguments: pairs)
    func dropoutAndAugmentationDoNotMoveTheInitialParameters(pair: Pair) throws {
        let parameters = try Self.initial(pair.still, pair.input)
        #expect(Set(parameters).count > parameters.count / 4, "they are drawn")
        #expect(try Self.initial(pair.random, pair.input) == parameters)
    }

    @Test func aDropoutDoesNotMoveTheMaskOfAnother() throws {
        let streams = { (dropout: [Double]) in
            try NetworkPlan(
                ModelSpec(encoder: Self.cnn(dropout), headHidden: []), input: Self.image,
                heads: [.init(task: "one", outputs: 2, hidden: nil)]
            ).trunk.layers.filter { if case .dropout = $0.plan { true } else { false } }.map(\.stream)
        }
        let both = try streams([0.1, 0.1])
        #expect(Set(both).count == 2)
        #expect(try streams([0, 0.1]) == [both[1]])
        #expect(try streams([0.1, 0]) == [both[0]])
    }

    @Test func dropoutDoesNotMoveTheOrderOfTheRows() throws {
        let orders = try [0, 0.5].map { dropout in
            let setup = try makeSetup(
                makeSpec {
                    $0.epochs = 2
                    $0.model = ModelSpec(encoder: .mlp(MLPSpec(hidden: [6], dropout: dropout)), headHidden: [])
                })
            return try TrainingLoopTests.run(setup, RecordingContext()).loop.order.elements
        }
        #expect(orders[0] == orders[1])
        #expect(orders[0] != orders[0].sorted())
    }

    /// The streams and the masks, written down a second time.
    @Test func aMaskIsAFunctionOfSeedNameAndStep() throws {
        let (seed, name, step): (UInt64, String, UInt64) = (0x1234_5678_9ABC_DEF0, "dropout/trunk.1", 5)
        func mixed(_ start: UInt64) -> UInt64 {
            var z = start
            z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
            return z ^ z >> 31
        }
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        let lane = mixed(hash ^ mixed(step &+ 0x9E37_79B9_7F4A_7C15))
        let count = 1_003
        var expected: [Float] = []
        for index in 0..<count {
            let counter = SIMD4<UInt32>(
                UInt32(index / 4), 0, UInt32(truncatingIfNeeded: lane), UInt32(truncatingIfNeeded: lane >> 32))
            let word = Self.philox(counter, SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(seed >> 32)))[index % 4]
            expected.append(Double(word) * 0x1p-32 < 0.7 ? Float(1 / 0.7) : 0)
        }
        let mask = try AlignedBuffer<Float>(count: count)
        Float.dropoutMask(RandomStream(seed: seed, name: name, part: step), count: count, keep: 0.7, mask.pointer)
        #expect(mask.elements == expected)
        #expect((600...800).contains(expected.count { $0 > 0 }))
    }

    /// Philox 4×32-10 (Salmon et al. 2011, section 3.3).
    private static func philox(_ counter: SIMD4<UInt32>, _ key: SIMD2<UInt32>) -> [UInt32] {
        var (c, k) = ([counter.x, counter.y, counter.z, counter.w], [key.x, key.y])
        for _ in 0..<10 {
            let (first, second) = (UInt64(c[0]) * 0xD251_1F53, UInt64(c[2]) * 0xCD9E_8D57)
            c = [
                UInt32(second >> 32) ^ c[1] ^ k[0], UInt32(truncatingIfNeeded: second),
                UInt32(first >> 32) ^ c[3] ^ k[1], UInt32(truncatingIfNeeded: first),
            ]
            k = [k[0] &+ 0x9E37_79B9, k[1] &+ 0xBB67_AE85]
        }
        return c
    }
}
