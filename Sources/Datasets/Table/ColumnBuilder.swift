import Jobs

/// Collects one column's cells in the way its role asks for.
final class ColumnBuilder {
    private let name: String
    private let role: ColumnRole
    private let type: ColumnProfile.ValueType
    private let namesMax: Int
    private var numbers: [Double] = []
    private var codes: [Int32] = []
    private var table = ByteTable()
    private var elements: [Float] = []
    private let shape: [Int]

    /// - Parameter namesMax: how many different names a column of categories may have.
    init(_ profile: ColumnProfile, role: ColumnRole, rows: Int, namesMax: Int) throws(DatasetError) {
        name = profile.name
        type = profile.type
        shape = profile.shape
        self.role = role
        self.namesMax = namesMax
        switch role {
        case .number:
            try DatasetError.claim(rows, of: Double.self)
            numbers.reserveCapacity(rows)
        case .category:
            try DatasetError.claim(rows, of: Int32.self)
            codes.reserveCapacity(rows)
        // Texts stay in their file: `TextColumn`.
        case .text: break
        case .array:
            let (count, overflow) = rows.multipliedReportingOverflow(by: profile.shape.first ?? 0)
            try DatasetError.claim(overflow ? .max : count, of: Float.self)
            elements.reserveCapacity(count)
        }
    }

    /// Takes a CSV field; `row` and `line` are for errors.
    func add(_ field: UnsafeBufferPointer<UInt8>, row: Int, line: Int) throws(DatasetError) {
        switch role {
        case .number(let missing):
            guard let value = number(field) else { throw notANumber(row: row, line: line) }
            numbers.append(missing.map { Double($0) == value } == true ? .nan : value)
        case .category(let missing):
            guard type != .string else { return field.isEmpty ? codes.append(-1) : try addName(field, row: row) }
            guard let value = number(field) else { throw notANumber(row: row, line: line) }
            try addName(ofNumber: value, spelled: field, missing: missing, row: row)
        case .text, .array:
            let wanted = role == .text ? "a text that stays in its file" : "an array"
            throw DatasetError("expected \(wanted), found text", row: row, line: line, column: name)
        }
    }

    /// Takes a JSON value; null where the row has none.
    func add(_ value: JSONValue, row: Int, line: Int) throws(DatasetError) {
        switch role {
        case .number(let missing):
            guard let number = value.numberOrNaN else { throw notANumber(row: row, line: line) }
            numbers.append(missing.map { Double($0) == number } == true ? .nan : number)
        case .category(let missing):
            if value == .null || (missing != nil && value.int == missing) {
                codes.append(-1)
            } else if let name = value.className {
                try addName(name, row: row)
            } else {
                throw unexpected(value, "a label", row: row, line: line)
            }
        case .text:
            break
        case .array:
            let length = shape.first ?? 0
            let numbers = value == .null ? [Double](repeating: .nan, count: length) : value.numbers
            guard let numbers, length > 0, numbers.count == length else {
                throw unexpected(value, "an array of \(length) numbers", row: row, line: line)
            }
            for number in numbers { elements.append(Float(number)) }
        }
    }

    private func unexpected(_ value: JSONValue, _ wanted: String, row: Int, line: Int) -> DatasetError {
        DatasetError("expected \(wanted), found \(value.kindInWords)", row: row, line: line, column: name)
    }

    var use: ColumnUse { ColumnUse(name: name, role: role) }

    func finish() -> ColumnData {
        switch role {
        case .number: .numbers(numbers)
        case .category: .categories(CategoryColumn(codes: codes, names: table.strings))
        case .text: .numbers([])
        case .array: .array(ArrayColumn(shape: shape, values: .floats(elements)))
        }
    }

    /// The number that a field says, NaN when it is missing, nil when it is a text.
    private func number(_ field: UnsafeBufferPointer<UInt8>) -> Double? {
        guard !field.isEmpty else { return .nan }
        switch NumberText(field) {
        case .integer(let value): return Double(value)
        case .digits(let value), .decimal(let value): return value
        case .notANumber, .blank: return .nan
        case .text: return nil
        }
    }

    private func addName(
        ofNumber value: Double, spelled field: UnsafeBufferPointer<UInt8>, missing: Int?, row: Int
    ) throws(DatasetError) {
        if value.isNaN || missing.map({ Double($0) == value }) == true {
            codes.append(-1)
        } else {
            try addName(NumberText(field).className ?? className(value), row: row)
        }
    }

    func addName(_ text: String, row: Int) throws(DatasetError) {
        try Array(text.utf8).withUnsafeBufferPointer { bytes throws(DatasetError) in try addName(bytes, row: row) }
    }

    private func addName(_ bytes: UnsafeBufferPointer<UInt8>, row: Int) throws(DatasetError) {
        let code = table.insert(bytes)
        guard code < namesMax else {
            throw DatasetError(
                "more than \(namesMax) different values; that is too many for classes or categories", kind: .tooLarge,
                row: row, column: name)
        }
        codes.append(Int32(code))
    }

    private func notANumber(row: Int, line: Int) -> DatasetError {
        DatasetError("the value is no number; expected a number or nothing", row: row, line: line, column: name)
    }
}
