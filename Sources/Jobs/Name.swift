/// What a client calls something: 1 to so many characters, and no control character, so that no name can steer a terminal or
/// break a line of a log.
package struct Name: Sendable, Hashable {
    /// Of data sets, jobs, comparisons and keys.
    package static let lengthMax = 200

    package let text: String

    /// Characters are counted as JSON Schema does, by code points: of marks that join the one before there may be any number.
    ///
    /// - Returns: nil for a text that is no name.
    package init?(_ text: String, lengthMax: Int = Name.lengthMax) {
        guard !text.isEmpty, text.unicodeScalars.count <= lengthMax,
            // What is not a control character in ASCII needs no look into Unicode's tables.
            !text.unicodeScalars.contains(where: { !$0.isPlainASCII && $0.properties.generalCategory == .control })
        else { return nil }
        self.text = text
    }
}

extension Unicode.Scalar {
    fileprivate var isPlainASCII: Bool { (0x20..<0x7F).contains(value) }
}
