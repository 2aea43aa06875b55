/// The random numbers of splits: SplitMix64 (Steele, Lea, Flood 2014), so that a split never changes with the platform.
struct SplitGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }

    /// A number below `bound`, each with the same probability (Lemire 2019). `bound` is at least 1.
    mutating func next(below bound: Int) -> Int {
        let bound = UInt64(bound)
        let threshold = (0 &- bound) % bound
        while true {
            let product = bound.multipliedFullWidth(by: next())
            if product.low >= threshold { return Int(product.high) }
        }
    }

    /// Shuffles in place (Fisher–Yates, from the end).
    mutating func shuffle(_ values: inout [Int32]) {
        guard values.count > 1 else { return }
        for index in stride(from: values.count - 1, to: 0, by: -1) {
            values.swapAt(index, next(below: index + 1))
        }
    }
}
