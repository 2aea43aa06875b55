import Jobs

/// Columns of a file of JSON Lines in memory.
enum JSONLinesTable {
    static func load(
        _ source: DatasetSource, uses: Set<ColumnUse>, limits: DatasetLimits, digest: StoredFile.FileDigest?,
        isWanted: @escaping () -> Bool
    ) throws(DatasetError) -> DataTable {
        var reader = try JSONLinesReader.open(source.path, limits: limits, digest: digest, isWanted: isWanted)
        var builders: [String: [ColumnBuilder]] = [:]
        for use in uses {
            guard let profile = source.schema.column(named: use.name) else { continue }
            builders[use.name, default: []].append(
                try ColumnBuilder(profile, role: use.role, rows: source.schema.rows, namesMax: limits.classesMax))
        }
        while try reader.next() {
            for (name, builders) in builders {
                let value = reader.members.first { $0.name == name }?.value ?? .null
                for builder in builders { try builder.add(value, row: reader.row, line: reader.line) }
            }
        }
        var columns: [ColumnUse: ColumnData] = [:]
        for builder in builders.values.joined() { columns[builder.use] = builder.finish() }
        return DataTable(rows: reader.row, columns: columns)
    }

    static func forEachText(
        of column: TextColumn, isWanted: @escaping () -> Bool, _ body: (String) throws(DatasetError) -> Void
    ) throws(DatasetError) {
        var reader = try JSONLinesReader.open(column.source.path, limits: column.limits, isWanted: isWanted)
        while try reader.next() {
            let value = reader.members.first { $0.name == column.name }?.value ?? .null
            guard value == .null || value.text != nil else {
                throw DatasetError(
                    "expected a string or null, found \(value.kindInWords)", row: reader.row, line: reader.line,
                    column: column.name)
            }
            try body(value.text ?? "")
        }
    }
}
