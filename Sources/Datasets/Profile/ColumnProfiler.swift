import Jobs

/// Looks at a CSV column's cells one by one and tells at the end what kind of column it is.
struct ColumnProfiler: ~Copyable {
    private var integers = 0
    private var digits = 0
    /// Numbers with a decimal point or an exponent, and how many of them are no whole numbers.
    private var decimals = 0
    private var fractions = 0
    /// `nan` and spaces: missing among numbers, texts otherwise.
    private var blanks = 0
    private var texts = 0
    private var missing = 0
    private var numbers = NumberRange()
    private var counter: ValueCounter

    init(bytesMax: Int) {
        counter = ValueCounter(bytesMax: bytesMax)
    }

    mutating func add(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard !bytes.isEmpty else {
            missing += 1
            return
        }
        switch NumberText(bytes) {
        case .integer(let value):
            integers += 1
            numbers.add(Double(value))
            return counter.add(value, spelled: bytes)
        case .digits(let value):
            digits += 1
            numbers.add(value)
        case .decimal(let value):
            decimals += 1
            if value != value.rounded() { fractions += 1 }
            numbers.add(value)
        case .notANumber, .blank: blanks += 1
        case .text: texts += 1
        }
        counter.add(bytes)
    }

    private var type: ColumnProfile.ValueType {
        if texts > 0 { return .string }
        if decimals > 0 { return fractions > 0 || digits > 0 ? .number : .integer }
        if digits > 0 { return .string }
        // A column without any value is numeric: it can be an input that says nothing, and never a target.
        return integers > 0 || blanks == 0 ? .integer : .string
    }

    func profile(named name: String) -> ColumnProfile {
        let type = type
        guard type != .string else {
            return ColumnProfile(
                name: name, type: type, missing: missing, distinct: counter.distinct, topValues: counter.top())
        }
        // 1, +1 and 1.0 are one class.
        let (distinct, top) = counter.counted(naming: { NumberText($0).className })
        return ColumnProfile(
            name: name, type: type, missing: missing + blanks, distinct: distinct, minimum: numbers.minimum,
            maximum: numbers.maximum, mean: numbers.mean, topValues: top)
    }
}

/// The smallest, the largest and the mean of numbers as they come.
struct NumberRange {
    private var count = 0
    private var sum = 0.0
    private(set) var minimum: Double?
    private(set) var maximum: Double?

    mutating func add(_ value: Double) {
        count += 1
        sum += value
        minimum = min(minimum ?? value, value)
        maximum = max(maximum ?? value, value)
    }

    var mean: Double? { count == 0 ? nil : sum / Double(count) }
}
