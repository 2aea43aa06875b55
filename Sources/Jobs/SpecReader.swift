import Weighting

/// Collects what is wrong with a document, so that one answer names all of it.
package final class ProblemLog {
    private(set) var problems: [Problem] = []

    func report(_ pointer: String, _ detail: String) {
        problems.append(Problem(pointer: pointer, detail: detail))
    }
}

/// Reads one closed JSON object member by member.
///
/// A member that is missing gets its default; one that is wrong is reported and gets its default too, so that reading
/// goes on. `finish()` reports the members nobody asked for. Explicit `null` means the same as absence.
package struct SpecReader {
    let pointer: String
    let log: ProblemLog
    /// Few, or else their document is refused: looking through them beats a table.
    private let members: [JSONValue.Member]
    private var known: [String] = []

    /// Reports and reads as empty when the value is no object.
    init(_ value: JSONValue, at pointer: String, log: ProblemLog) {
        self.pointer = pointer
        self.log = log
        if value.members == nil { log.report(pointer, "expected an object, got \(value.kindInWords)") }
        members = value.members ?? []
    }

    func pointer(to name: String) -> String {
        Jobs.pointer(pointer, name)
    }

    func report(_ name: String, _ detail: String) {
        log.report(pointer(to: name), detail)
    }

    private func member(_ name: String) -> JSONValue? {
        members.first { $0.name == name }?.value
    }

    /// The member's value, if it is there and not null; marks the name as known.
    mutating func value(_ name: String) -> JSONValue? {
        known.append(name)
        guard let value = member(name), !value.isNull else { return nil }
        return value
    }

    /// Whether the member is there and not null.
    func has(_ name: String) -> Bool {
        member(name).map { !$0.isNull } ?? false
    }

    /// Whether the member is there and null: for the few members where that says something of its own.
    func isNull(_ name: String) -> Bool {
        member(name)?.isNull ?? false
    }

    mutating func integer(_ name: String, in range: ClosedRange<Int>) -> Int? {
        guard let value = value(name) else { return nil }
        guard let integer = value.int, range.contains(integer) else {
            report(
                name, "expected a whole number from \(range.lowerBound) to \(range.upperBound), got \(value.excerpt)")
            return nil
        }
        return integer
    }

    mutating func number(_ name: String, in bounds: NumberBounds) -> Double? {
        guard let value = value(name) else { return nil }
        guard let number = value.double, bounds.contains(number) else {
            report(name, "expected a number \(bounds), got \(value.excerpt)")
            return nil
        }
        return number
    }

    mutating func flag(_ name: String) -> Bool? {
        guard let value = value(name) else { return nil }
        guard case .bool(let flag) = value else {
            report(name, "expected true or false, got \(value.excerpt)")
            return nil
        }
        return flag
    }

    /// A text of at most `lengthMax` characters without control characters.
    mutating func text(_ name: String, lengthMax: Int) -> String? {
        guard let value = value(name) else { return nil }
        guard let text = value.text, text.isPlain(lengthMax: lengthMax) else {
            report(
                name, "expected a text of 1 to \(lengthMax) characters without control characters, got \(value.excerpt)"
            )
            return nil
        }
        return text
    }

    mutating func choice<Choice: RawRepresentable & CaseIterable>(
        _ name: String, as type: Choice.Type, from choices: [Choice] = Array(Choice.allCases)
    ) -> Choice? where Choice.RawValue == String {
        guard let value = value(name) else { return nil }
        guard let text = value.text, let choice = choices.first(where: { $0.rawValue == text }) else {
            let accepted = choices.map(\.rawValue)
            report(
                name, "expected one of \(accepted.quotedList), got \(value.excerpt)\(value.suggestion(from: accepted))")
            return nil
        }
        return choice
    }

    /// An array of at most `countMax` elements, each with its pointer.
    mutating func array(_ name: String, count: ClosedRange<Int>) -> [(value: JSONValue, pointer: String)]? {
        guard let value = value(name) else { return nil }
        guard let elements = value.elements, count.contains(elements.count) else {
            let found = value.elements.map { "\($0.count)" } ?? value.kindInWords
            report(name, "expected an array of \(count.lowerBound) to \(count.upperBound) elements, got \(found)")
            return nil
        }
        return elements.enumerated().map { ($1, Jobs.pointer(pointer(to: name), $0)) }
    }

    mutating func integers(_ name: String, count: ClosedRange<Int>, in range: ClosedRange<Int>) -> [Int]? {
        array(name, count: count)?.compactMap { element, pointer in
            guard let integer = element.int, range.contains(integer) else {
                log.report(
                    pointer,
                    "expected a whole number from \(range.lowerBound) to \(range.upperBound), got \(element.excerpt)")
                return nil
            }
            return integer
        }
    }

    /// Different texts; a repeated one is reported.
    mutating func texts(_ name: String, count: ClosedRange<Int>, lengthMax: Int) -> [String]? {
        guard let elements = array(name, count: count) else { return nil }
        var texts: [String] = []
        for (element, pointer) in elements {
            guard let text = element.text, text.isPlain(lengthMax: lengthMax) else {
                log.report(pointer, "expected a text of 1 to \(lengthMax) characters, got \(element.excerpt)")
                continue
            }
            guard !texts.contains(text) else {
                log.report(pointer, "\"\(text)\" stands twice")
                continue
            }
            texts.append(text)
        }
        return texts
    }

    mutating func object(_ name: String) -> SpecReader? {
        value(name).map { SpecReader($0, at: pointer(to: name), log: log) }
    }

    mutating func identifier(_ name: String, kind: Identifier.Kind) -> Identifier? {
        guard let value = value(name) else { return nil }
        guard let text = value.text, let identifier = Identifier(text, kind: kind) else {
            report(name, "expected an identifier \"\(kind.rawValue)_…\", got \(value.excerpt)")
            return nil
        }
        return identifier
    }

    mutating func timestamp(_ name: String) -> Timestamp? {
        guard let value = value(name) else { return nil }
        guard let text = value.text, let timestamp = Timestamp(rfc3339: text) else {
            report(name, "expected an RFC 3339 time such as \"2026-01-31T09:00:00Z\", got \(value.excerpt)")
            return nil
        }
        return timestamp
    }

    /// Reports every member that was never asked for.
    func finish() {
        for member in members where !known.contains(member.name) {
            let suggestion = JSONValue.string(member.name).suggestion(from: known)
            report(member.name, "unknown member\(suggestion); known here are \(known.quotedList)")
        }
    }
}

