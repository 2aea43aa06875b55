/// Which stream numbers of the peer were used, and which were passed over.
struct StreamNumbers {
    private var last: Int32 = 0
    /// Runs of odd numbers that were passed over, ascending. A run costs the peer a stream of its own.
    private var gaps: [ClosedRange<Int32>] = []
    /// More runs than this are forgotten from the oldest on; HEADERS there are then left to the library.
    private static let gapsMax = 256

    /// Whether the number is beyond all that were used.
    func isNew(_ stream: Int32) -> Bool { stream > last }

    /// Whether it was passed over, as far as that is remembered.
    func isPassedOver(_ stream: Int32) -> Bool { gaps.contains { $0.contains(stream) } }

    /// Notes HEADERS on a stream; false when its number was passed over before (RFC 9113 section 5.1.1).
    mutating func open(_ stream: Int32) -> Bool {
        guard stream > 0, stream % 2 == 1 else { return true }
        guard stream > last else { return !isPassedOver(stream) }
        if stream > last + 2 || (last == 0 && stream > 1) {
            gaps.append((last == 0 ? 1 : last + 2)...(stream - 2))
            if gaps.count > Self.gapsMax { gaps.removeFirst() }
        }
        last = stream
        return true
    }
}

/// The last streams that something happened to, a bounded number of them.
struct RecentStreams {
    private let countMax: Int
    private var numbers: [Int32] = []
    private var next = 0

    init(countMax: Int) { self.countMax = countMax }

    /// Forgets the oldest when there are too many.
    mutating func insert(_ stream: Int32) {
        if numbers.count < countMax {
            numbers.append(stream)
        } else {
            numbers[next] = stream
            next = (next + 1) % countMax
        }
    }

    func contains(_ stream: Int32) -> Bool { numbers.contains(stream) }
}
