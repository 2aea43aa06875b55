import Jobs

/// Writes RFC 4180 rows: fields quoted where they must be, lines ended by CRLF.
struct CSVWriter {
    private(set) var bytes: [UInt8] = []

    mutating func row(_ fields: [String]) {
        for (index, field) in fields.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            append(field)
        }
        bytes.append(contentsOf: [0x0D, 0x0A])
    }

    private mutating func append(_ field: String) {
        let needsQuotes = field.utf8.contains { [0x22, 0x2C, 0x0D, 0x0A].contains($0) }
        guard needsQuotes else { return bytes.append(contentsOf: field.utf8) }
        bytes.append(0x22)
        for byte in field.utf8 {
            if byte == 0x22 { bytes.append(0x22) }
            bytes.append(byte)
        }
        bytes.append(0x22)
    }

    /// A number as JSON would write it; empty when there is none.
    static func text(_ value: Double?) -> String {
        guard let value, value.isFinite else { return "" }
        return String(decoding: JSONValue.number(value).encoded, as: UTF8.self)
    }

    /// A value as a cell: text as it is, nothing for null, and JSON for what has parts.
    static func text(_ value: JSONValue) -> String {
        switch value {
        case .null: ""
        case .string(let text): text
        default: String(decoding: value.encoded, as: UTF8.self)
        }
    }
}
