package import HTTPTypes

/// Fields that many responses carry alike, laid out once for both protocols, so that each costs them a copy of bytes.
package final class StandingFields: Sendable {
    /// Where a field ends in `pairs`.
    struct Ends {
        var name: Int
        var value: Int
    }

    package let fields: HTTPFields
    /// Each as a line of an HTTP/1 head, its end included (RFC 9112 section 5).
    let lines: [UInt8]
    /// Names in lower case and values, end to end.
    let pairs: [UInt8]
    let ends: [Ends]

    /// Those that are the server's own business are left out.
    package init(_ fields: HTTPFields) {
        var kept = HTTPFields()
        var (lines, pairs, ends): ([UInt8], [UInt8], [Ends]) = ([], [], [])
        for field in fields where !HTTP1Serializer.isFraming(field.name) {
            kept.append(field)
            HTTP1Serializer.append(field, to: &lines)
            pairs.append(contentsOf: field.name.canonicalName.utf8)
            let nameEnd = pairs.count
            field.withUnsafeBytesOfValue { pairs.append(contentsOf: $0) }
            ends.append(Ends(name: nameEnd, value: pairs.count))
        }
        (self.fields, self.lines, self.pairs, self.ends) = (kept, lines, pairs, ends)
    }
}
