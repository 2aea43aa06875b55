/// Writes RFC 4180 rows: fields quoted where they must be, lines ended by CRLF.
///
/// A spreadsheet runs a text that begins like a formula. So such a text gets a leading `'`, which spreadsheets hide, unless
/// the table is asked for raw. Numbers are always written as they are.
package struct CSVWriter {
    /// The query parameter that asks for texts as they are.
    package static let rawParameter = "raw"

    package private(set) var bytes: [UInt8] = []
    private let isRaw: Bool

    package init(isRaw: Bool) {
        self.isRaw = isRaw
    }

    /// One field of a row.
    package enum Cell {
        case text(String)
        case number(Double?)
        case integer(Int)

        /// A value as a cell: nothing for null, JSON for what has parts.
        package init(_ value: JSONValue) {
            switch value {
            case .null: self = .number(nil)
            case .string(let text): self = .text(text)
            default: self = .plain(String(decoding: value.encoded, as: UTF8.self))
            }
        }

        /// What is no text of anybody's: JSON, which begins like no formula unless it is a number.
        case plain(String)
    }

    package mutating func row(_ cells: [Cell]) {
        for (index, cell) in cells.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            switch cell {
            case .text(let text): append(isRaw || !Self.looksLikeFormula(text) ? text : "'" + text)
            case .number(let number): append(Self.text(number))
            case .integer(let integer): append(String(integer))
            case .plain(let text): append(text)
            }
        }
        bytes.append(contentsOf: [0x0D, 0x0A])
    }

    /// What spreadsheets take for the beginning of a formula: `=`, `+`, `-`, `@`, a tab, a carriage return.
    private static func looksLikeFormula(_ text: String) -> Bool {
        text.utf8.first.map { [0x3D, 0x2B, 0x2D, 0x40, 0x09, 0x0D].contains($0) } ?? false
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
    private static func text(_ value: Double?) -> String {
        guard let value, value.isFinite else { return "" }
        return String(decoding: JSONValue.number(value).encoded, as: UTF8.self)
    }
}
