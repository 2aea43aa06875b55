import Jobs
import Locks

/// A file of JSON Lines: one object a line, in UTF-8. Lines without anything but spaces are passed over.
struct JSONLinesReader: ~Copyable {
    private var lines: LineReader
    private let limits: DatasetLimits
    /// What the values of long lines are taken from; nil where nobody counts them.
    private let memory: MemoryBudget?
    /// What the current row has taken.
    private var claim: MemoryClaim?

    /// Lines up to this length become no large trees.
    private static let lineBytesFree = 1 << 20

    /// The current row's members.
    private(set) var members: [JSONValue.Member] = []
    /// Rows read so far; the number of the current row.
    private(set) var row = 0

    static func open(
        _ path: String, limits: DatasetLimits, digest: StoredFile.FileDigest? = nil,
        memory: MemoryBudget? = nil, isWanted: @escaping () -> Bool = { true }
    ) throws(DatasetError) -> JSONLinesReader {
        JSONLinesReader(
            lines: try LineReader.open(path, limits: limits, digest: digest, isWanted: isWanted), limits: limits,
            memory: memory)
    }

    private init(lines: consuming LineReader, limits: DatasetLimits, memory: MemoryBudget?) {
        self.lines = lines
        self.limits = limits
        self.memory = memory
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
            members = []
            claim = memory.map { MemoryClaim(on: $0) }
            members = try object()
            return true
        }
        return false
    }

    private func object() throws(DatasetError) -> [JSONValue.Member] {
        let value = try value()
        guard let members = value.members else {
            throw DatasetError(
                "expected one JSON object per line, found \(value.kindInWords)", row: row, line: line)
        }
        return members
    }

    private func value() throws(DatasetError) -> JSONValue {
        do {
            guard lines.bytes.count > Self.lineBytesFree else { return try JSONValue(parsing: lines.bytes) }
            return try JSONValue(parsing: lines.bytes, within: allowance)
        } catch let error as JSONSyntaxError {
            throw DatasetError(
                "not JSON at byte \(error.column) of the line: \(error.detail); expected one JSON object per line",
                row: row, line: line)
        } catch let error as TooManyValues {
            throw DatasetError(
                "a line with more than \(error.valuesMax) values", kind: .tooLarge, row: row, line: line)
        } catch {
            throw DatasetError("too many long lines are read at once", kind: .busy, row: row, line: line)
        }
    }

    private var allowance: JSONAllowance {
        let claim = claim
        return JSONAllowance { values in
            guard claim?.grow(by: values * JSONAllowance.valueBytes) != false else { throw NoMemory() }
        }
    }

    private struct NoMemory: Error {}
}
