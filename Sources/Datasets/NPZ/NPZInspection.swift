import Jobs

/// The schema of an NPZ file: one column per array, its first axis the rows.
enum NPZInspection {
    static func inspect(
        _ path: String, limits: DatasetLimits, isWanted: @escaping () -> Bool
    ) throws(DatasetError) -> DatasetSchema {
        let arrays = try NPZArray.all(path, limits: limits, isWanted: isWanted)
        var columns: [ColumnProfile] = []
        for (index, array) in arrays.enumerated() {
            let bytesMax = profileBytes(ofColumn: index, limits: limits)
            let element = array.header.element
            if array.header.shape.count > 1 {
                columns.append(try profileOfArrays(array))
            } else if element.isText {
                columns.append(try profileOfTexts(array, bytesMax: bytesMax))
            } else {
                columns.append(try profileOfNumbers(array, bytesMax: bytesMax))
            }
        }
        return DatasetSchema(format: .npz, rows: arrays[0].header.rows, columns: columns)
    }

    private static func profileOfTexts(_ array: NPZArray, bytesMax: Int) throws(DatasetError) -> ColumnProfile {
        var counter = ValueCounter(bytesMax: bytesMax)
        var missing = 0
        let element = array.header.element
        try array.forEachPiece { bytes, count, first throws(DatasetError) in
            for index in 0..<count {
                let text = try array.text(bytes, index, row: first + index)
                if text.isEmpty { missing += 1 } else { counter.add(text) }
            }
        }
        return ColumnProfile(
            name: array.name, type: .string, missing: missing, distinct: counter.distinct, topValues: counter.top(),
            storage: element.name)
    }

    private static func profileOfNumbers(_ array: NPZArray, bytesMax: Int) throws(DatasetError) -> ColumnProfile {
        var counter = ValueCounter(bytesMax: bytesMax)
        var numbers = NumberRange()
        var missing = 0
        var fractions = 0
        let element = array.header.element
        try array.forEachPiece { bytes, count, first throws(DatasetError) in
            for index in 0..<count {
                let number = try array.number(bytes, index, row: first + index)
                if number.isNaN {
                    missing += 1
                    continue
                }
                numbers.add(number)
                if number != number.rounded() { fractions += 1 }
                if let name = element.className(bytes, at: index * element.size) { counter.add(name) }
            }
        }
        let type: ColumnProfile.ValueType =
            element.kind == .boolean ? .boolean : fractions == 0 ? .integer : .number
        return ColumnProfile(
            name: array.name, type: type, missing: missing, distinct: counter.distinct, minimum: numbers.minimum,
            maximum: numbers.maximum, mean: numbers.mean, topValues: counter.top(), storage: element.name)
    }

    private static func profileOfArrays(_ array: NPZArray) throws(DatasetError) -> ColumnProfile {
        var numbers = NumberRange()
        var missing = 0
        var lastMissingRow = -1
        let rowCount = array.rowCount
        // Images have no way to be incomplete; an array of one axis may have unknown elements.
        let isImage = array.header.shape.count > 2
        try array.forEachPiece { bytes, count, first throws(DatasetError) in
            for index in 0..<count {
                let row = (first + index) / rowCount
                let number = try array.number(bytes, index, row: row)
                guard number.isNaN else {
                    numbers.add(number)
                    continue
                }
                guard !isImage else {
                    throw DatasetError("an image with a value that is not a number", row: row + 1, column: array.name)
                }
                if row != lastMissingRow { missing += 1 }
                lastMissingRow = row
            }
        }
        return ColumnProfile(
            name: array.name, type: .array, missing: missing, distinct: nil, minimum: numbers.minimum,
            maximum: numbers.maximum, mean: numbers.mean, shape: array.header.rowShape,
            storage: array.header.element.name)
    }
}

extension NPZArray {
    /// A number, NaN where missing; infinite ones are refused.
    func number(_ bytes: UnsafeRawBufferPointer, _ index: Int, row: Int) throws(DatasetError) -> Double {
        let number = header.element.number(bytes, at: index * header.element.size)
        guard !number.isInfinite else {
            throw DatasetError(
                "an infinite value; expected finite numbers, or NaN for a missing one", row: row + 1, column: name)
        }
        return number
    }

    func text(_ bytes: UnsafeRawBufferPointer, _ index: Int, row: Int) throws(DatasetError) -> String {
        guard let text = header.element.text(bytes, at: index * header.element.size) else {
            throw DatasetError("a string that is not valid Unicode", row: row + 1, column: name)
        }
        return text
    }
}

extension ElementType {
    /// The value's name as a class; nil when it is missing.
    func className(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> String? {
        switch kind {
        case .boolean: return number(bytes, at: offset) == 0 ? "false" : "true"
        case .unsigned: return String(bits(bytes, at: offset))
        case .signed: return integer(bytes, at: offset).map { String($0) }
        case .float:
            let number = number(bytes, at: offset)
            return number.isNaN ? nil : Datasets.className(number)
        case .unicode, .bytes: return text(bytes, at: offset).flatMap { $0.isEmpty ? nil : $0 }
        }
    }
}
