import GRDB
import Jobs

extension Database {
    /// Runs a statement that returns nothing, compiled once per connection. Returns the number of rows it changed.
    @discardableResult
    func run(_ sql: String, _ arguments: StatementArguments = []) throws -> Int {
        let statement = try cachedStatement(sql: sql)
        try statement.execute(arguments: arguments)
        return changesCount
    }

    /// All rows of a statement that is compiled once per connection.
    func rows<Value>(
        _ sql: String, _ arguments: StatementArguments = [], _ decode: (inout Columns) throws -> Value
    ) throws -> [Value] {
        let cursor = try Row.fetchCursor(cachedStatement(sql: sql), arguments: arguments)
        var values: [Value] = []
        while let row = try cursor.next() {
            var columns = Columns(row)
            values.append(try decode(&columns))
        }
        return values
    }

    /// The first row of a statement; nil when there is none.
    func row<Value>(
        _ sql: String, _ arguments: StatementArguments = [], _ decode: (inout Columns) throws -> Value
    ) throws -> Value? {
        let cursor = try Row.fetchCursor(cachedStatement(sql: sql), arguments: arguments)
        guard let row = try cursor.next() else { return nil }
        var columns = Columns(row)
        return try decode(&columns)
    }

    /// The whole number in the first column of the first row; nil when there is no row, or null.
    func integer(_ sql: String, _ arguments: StatementArguments = []) throws -> Int? {
        try Int.fetchOne(cachedStatement(sql: sql), arguments: arguments)
    }

    /// Runs several statements on one snapshot of the database.
    func snapshot<Value>(_ body: () throws -> Value) throws -> Value {
        try run("BEGIN DEFERRED")
        do {
            let value = try body()
            try run("COMMIT")
            return value
        } catch {
            // Nothing was written, so there is nothing that a failing rollback could leave behind.
            _ = try? run("ROLLBACK")
            throw error
        }
    }
}

/// The columns of a row, read from left to right. A value of another type than expected is an error, never a trap.
struct Columns {
    private let row: Row
    private var index = 0

    init(_ row: Row) {
        self.row = row
    }

    private mutating func next() throws -> DatabaseValue.Storage {
        guard index < row.count else { throw StoreError.corrupt("column \(index) is missing") }
        defer { index += 1 }
        let value: DatabaseValue = row[index]
        return value.storage
    }

    private func mismatch(_ wanted: String) -> StoreError {
        .corrupt("column \(index - 1) is no \(wanted)")
    }

    mutating func optionalText() throws -> String? {
        switch try next() {
        case .null: return nil
        case .string(let value): return value
        case .int64, .double, .blob: throw mismatch("text")
        }
    }

    mutating func text() throws -> String {
        guard let value = try optionalText() else { throw mismatch("text") }
        return value
    }

    mutating func optionalInteger() throws -> Int? {
        switch try next() {
        case .null: return nil
        case .int64(let value) where value.magnitude <= Self.magnitudeMax: return Int(value)
        case .int64(let value): throw StoreError.corrupt("column \(index - 1) holds the impossible number \(value)")
        case .double, .string, .blob: throw mismatch("whole number")
        }
    }

    /// As far as numbers in JSON are exact (RFC 8259 section 6). Nothing that is kept counts further, and within this the counts
    /// of a row can be added up without an overflow.
    private static let magnitudeMax: UInt64 = 1 << 53
    /// Of one file: 256 TiB, so that thousands can be added up.
    private static let fileBytesMax = 1 << 48

    /// The length of a file.
    mutating func fileBytes() throws -> Int {
        let bytes = try integer()
        guard (0...Self.fileBytesMax).contains(bytes) else { throw mismatch("length of a file") }
        return bytes
    }

    mutating func integer() throws -> Int {
        guard let value = try optionalInteger() else { throw mismatch("whole number") }
        return value
    }

    mutating func flag() throws -> Bool {
        try integer() != 0
    }

    mutating func optionalNumber() throws -> Double? {
        switch try next() {
        case .null: return nil
        case .double(let value): return value
        case .int64(let value): return Double(value)
        case .string, .blob: throw mismatch("number")
        }
    }

    mutating func number() throws -> Double {
        guard let value = try optionalNumber() else { throw mismatch("number") }
        return value
    }

    mutating func blob() throws -> [UInt8] {
        switch try next() {
        case .blob(let data): return Array(data)
        case .null, .int64, .double, .string: throw mismatch("blob")
        }
    }

    mutating func optionalTime() throws -> Timestamp? {
        try optionalInteger().map { Timestamp(milliseconds: Int64($0)) }
    }

    mutating func time() throws -> Timestamp {
        Timestamp(milliseconds: Int64(try integer()))
    }

    mutating func identifier(_ kind: Identifier.Kind) throws -> Identifier {
        guard let id = Identifier(try text(), kind: kind) else { throw mismatch("\(kind.rawValue) identifier") }
        return id
    }

    mutating func optionalIdentifier(_ kind: Identifier.Kind) throws -> Identifier? {
        guard let value = try optionalText() else { return nil }
        guard let id = Identifier(value, kind: kind) else { throw mismatch("\(kind.rawValue) identifier") }
        return id
    }

    mutating func optionalName<Name: RawRepresentable<String>>(_ type: Name.Type) throws -> Name? {
        guard let value = try optionalText() else { return nil }
        guard let name = Name(rawValue: value) else { throw mismatch("\(type)") }
        return name
    }

    mutating func name<Name: RawRepresentable<String>>(_ type: Name.Type) throws -> Name {
        guard let name = try optionalName(type) else { throw mismatch("\(type)") }
        return name
    }

    /// A column named through `SQL.json`, as its text: it goes into answers as it is.
    mutating func optionalJSONText() throws -> String? {
        switch try next() {
        case .null: return nil
        case .string(let value): return value
        // What `SQL.json` makes of a text that is no JSON.
        case .int64, .double, .blob: throw mismatch("JSON")
        }
    }

    mutating func jsonText() throws -> String {
        guard let value = try optionalJSONText() else { throw mismatch("JSON") }
        return value
    }

    mutating func optionalJSON() throws -> JSONValue? {
        guard let value = try optionalText() else { return nil }
        do {
            return try JSONValue(parsing: Array(value.utf8))
        } catch {
            throw StoreError.corrupt("column \(index - 1): \(error)")
        }
    }

    mutating func json() throws -> JSONValue {
        guard let value = try optionalJSON() else { throw mismatch("JSON") }
        return value
    }
}

/// Parts of statements.
enum SQL {
    /// A column of JSON text, for `Columns.jsonText`: 0 in place of a text that is no JSON, as a damaged page may hold.
    static func json(_ column: String) -> String {
        "CASE WHEN \(column) IS NULL OR json_valid(\(column)) THEN \(column) ELSE 0 END"
    }
}
