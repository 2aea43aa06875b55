import Jobs

/// Arrays of an NPZ file in memory.
enum NPZTable {
    static func load(
        _ source: DatasetSource, uses: Set<ColumnUse>, limits: DatasetLimits, isWanted: @escaping () -> Bool
    ) throws(DatasetError) -> DataTable {
        var columns: [ColumnUse: ColumnData] = [:]
        let arrays = try NPZArray.all(source.path, limits: limits, isWanted: isWanted)
        for use in uses {
            guard let array = arrays.first(where: { $0.name == use.name }) else {
                throw DatasetError("the data set has no such array", column: use.name)
            }
            guard array.header.rows == source.schema.rows else {
                throw DatasetError("the stored array has other rows than were counted on upload", column: use.name)
            }
            columns[use] = try load(array, role: use.role, limits: limits)
        }
        return DataTable(rows: source.schema.rows, columns: columns)
    }

    private static func load(
        _ array: NPZArray, role: ColumnRole, limits: DatasetLimits
    ) throws(DatasetError) -> ColumnData {
        let isScalar = array.header.shape.count == 1
        switch role {
        case .array where !isScalar:
            return .array(ArrayColumn(shape: array.header.rowShape, values: try values(array)))
        case .number(let missing) where isScalar && !array.header.element.isText:
            return .numbers(try numbers(array, missing: missing))
        case .category(let missing) where isScalar:
            return .categories(try categories(array, missing: missing, limits: limits))
        default:
            throw DatasetError("the array does not hold what is expected of it", column: array.name)
        }
    }

    private static func values(_ array: NPZArray) throws(DatasetError) -> ArrayColumn.Values {
        let total = array.header.rows * array.rowCount
        if array.header.element.name == "u1" {
            try DatasetError.claim(total, of: UInt8.self)
            var failure: DatasetError?
            let bytes = [UInt8](unsafeUninitializedCapacity: total) { target, count in
                do throws(DatasetError) {
                    try array.readRaw(
                        into: UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: target[..<total])))
                    count = total
                } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
            return .bytes(bytes)
        }
        try DatasetError.claim(total, of: Float.self)
        var floats: [Float] = []
        floats.reserveCapacity(total)
        let rowCount = array.rowCount
        try array.forEachPiece { bytes, count, first throws(DatasetError) in
            for index in 0..<count {
                let row = (first + index) / rowCount
                let number = try array.number(bytes, index, row: row)
                floats.append(number.isNaN ? .nan : try finite(number, row: row, array.name))
            }
        }
        return .floats(floats)
    }

    private static func numbers(_ array: NPZArray, missing: Int?) throws(DatasetError) -> [Double] {
        try DatasetError.claim(array.header.rows, of: Double.self)
        var numbers: [Double] = []
        numbers.reserveCapacity(array.header.rows)
        try array.forEachPiece { bytes, count, first throws(DatasetError) in
            for index in 0..<count {
                let number = try array.number(bytes, index, row: first + index)
                numbers.append(missing.map { Double($0) == number } == true ? .nan : number)
            }
        }
        return numbers
    }

    private static func categories(
        _ array: NPZArray, missing: Int?, limits: DatasetLimits
    ) throws(DatasetError) -> CategoryColumn {
        let element = array.header.element
        let missingName = element.isText ? nil : missing.map { String($0) }
        try DatasetError.claim(array.header.rows, of: Int32.self)
        var codes: [Int32] = []
        codes.reserveCapacity(array.header.rows)
        var names: [String] = []
        var known: [ExactText: Int32] = [:]
        try array.forEachPiece { bytes, count, first throws(DatasetError) in
            for index in 0..<count {
                guard let name = element.className(bytes, at: index * element.size), name != missingName else {
                    codes.append(-1)
                    continue
                }
                if let code = known[ExactText(name)] {
                    codes.append(code)
                    continue
                }
                guard names.count < limits.classesMax else {
                    throw DatasetError(
                        "more than \(limits.classesMax) different values; that is too many for classes or categories",
                        kind: .tooLarge, row: first + index + 1, column: array.name)
                }
                known[ExactText(name)] = Int32(names.count)
                codes.append(Int32(names.count))
                names.append(name)
            }
        }
        return CategoryColumn(codes: codes, names: names)
    }

    static func forEachText(
        of column: TextColumn, isWanted: @escaping () -> Bool, _ body: (String) throws(DatasetError) -> Void
    ) throws(DatasetError) {
        let arrays = try NPZArray.all(column.source.path, limits: column.limits, isWanted: isWanted)
        guard let array = arrays.first(where: { $0.name == column.name }) else {
            throw DatasetError("the data set has no such array", column: column.name)
        }
        guard array.header.shape.count == 1, array.header.element.isText else {
            throw DatasetError("the array does not hold what is expected of it", column: column.name)
        }
        try array.forEachPiece { bytes, count, first throws(DatasetError) in
            for index in 0..<count { try body(try array.text(bytes, index, row: first + index)) }
        }
    }
}
