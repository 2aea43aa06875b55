import Jobs

/// Counts a column's different values within a budget of memory, and gives up when there are too many.
struct ValueCounter: ~Copyable {
    private var table = ByteTable()
    private var counts: [Int] = []
    /// Counts of the whole numbers 0 to 255, which most labels and pixels are.
    private var small: [Int] = []
    private var smallDistinct = 0
    private let bytesMax: Int
    private var state = State.counting

    private enum State {
        case counting
        /// At least `ColumnProfile.distinctMax` different values.
        case beyondDistinctMax
        /// The budget was used up before.
        case outOfBudget
    }

    /// Longer values count, but are not listed: they are sentences, not categories.
    private static let listedBytesMax = 256

    init(bytesMax: Int) {
        self.bytesMax = bytesMax
    }

    mutating func add(_ value: Int64, spelled bytes: UnsafeBufferPointer<UInt8>) {
        guard state == .counting else { return }
        guard value >= 0, value < 256 else { return add(bytes) }
        if small.isEmpty { small = [Int](repeating: 0, count: 256) }
        let index = Int(value)
        if small[index] == 0 {
            smallDistinct += 1
            checkLimits()
        }
        small[index] += 1
    }

    mutating func add(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard state == .counting else { return }
        let index = table.insert(bytes)
        if index == counts.count {
            counts.append(1)
            checkLimits()
        } else {
            counts[index] += 1
        }
    }

    mutating func add(_ text: String) {
        var text = text
        text.withUTF8 { add($0) }
    }

    private mutating func checkLimits() {
        if table.count + smallDistinct >= ColumnProfile.distinctMax {
            state = .beyondDistinctMax
        } else if table.bytes + counts.count * 8 > bytesMax {
            state = .outOfBudget
        } else {
            return
        }
        table = ByteTable()
        counts = []
        small = []
    }

    /// How many different values there are, at most `ColumnProfile.distinctMax`; nil when counting was given up.
    var distinct: Int? {
        switch state {
        case .counting: table.count + smallDistinct
        case .beyondDistinctMax: ColumnProfile.distinctMax
        case .outOfBudget: nil
        }
    }

    /// The most frequent values, ties in the order of their bytes; empty when counting was given up.
    func top() -> [ColumnProfile.ValueCount] {
        var values = smallValues
        for (index, count) in counts.enumerated() {
            let text = table.string(index)
            if text.utf8.count <= Self.listedBytesMax { values.append(.init(value: text, count: count)) }
        }
        return Self.top(of: values)
    }

    /// The same, and `distinct`, for a column whose values have several spellings.
    ///
    /// - Parameter name: the one name of a spelling; nil for one that is no value.
    func counted(
        naming name: (UnsafeBufferPointer<UInt8>) -> String?
    ) -> (distinct: Int?, top: [ColumnProfile.ValueCount]) {
        guard state == .counting else { return (distinct, []) }
        var countOf: [String: Int] = [:]
        for value in smallValues { countOf[value.value] = value.count }
        for (index, count) in counts.enumerated() {
            var text = table.string(index)
            if let name = text.withUTF8(name) { countOf[name, default: 0] += count }
        }
        return (countOf.count, Self.top(of: countOf.map { .init(value: $0.key, count: $0.value) }))
    }

    private var smallValues: [ColumnProfile.ValueCount] {
        small.enumerated().filter { $0.element > 0 }.map { .init(value: String($0.offset), count: $0.element) }
    }

    private static func top(of values: [ColumnProfile.ValueCount]) -> [ColumnProfile.ValueCount] {
        let ordered = values.sorted { first, second in
            first.count != second.count
                ? first.count > second.count : first.value.utf8.lexicographicallyPrecedes(second.value.utf8)
        }
        return Array(ordered.prefix(ColumnProfile.topValuesMax))
    }
}
