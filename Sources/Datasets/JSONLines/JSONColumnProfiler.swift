import Jobs

/// Looks at a column's JSON values one by one. All of them must be of one kind; null and an absent member are missing values.
struct JSONColumnProfiler: ~Copyable {
    let name: String
    private var type: ColumnProfile.ValueType?
    private var length = 0
    /// Rows with a value.
    private(set) var present = 0
    private var numbers = NumberRange()
    private var counter: ValueCounter
    private let limits: DatasetLimits

    init(name: String, bytesMax: Int, limits: DatasetLimits) {
        self.name = name
        self.limits = limits
        counter = ValueCounter(bytesMax: bytesMax)
    }

    mutating func add(_ value: JSONValue, row: Int, line: Int) throws(DatasetError) {
        guard value != .null else { return }
        present += 1
        switch value {
        case .string(let text):
            try settle(.string, value, row: row, line: line)
            guard text.utf8.count <= limits.fieldBytesMax else {
                throw failure("a text of more than \(limits.fieldBytesMax) bytes", row: row, line: line, .tooLarge)
            }
            counter.add(text)
        case .bool(let flag):
            try settle(.boolean, value, row: row, line: line)
            numbers.add(flag ? 1 : 0)
            counter.add(flag ? "true" : "false")
        case .integer(let whole):
            try settle(type == .number ? .number : .integer, value, row: row, line: line)
            numbers.add(Double(whole))
            counter.add(String(whole))
        case .number(let number):
            try addNumber(number, value, row: row, line: line)
        case .array(let elements):
            try settle(.array, value, row: row, line: line)
            try addArray(elements, row: row, line: line)
        case .null, .object:
            throw failure("expected a string, a number, a boolean, an array of numbers or null", row: row, line: line)
        }
    }

    private mutating func addNumber(_ number: Double, _ value: JSONValue, row: Int, line: Int) throws(DatasetError) {
        let isWhole = number == number.rounded()
        if type == .integer, !isWhole { type = .number }
        try settle(type == .number || !isWhole ? .number : .integer, value, row: row, line: line)
        numbers.add(number)
        counter.add(className(number))
    }

    private mutating func addArray(_ elements: [JSONValue], row: Int, line: Int) throws(DatasetError) {
        if length == 0 { length = elements.count }
        guard !elements.isEmpty, elements.count == length else {
            throw failure(
                "an array of \(elements.count) elements, \(length == 0 ? "expected at least one" : "before \(length)")",
                row: row, line: line)
        }
        guard elements.count <= limits.rowValuesMax else {
            throw failure("an array of more than \(limits.rowValuesMax) elements", row: row, line: line, .tooLarge)
        }
        for element in elements where element.numberOrNaN == nil {
            throw failure("expected numbers in the array, found \(element.kindInWords)", row: row, line: line)
        }
    }

    private mutating func settle(
        _ found: ColumnProfile.ValueType, _ value: JSONValue, row: Int, line: Int
    ) throws(DatasetError) {
        guard let type, type != found else {
            type = found
            return
        }
        throw failure("\(value.kindInWords), where rows before have \(type.plural)", row: row, line: line)
    }

    private func failure(
        _ detail: String, row: Int, line: Int, _ kind: DatasetError.Kind = .invalid
    ) -> DatasetError {
        DatasetError(detail, kind: kind, row: row, line: line, column: name)
    }

    func profile(rows: Int) -> ColumnProfile {
        let type = type ?? .integer
        if type == .array {
            return ColumnProfile(name: name, type: type, missing: rows - present, distinct: nil, shape: [length])
        }
        return ColumnProfile(
            name: name, type: type, missing: rows - present, distinct: counter.distinct, minimum: numbers.minimum,
            maximum: numbers.maximum, mean: numbers.mean, topValues: counter.top())
    }
}

extension ColumnProfile.ValueType {
    fileprivate var plural: String {
        switch self {
        case .integer, .number: "numbers"
        case .boolean: "booleans"
        case .string: "strings"
        case .array: "arrays"
        }
    }
}