extension String {
    /// Whether the text has 1 to `lengthMax` characters and none that controls a terminal. Characters are counted as JSON
    /// Schema does, by code points: of marks that join the one before there may be any number.
    package func isPlain(lengthMax: Int) -> Bool {
        !isEmpty && unicodeScalars.count <= lengthMax
            // What is not a control character in ASCII needs no look into Unicode's tables.
            && !unicodeScalars.contains { !$0.isPlainASCII && $0.properties.generalCategory == .control }
    }
}

extension Unicode.Scalar {
    fileprivate var isPlainASCII: Bool { (0x20..<0x7F).contains(value) }
}

extension [String] {
    var quotedList: String { map { "\"\($0)\"" }.joined(separator: ", ") }
}

extension JSONValue {
    /// The value as it stands in an error: short, never a whole document.
    var excerpt: String {
        switch self {
        case .array, .object: return kindInWords
        default:
            let text = String(decoding: encoded, as: UTF8.self)
            return text.count <= 80 ? text : String(text.prefix(77)) + "…"
        }
    }

    /// `; did you mean "…"?` when one of the names is close, otherwise nothing.
    func suggestion(from names: [String]) -> String {
        guard let text, text.count <= 64, let closest = text.closest(in: names) else { return "" }
        return "; did you mean \"\(closest)\"?"
    }
}

extension String {
    /// The candidate with the smallest edit distance, if that is at most a third of the length (and at least one edit).
    func closest(in candidates: [String]) -> String? {
        let limit = max(1, count / 3)
        let ranked = candidates.prefix(1_000).map { ($0, editDistance(to: $0)) }
        return ranked.min { $0.1 < $1.1 }.flatMap { $0.1 <= limit ? $0.0 : nil }
    }

    /// Levenshtein's distance over characters, case ignored.
    private func editDistance(to other: String) -> Int {
        let left = Array(lowercased())
        let right = Array(other.lowercased())
        guard abs(left.count - right.count) <= left.count else { return .max }
        var row = Array(0...right.count)
        for (i, character) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, candidate) in right.enumerated() {
                let substitution = diagonal + (character == candidate ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = Swift.min(substitution, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[right.count]
    }
}
