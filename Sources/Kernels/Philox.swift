/// The counter-based generator Philox4x32 with ten rounds: a bijection of 128-bit counters, chosen by a 64-bit key.
///
/// Source: Salmon, Moraes, Dror & Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011, section 3.3.
package enum Philox {
    package typealias Block = SIMD4<UInt32>

    package static let rounds = 10

    /// The 128 random bits of `counter` under `key`.
    package static func block(counter: Block, key: SIMD2<UInt32>) -> Block {
        var counter = counter
        var key = key
        for round in 0..<rounds {
            if round > 0 { key &+= SIMD2(0x9E37_79B9, 0xBB67_AE85) }
            let first = UInt64(0xD251_1F53) * UInt64(counter.x)
            let second = UInt64(0xCD9E_8D57) * UInt64(counter.z)
            counter = SIMD4(
                UInt32(truncatingIfNeeded: second >> 32) ^ counter.y ^ key.x,
                UInt32(truncatingIfNeeded: second),
                UInt32(truncatingIfNeeded: first >> 32) ^ counter.w ^ key.y,
                UInt32(truncatingIfNeeded: first))
        }
        return counter
    }
}
