import Jobs

/// A file of JSON Lines: one object a line, in UTF-8. Lines without anything but spaces are passed over.
struct JSONLinesReader: ~Copyable {
    private var lines: LineReader
    private let limits: DatasetLimits

    /// The current row's members.
    private(set) var members: [JSONValue.Member] = []
    /// Rows read so far; the number of the current row.
    private(set) var row = 0

    static func open(
        _ path: String, limits: DatasetLimits, isWanted: @escaping () -> Bool = { true }
    ) throws(DatasetError) -> JSONLinesReader {
        JSONLinesReader(lines: try LineReader.open(path, limits: limits, isWanted: isWanted), limits: limits)
    }

    private init(lines: consuming LineReader, limits: DatasetLimits) {
        self.lines = lines
        self.limits = limits
    }

    /// The 1-based number of the current row's line.
    var line: Int { lines.number }

    /// Goes to the next row; false when there is none.
    mutating func next() throws(DatasetError) -> Bool {
        while try lines.next() {
            if lines.bytes.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
            row += 1
            guard row <= limits.rowsMax else {
                throw DatasetError("more than \(limits.rowsMax) rows", kind: .tooLarge, row: row, line: line)
            }
            members = try object()
            return true
        }
        return false
    }

    private func object() throws(DatasetError) -> [JSONValue.Member] {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: lines.bytes)
        } catch {
            throw DatasetError(
                "not JSON at byte \(error.column) of the line: \(error.detail); expected one JSON object per line",
                row: row, line: line)
        }
        guard let members = value.members else {
            throw DatasetError(
                "expected one JSON object per line, found \(value.kindInWords)", row: row, line: line)
        }
        return members
    }
}
