/// What `Range` asks for of a representation (RFC 9110 section 14.2).
enum ByteRange: Equatable {
    case whole
    /// Never empty, and within the representation.
    case part(Range<Int>)
    case unsatisfiable

    /// A unit other than bytes, several ranges at once and what cannot be read are answered with the whole, as the RFC
    /// lets a server do.
    init(_ field: String, length: Int) {
        self = Self.parse(field[...].trimmed, length: length) ?? .whole
    }

    private static func parse(_ field: Substring, length: Int) -> ByteRange? {
        guard field.lowercased().hasPrefix("bytes=") else { return nil }
        let range = field.dropFirst("bytes=".count).trimmed
        let ends = range.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard ends.count == 2 else { return nil }
        guard !ends[0].isEmpty else {
            guard let suffix = position(ends[1]) else { return nil }
            return suffix == 0 || length == 0 ? .unsatisfiable : .part(max(0, length - suffix)..<length)
        }
        guard let first = position(ends[0]) else { return nil }
        guard !ends[1].isEmpty else { return first < length ? .part(first..<length) : .unsatisfiable }
        guard let last = position(ends[1]), first <= last else { return nil }
        return first < length ? .part(first..<min(last, length - 1) + 1) : .unsatisfiable
    }

    /// Digits alone; a number that no length reaches is as good as the largest.
    private static func position(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(text) ?? Int.max
    }
}
