import Jobs

/// What a column is loaded for, which decides how it is kept in memory.
enum ColumnRole: Sendable, Hashable {
    /// Numbers; whole numbers equal to `missing` count as missing.
    case number(missing: Int?)
    /// Names: categories of an input, classes of a target.
    case category(missing: Int?)
    case text
    /// One array a row.
    case array
}

/// A column and what it is loaded for. One column may serve twice, as a class and to stratify, say.
struct ColumnUse: Sendable, Hashable {
    var name: String
    var role: ColumnRole
}

/// The columns of a data set that an encoding reads, in memory.
struct DataTable: Sendable {
    let rows: Int
    private let columns: [ColumnUse: ColumnData]

    init(rows: Int, columns: [ColumnUse: ColumnData]) {
        self.rows = rows
        self.columns = columns
    }

    /// The column as it was loaded for `role`; it must have been asked for.
    func column(_ name: String, as role: ColumnRole) throws(DatasetError) -> ColumnData {
        guard let column = columns[ColumnUse(name: name, role: role)] else {
            throw DatasetError("the data set has no such column", column: name)
        }
        return column
    }

    /// Loads each of `uses`; all must be columns of the data set. Throws `.interrupted` when it is not wanted
    /// any more, `.damaged` when the file is not the one that was uploaded.
    static func load(
        _ source: DatasetSource, uses: Set<ColumnUse>, limits: DatasetLimits,
        isWanted: @escaping () -> Bool = { true }
    ) throws(DatasetError) -> DataTable {
        for use in uses where source.schema.column(named: use.name) == nil {
            throw DatasetError("the data set has no such column", column: use.name)
        }
        if source.schema.format == .npz {
            // Its members are read one by one, and not all of them.
            try StoredFile.check(source, isWanted: isWanted)
            return try checked(
                try NPZTable.load(source, uses: uses, limits: limits, isWanted: isWanted), source)
        }
        return try StoredFile.checking(source, isWanted: isWanted) { digest throws(DatasetError) in
            let isCSV = source.schema.format == .csv
            let load = isCSV ? CSVTable.load : JSONLinesTable.load
            return try checked(try load(source, uses, limits, digest, isWanted), source)
        }
    }

    private static func checked(_ table: DataTable, _ source: DatasetSource) throws(DatasetError) -> DataTable {
        guard table.rows == source.schema.rows else {
            throw DatasetError("the stored file has \(table.rows) rows, \(source.schema.rows) were counted on upload")
        }
        return table
    }
}

/// One column in memory, a value per row.
enum ColumnData: Sendable {
    /// Missing values are NaN.
    case numbers([Double])
    case categories(CategoryColumn)
    case texts(TextColumn)
    case array(ArrayColumn)
}

/// Names interned in the order of their first appearance.
struct CategoryColumn: Sendable {
    /// Indices into `names`, −1 where missing.
    var codes: [Int32]
    var names: [String]
}

/// Texts, one behind the other in UTF-8. A missing text is an empty one.
struct TextColumn: Sendable {
    var bytes: [UInt8] = []
    /// Where each row's text ends.
    var ends: [Int] = []

    /// Takes memory for so many rows, and for what is known of their texts.
    mutating func reserve(rows: Int, bytes count: Int) throws(DatasetError) {
        try DatasetError.claim(rows, of: Int.self)
        ends.reserveCapacity(rows)
        try DatasetError.claim(count, of: UInt8.self)
        bytes.reserveCapacity(count)
    }

    /// Adds a row.
    mutating func append(_ text: some Collection<UInt8>) throws(DatasetError) {
        try bytes.makeRoom(for: text.count)
        bytes.append(contentsOf: text)
        ends.append(bytes.count)
    }

    subscript(_ row: Int) -> String {
        String(decoding: bytes[(row == 0 ? 0 : ends[row - 1])..<ends[row]], as: UTF8.self)
    }
}

extension Array where Element: BitwiseCopyable {
    /// Claims memory where so many more elements do not fit, then takes half as much again as the array has.
    mutating func makeRoom(for more: Int) throws(DatasetError) {
        guard count + more > capacity else { return }
        let wanted = Swift.max(count + more, count + count / 2)
        try DatasetError.claim(wanted, of: Element.self)
        reserveCapacity(wanted)
    }
}

/// Arrays of one shape, row-major.
struct ArrayColumn: Sendable {
    /// The shape of one row.
    var shape: [Int]
    var values: Values

    enum Values: Sendable {
        case bytes([UInt8])
        case floats([Float])
    }
}
