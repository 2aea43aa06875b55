import JobStore
import Jobs

/// The query of a target, decoded; strict, so that a slip in a filter's name cannot go unnoticed.
struct Query: Sendable {
    private let items: [(name: String, value: String)]

    /// - Throws: `APIError` for broken percent-encoding, or for a name that is not known here or stands twice.
    init(_ text: Substring?, known: [String]) throws(APIError) {
        var items: [(name: String, value: String)] = []
        for part in (text ?? "").split(separator: "&", maxSplits: Self.itemsMax, omittingEmptySubsequences: true) {
            let halves = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decode(halves[0]), let value = Self.decode(halves.count > 1 ? halves[1] : "") else {
                throw APIError(.malformedRequest, "the query \"\(part)\" is not percent-encoded UTF-8")
            }
            guard known.contains(name) else {
                let accepted = known.isEmpty ? "none is known here" : "known here: \(known.joined(separator: ", "))"
                throw APIError(.malformedRequest, "the query parameter \"\(name)\" is not known; \(accepted)")
            }
            guard !items.contains(where: { $0.name == name }) else {
                throw APIError(.malformedRequest, "the query parameter \"\(name)\" stands twice")
            }
            items.append((name, value))
        }
        self.items = items
    }

    private static let itemsMax = 64

    subscript(_ name: String) -> String? {
        items.first { $0.name == name }?.value
    }

    /// A whole number, or nil when it is not there.
    func integer(_ name: String, in range: ClosedRange<Int>) throws(APIError) -> Int? {
        guard let text = self[name] else { return nil }
        guard let value = Int(text), range.contains(value) else {
            let bounds = "from \(range.lowerBound) to \(range.upperBound)"
            throw APIError(.malformedRequest, "\(name) must be a whole number \(bounds), not \"\(text)\"")
        }
        return value
    }

    /// A boolean, or true for a name without a value.
    func flag(_ name: String) throws(APIError) -> Bool {
        if self[name] == "" { return true }
        return try boolean(name)
    }

    /// A boolean that says its value; false when it is not there.
    func boolean(_ name: String) throws(APIError) -> Bool {
        switch self[name] {
        case nil, "false": return false
        case "true": return true
        case let text?: throw APIError(.malformedRequest, "\(name) must be true or false, not \"\(text)\"")
        }
    }

    func choice<Choice: RawRepresentable & CaseIterable>(
        _ name: String, as type: Choice.Type
    ) throws(APIError) -> Choice? where Choice.RawValue == String {
        guard let text = self[name] else { return nil }
        guard let choice = Choice(rawValue: text) else {
            let accepted = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw APIError(.malformedRequest, "\(name) must be one of \(accepted), not \"\(text)\"")
        }
        return choice
    }

    func time(_ name: String) throws(APIError) -> Timestamp? {
        guard let text = self[name] else { return nil }
        guard let time = Timestamp(rfc3339: text) else {
            throw APIError(.malformedRequest, "\(name) must be an RFC 3339 time, not \"\(text)\"")
        }
        return time
    }

    func identifier(_ name: String, _ kind: Identifier.Kind) throws(APIError) -> Identifier? {
        guard let text = self[name] else { return nil }
        guard let identifier = Identifier(text, kind: kind) else {
            throw APIError(
                .malformedRequest, "\(name) must be an identifier \"\(kind.rawValue)_…\", not \"\(text)\"")
        }
        return identifier
    }

    /// `label=team:qa`
    func label() throws(APIError) -> JobFilter.Label? {
        guard let text = self["label"] else { return nil }
        // By scalars: a colon makes one character with a mark that follows it.
        let parts = text.unicodeScalars.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty else {
            throw APIError(.malformedRequest, "label must be name:value, not \"\(text)\"")
        }
        return JobFilter.Label(key: String(parts[0]), value: String(parts[1]))
    }

    /// Percent-decoding (RFC 3986 section 2.1) with `+` for a space, as HTML forms write it; nil when it is not UTF-8.
    static func decode(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(hexadecimal), let low = rest.popFirst().flatMap(hexadecimal)
                else { return nil }
                bytes.append(high << 4 | low)
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt8? {
        Character(Unicode.Scalar(byte)).hexDigitValue.map(UInt8.init)
    }
}
