/// The finite numbers a parameter accepts, in the terms of JSON Schema: each bound is included or excluded.
package struct NumberBounds: Sendable, Hashable {
    package let minimum: Double?
    package let minimumIsExcluded: Bool
    package let maximum: Double?
    package let maximumIsExcluded: Bool

    package init(
        minimum: Double? = nil, minimumIsExcluded: Bool = false, maximum: Double? = nil, maximumIsExcluded: Bool = false
    ) {
        self.minimum = minimum
        self.minimumIsExcluded = minimumIsExcluded
        self.maximum = maximum
        self.maximumIsExcluded = maximumIsExcluded
    }

    package static func from(_ minimum: Double, to maximum: Double) -> NumberBounds {
        NumberBounds(minimum: minimum, maximum: maximum)
    }

    package static func from(_ minimum: Double, below maximum: Double) -> NumberBounds {
        NumberBounds(minimum: minimum, maximum: maximum, maximumIsExcluded: true)
    }

    package static func above(_ minimum: Double, to maximum: Double) -> NumberBounds {
        NumberBounds(minimum: minimum, minimumIsExcluded: true, maximum: maximum)
    }

    package static func upTo(_ maximum: Double) -> NumberBounds {
        NumberBounds(maximum: maximum)
    }

    /// NaN and the infinities lie outside every bound.
    package func contains(_ number: Double) -> Bool {
        guard number.isFinite else { return false }
        if let minimum, minimumIsExcluded ? number <= minimum : number < minimum { return false }
        if let maximum, maximumIsExcluded ? number >= maximum : number > maximum { return false }
        return true
    }
}

extension NumberBounds: CustomStringConvertible {
    /// Words that follow "a number", such as "above 0 and at most 10".
    package var description: String {
        let lower = minimum.map { (minimumIsExcluded ? "above " : "at least ") + Self.plain($0) }
        let upper = maximum.map { (maximumIsExcluded ? "below " : "at most ") + Self.plain($0) }
        let words = [lower, upper].compactMap { $0 }
        return words.isEmpty ? "of any finite size" : words.joined(separator: " and ")
    }

    private static func plain(_ number: Double) -> String {
        Int(exactly: number).map(String.init) ?? "\(number)"
    }
}
