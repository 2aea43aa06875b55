import Jobs

/// JSON values as cells of a table.
extension JSONValue {
    /// The value as an input of a numeric column: booleans are 0 and 1, null is NaN; nil for anything else.
    var numberOrNaN: Double? {
        switch self {
        case .null: .nan
        case .bool(let flag): flag ? 1 : 0
        default: double
        }
    }

    /// The numbers of an array, null as NaN; nil when it holds anything else.
    var numbers: [Double]? {
        guard let elements else { return nil }
        let numbers = elements.compactMap(\.numberOrNaN)
        return numbers.count == elements.count ? numbers : nil
    }

    /// The value's name as a class or category; nil for null, arrays and objects.
    var className: String? {
        switch self {
        case .string(let text): text
        case .integer(let whole): String(whole)
        case .number(let number): Datasets.className(number)
        case .bool(let flag): flag ? "true" : "false"
        case .null, .array, .object: nil
        }
    }
}
