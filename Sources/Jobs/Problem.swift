/// One thing that is wrong with what a client sent: where, and what would be accepted.
package struct Problem: Error, Sendable, Hashable {
    /// An RFC 6901 pointer into the body, `/tasks/0/target`; empty for the whole document or for a data set.
    package var pointer: String
    package var detail: String
    /// The 1-based data row, header excluded.
    package var row: Int?
    /// The 1-based physical line.
    package var line: Int?
    /// The column's name.
    package var column: String?

    package init(pointer: String = "", detail: String, row: Int? = nil, line: Int? = nil, column: String? = nil) {
        self.pointer = pointer
        self.detail = detail
        self.row = row
        self.line = line
        self.column = column
    }
}

/// A pointer with one more reference token, escaped as RFC 6901 section 3 says.
package func pointer(_ base: String, _ token: String) -> String {
    // Names hardly ever need it, and every member that is read has a pointer.
    guard token.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else {
        return base + "/" + token
    }
    return base + "/" + token.replacing("~", with: "~0").replacing("/", with: "~1")
}

package func pointer(_ base: String, _ index: Int) -> String {
    "\(base)/\(index)"
}
