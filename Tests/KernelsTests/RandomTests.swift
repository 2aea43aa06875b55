import Kernels
import Testing

struct RandomTests {
    /// Known answers of the paper's authors (Random123, kat_vectors).
    @Test(arguments: [
        (
            SIMD4<UInt32>(repeating: 0), SIMD2<UInt32>(repeating: 0),
            [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]
        ),
        (.init(repeating: .max), .init(repeating: .max), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
        (
            .init(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344), .init(0xa409_3822, 0x299f_31d0),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        ),
    ])
    func philoxGivesTheKnownAnswers(counter: SIMD4<UInt32>, key: SIMD2<UInt32>, expected: [UInt32]) {
        let block = Philox.block(counter: counter, key: key)
        #expect([block.x, block.y, block.z, block.w] == expected)
    }

    @Test func aStreamIsReplayedFromItsPosition() {
        var stream = RandomStream(seed: 7, name: "shuffle", part: 3)
        let draws = (0..<9).map { _ in stream.next() }
        var later = RandomStream(seed: 7, name: "shuffle", part: 3, position: 4)
        #expect((0..<5).map { _ in later.next() } == Array(draws[4...]))
    }

    @Test(arguments: [
        RandomStream(seed: 8, name: "shuffle"), RandomStream(seed: 7, name: "dropout"),
        RandomStream(seed: 7, name: "shuffle", part: 1), RandomStream(seed: 7 << 32, name: "shuffle"),
    ])
    func anotherSeedNameOrPartIsAnotherStream(other: RandomStream) {
        var stream = RandomStream(seed: 7, name: "shuffle")
        var other = other
        let words = Set((0..<64).map { _ in stream.next() })
        #expect(words.isDisjoint(with: (0..<64).map { _ in other.next() }))
    }

    @Test func uniformAndNormalDrawsHaveTheirMoments() {
        var stream = RandomStream(seed: 1, name: "moments")
        let count = 20_000.0
        var (uniform, normal, square) = (0.0, 0.0, 0.0)
        for _ in 0..<Int(count) {
            uniform += stream.uniform()
            let draw = stream.normal()
            normal += draw
            square += draw * draw
        }
        // Five standard errors each.
        #expect(abs(uniform / count - 0.5) < 5 * 0.2887 / count.squareRoot())
        #expect(abs(normal / count) < 5 / count.squareRoot())
        #expect(abs(square / count - 1) < 5 * 2.squareRoot() / count.squareRoot())
    }

    @Test func integersBelowABoundAreEvenlySpread() {
        var stream = RandomStream(seed: 2, name: "integers")
        var counts = [Int](repeating: 0, count: 7)
        for _ in 0..<7000 { counts[Int(stream.integer(below: 7))] += 1 }
        // χ² with 6 degrees of freedom stays below 22.5 with probability .999.
        #expect(counts.reduce(0.0) { $0 + Double(($1 - 1000) * ($1 - 1000)) / 1000 } < 22.5)
    }

    @Test(arguments: [0, 1, 2, 97])
    func aShuffleIsAPermutation(count: Int) {
        var elements = (0..<Int32(count)).map { $0 }
        var stream = RandomStream(seed: 3, name: "shuffle")
        elements.withUnsafeMutableBufferPointer { stream.shuffle($0) }
        #expect(elements.sorted() == (0..<Int32(count)).map { $0 })
        if count > 2 { #expect(elements != elements.sorted()) }
    }
}
