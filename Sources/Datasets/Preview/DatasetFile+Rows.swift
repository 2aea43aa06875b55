package import Jobs

extension DatasetFile {
    /// The first rows as JSON objects, one member per column, null where a value is missing.
    ///
    /// At most `limit` rows, and fewer when they hold more values or bytes of text than `limits` allows for a preview.
    ///
    /// - Throws: `.damaged` where the file is not the one that was uploaded; all of it is read for that, once in a process.
    package static func rows(
        _ source: DatasetSource, limit: Int, limits: DatasetLimits, isWanted: @escaping () -> Bool = { true }
    ) throws(DatasetError) -> [JSONValue] {
        try StoredFile.check(source, isWanted: isWanted)
        let limit = max(min(limit, source.schema.rows), 0)
        switch source.schema.format {
        case .csv: return try csvRows(source, limit: limit, limits: limits)
        case .jsonLines: return try jsonLinesRows(source, limit: limit, limits: limits)
        case .npz: return try npzRows(source, limit: limit, limits: limits, isWanted: isWanted)
        }
    }

    private static func csvRows(
        _ source: DatasetSource, limit: Int, limits: DatasetLimits
    ) throws(DatasetError) -> [JSONValue] {
        var reader = try CSVReader.open(source.path, limits: limits)
        let types = reader.header.map { source.schema.column(named: $0)?.type ?? .string }
        var rows: [JSONValue] = []
        var budget = limits.previewValuesMax
        while rows.count < limit, try reader.next() {
            var members: [JSONValue.Member] = []
            for (index, name) in reader.header.enumerated() {
                let field = reader.field(index)
                budget -= 1 + field.count / 8
                members.append(.init(name, JSONValue(field: field, type: types[index])))
            }
            guard budget >= 0 || rows.isEmpty else { break }
            rows.append(.object(members))
        }
        return rows
    }

    private static func jsonLinesRows(
        _ source: DatasetSource, limit: Int, limits: DatasetLimits
    ) throws(DatasetError) -> [JSONValue] {
        var reader = try JSONLinesReader.open(source.path, limits: limits)
        var rows: [JSONValue] = []
        var budget = limits.previewValuesMax
        while rows.count < limit, try reader.next() {
            var members: [JSONValue.Member] = []
            for column in source.schema.columns {
                let value = reader.members.first { $0.name == column.name }?.value ?? .null
                budget -= 1 + (value.elements?.count ?? 0) + (value.text?.utf8.count ?? 0) / 8
                members.append(.init(column.name, value))
            }
            guard budget >= 0 || rows.isEmpty else { break }
            rows.append(.object(members))
        }
        return rows
    }

    private static func npzRows(
        _ source: DatasetSource, limit: Int, limits: DatasetLimits, isWanted: @escaping () -> Bool
    ) throws(DatasetError) -> [JSONValue] {
        let arrays = try NPZArray.all(source.path, limits: limits, isWanted: isWanted)
        let rowValues = arrays.reduce(0) { $0 + $1.rowCount + $1.header.element.size / 8 }
        let count = min(limit, max(limits.previewValuesMax / max(rowValues, 1), 1))
        var rows = [[JSONValue.Member]](repeating: [], count: count)
        for array in arrays {
            for (row, value) in try array.values(rows: count).enumerated() {
                rows[row].append(.init(array.name, value))
            }
        }
        return rows.map(JSONValue.object)
    }
}

extension JSONValue {
    /// A CSV field as a value of its column's type; null where it is missing.
    fileprivate init(field: UnsafeBufferPointer<UInt8>, type: ColumnProfile.ValueType) {
        guard !field.isEmpty else {
            self = .null
            return
        }
        guard type != .string else {
            self = .string(String(decoding: field, as: UTF8.self))
            return
        }
        switch NumberText(field) {
        case .integer(let value): self = .integer(value)
        case .digits(let value), .decimal(let value): self = .number(value)
        case .notANumber, .blank, .text: self = .null
        }
    }
}

extension NPZArray {
    /// The first rows, each a scalar or nested arrays of the row's shape.
    fileprivate func values(rows: Int) throws(DatasetError) -> [JSONValue] {
        var scalars: [JSONValue] = []
        let element = header.element
        try forEachPiece(rows: rows) { bytes, count, _ throws(DatasetError) in
            for index in 0..<count { scalars.append(element.json(bytes, at: index * element.size)) }
        }
        var values = scalars
        for length in header.rowShape.reversed() {
            values = stride(from: 0, to: values.count, by: length).map { .array(Array(values[$0..<$0 + length])) }
        }
        return values
    }
}

extension ElementType {
    fileprivate func json(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> JSONValue {
        switch kind {
        case .boolean: .bool(number(bytes, at: offset) != 0)
        case .unsigned, .signed:
            integer(bytes, at: offset).map(JSONValue.integer) ?? .number(number(bytes, at: offset))
        case .float: JSONValue(number(bytes, at: offset))
        case .unicode, .bytes: className(bytes, at: offset).map(JSONValue.string) ?? .null
        }
    }
}
