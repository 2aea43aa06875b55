import Jobs

/// Columns of a CSV file in memory.
enum CSVTable {
    static func load(
        _ source: DatasetSource, uses: Set<ColumnUse>, limits: DatasetLimits, digest: StoredFile.FileDigest?,
        isWanted: @escaping () -> Bool
    ) throws(DatasetError) -> DataTable {
        var reader = try CSVReader.open(source.path, limits: limits, digest: digest, isWanted: isWanted)
        var builders: [(index: Int, builder: ColumnBuilder)] = []
        let usesByName = Dictionary(grouping: uses, by: \.name)
        for (index, name) in reader.header.enumerated() {
            guard let profile = source.schema.column(named: name) else { continue }
            for use in usesByName[name] ?? [] {
                let builder = try ColumnBuilder(
                    profile, role: use.role, rows: source.schema.rows, namesMax: limits.classesMax)
                builders.append((index, builder))
            }
        }
        while try reader.next() {
            for (index, builder) in builders {
                try builder.add(reader.field(index), row: reader.row, line: reader.line)
            }
        }
        var columns: [ColumnUse: ColumnData] = [:]
        for (_, builder) in builders { columns[builder.use] = builder.finish() }
        return DataTable(rows: reader.row, columns: columns)
    }

    static func forEachText(
        of column: TextColumn, isWanted: @escaping () -> Bool, _ body: (String) throws(DatasetError) -> Void
    ) throws(DatasetError) {
        var reader = try CSVReader.open(column.source.path, limits: column.limits, isWanted: isWanted)
        guard let index = reader.header.firstIndex(of: column.name) else {
            throw DatasetError("the data set has no such column", column: column.name)
        }
        while try reader.next() { try body(String(decoding: reader.field(index), as: UTF8.self)) }
    }
}
