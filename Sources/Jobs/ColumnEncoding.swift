/// How a column of a table enters a network.
package struct ColumnEncoding: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// As a number, standardised.
        case numeric
        /// As one feature a category.
        case oneHot = "one_hot"
        /// As a vector a category, which is trained.
        case embedded
    }

    package var kind: Kind
    /// Numbers of an embedded category's vector; nil for `widthStandard`.
    package var width: Int?

    package static let widthMax = 4_096

    package init(kind: Kind, width: Int? = nil) {
        self.kind = kind
        self.width = width
    }

    /// Half as many numbers as there are categories, at least 1 and at most 50.
    package static func widthStandard(categories: Int) -> Int {
        min(max(categories / 2, 1), 50)
    }
}

extension ColumnEncoding {
    /// Reads `encodings`, an object of column names and `{"type": …, "width": …}`.
    static func readAll(_ reader: inout SpecReader) -> [String: ColumnEncoding] {
        guard let value = reader.value("encodings") else { return [:] }
        let base = reader.pointer(to: "encodings")
        guard let members = value.members, members.count <= TrainingSpec.columnsMax else {
            reader.log.report(base, "expected an object of column names and encodings, got \(value.kindInWords)")
            return [:]
        }
        var encodings: [String: ColumnEncoding] = [:]
        for member in members {
            var part = SpecReader(member.value, at: Jobs.pointer(base, member.name), log: reader.log)
            guard member.value.members != nil else { continue }
            encodings[member.name] = read(&part)
            part.finish()
        }
        return encodings
    }

    private static func read(_ reader: inout SpecReader) -> ColumnEncoding? {
        let kind = reader.choice("type", as: Kind.self)
        if !reader.has("type") {
            reader.report("type", "missing; expected one of \(Kind.allCases.map(\.rawValue).quotedList)")
        }
        let width = reader.integer("width", in: 1...widthMax)
        if reader.has("width"), let kind, kind != .embedded {
            reader.report("width", "belongs to \"type\": \"embedded\"")
        }
        return kind.map { ColumnEncoding(kind: $0, width: width) }
    }

    var json: JSONValue {
        var members: [JSONValue.Member] = [.init("type", .string(kind.rawValue))]
        if kind == .embedded { members.append(.init("width", JSONValue(width))) }
        return .object(members)
    }
}
