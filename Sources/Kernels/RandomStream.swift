import Glibc

/// A stream of random numbers that is a function of `(seed, name, part, position)` and of nothing else.
///
/// The seed is the key of the generator; the name and the part (an epoch, a step) choose 2⁶⁴ counters of their own, so
/// that no stream moves when another is added, and a stream is replayed by asking for it again.
package struct RandomStream: RandomNumberGenerator, Sendable, Equatable {
    let key: SIMD2<UInt32>
    /// The upper half of the counter.
    let lane: UInt64
    /// How many 64-bit words have been drawn.
    package private(set) var position: UInt64

    package init(seed: UInt64, name: String, part: UInt64 = 0, position: UInt64 = 0) {
        key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
        lane = Self.mixed(Self.hash(name) ^ Self.mixed(part &+ 0x9E37_79B9_7F4A_7C15))
        self.position = position
    }

    /// The four words of counter `index`, whatever has been drawn so far.
    package func block(_ index: UInt64) -> Philox.Block {
        Philox.block(
            counter: SIMD4(
                UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: index >> 32),
                UInt32(truncatingIfNeeded: lane), UInt32(truncatingIfNeeded: lane >> 32)),
            key: key)
    }

    package mutating func next() -> UInt64 {
        let words = block(position >> 1)
        defer { position &+= 1 }
        return position & 1 == 0
            ? UInt64(words.y) << 32 | UInt64(words.x)
            : UInt64(words.w) << 32 | UInt64(words.z)
    }

    /// A number in [0, 1) with 53 random bits.
    package mutating func uniform() -> Double {
        Double(next() >> 11) * 0x1p-53
    }

    /// A number in `bounds`, uniform up to rounding.
    package mutating func uniform(in bounds: Range<Double>) -> Double {
        bounds.lowerBound + (bounds.upperBound - bounds.lowerBound) * uniform()
    }

    /// A draw from the standard normal distribution (Box & Muller 1958), the cosine branch only.
    package mutating func normal() -> Double {
        let radius = (-2 * log(1 - uniform())).squareRoot()
        return radius * cos(2 * .pi * uniform())
    }

    /// An integer in 0..<bound without bias (Lemire 2019).
    package mutating func integer(below bound: UInt64) -> UInt64 {
        precondition(bound > 0, "there is no integer below 0")
        var product = next().multipliedFullWidth(by: bound)
        if product.low < bound {
            let threshold = (0 &- bound) % bound
            while product.low < threshold { product = next().multipliedFullWidth(by: bound) }
        }
        return product.high
    }

    /// Puts the elements in random order (Fisher & Yates).
    package mutating func shuffle(_ elements: UnsafeMutableBufferPointer<Int32>) {
        guard elements.count > 1 else { return }
        for last in stride(from: elements.count - 1, through: 1, by: -1) {
            elements.swapAt(last, Int(integer(below: UInt64(last + 1))))
        }
    }

    /// FNV-1a over the name's UTF-8: fixed for ever, unlike `Hasher`.
    private static func hash(_ name: String) -> UInt64 {
        name.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    /// The finaliser of SplitMix64: neighbouring parts land far apart.
    private static func mixed(_ value: UInt64) -> UInt64 {
        var value = value
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
