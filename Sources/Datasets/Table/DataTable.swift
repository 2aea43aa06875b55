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
    private var columns: [ColumnUse: ColumnData]

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
        let texts = uses.filter { $0.role == .text }
        let uses = uses.subtracting(texts)
        if source.schema.format == .npz {
            // Its members are read one by one, and not all of them.
            try StoredFile.check(source, isWanted: isWanted)
            return try checked(
                try NPZTable.load(source, uses: uses, limits: limits, isWanted: isWanted), texts, source, limits)
        }
        return try StoredFile.checking(source, isWanted: isWanted) { digest throws(DatasetError) in
            let isCSV = source.schema.format == .csv
            let load = isCSV ? CSVTable.load : JSONLinesTable.load
            return try checked(try load(source, uses, limits, digest, isWanted), texts, source, limits)
        }
    }

    /// The table with its texts, which stay in their file until they are asked for.
    private static func checked(
        _ table: DataTable, _ texts: Set<ColumnUse>, _ source: DatasetSource, _ limits: DatasetLimits
    ) throws(DatasetError) -> DataTable {
        var table = table
        guard table.rows == source.schema.rows else {
            throw DatasetError("the stored file has \(table.rows) rows, \(source.schema.rows) were counted on upload")
        }
        for use in texts {
            table.columns[use] = .texts(TextColumn(source: source, name: use.name, limits: limits))
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

/// A column of texts. They stay in their file and are read when they are gone through, so that long ones take no memory.
struct TextColumn: Sendable {
    let source: DatasetSource
    let name: String
    let limits: DatasetLimits

    /// Calls `body` with every row from 0 on and its text; a missing text is an empty one.
    ///
    /// - Parameter isWanted: asked between rows and pieces of the file; where it is not, `.interrupted` is thrown.
    func forEach(
        isWanted: @escaping () -> Bool, _ body: (Int, String) throws(DatasetError) -> Void
    ) throws(DatasetError) {
        var rows = 0
        func checked(_ text: String) throws(DatasetError) {
            try DatasetError.check(isWanted)
            try body(rows, text)
            rows += 1
        }
        switch source.schema.format {
        case .csv: try CSVTable.forEachText(of: self, isWanted: isWanted, checked)
        case .jsonLines: try JSONLinesTable.forEachText(of: self, isWanted: isWanted, checked)
        case .npz: try NPZTable.forEachText(of: self, isWanted: isWanted, checked)
        }
        guard rows == source.schema.rows else {
            throw DatasetError("the stored file has \(rows) rows, \(source.schema.rows) were counted on upload")
        }
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
