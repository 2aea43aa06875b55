package import Jobs

/// The name of a file in one of the store's folders: letters, digits, `_` and `-`, so that no name leads to another folder.
///
/// A path on disk is built from such a name only; what a row holds is checked where the row is read.
package struct FileName: Sendable, Hashable, CustomStringConvertible {
    package let description: String

    /// As long as file systems take them.
    private static let bytesMax = 255

    /// Nil for a text that is empty, too long, or holds any other byte.
    package init?(_ text: String) {
        let bytes = text.utf8
        guard (1...Self.bytesMax).contains(bytes.count), bytes.allSatisfy(Self.isAllowed) else { return nil }
        description = text
    }

    /// An identifier holds nothing else.
    package init(_ id: Identifier) {
        description = id.description
    }

    /// A name that nobody else has: the text, and 64 random bits.
    ///
    /// - Parameter text: letters, digits, `_` and `-`; whatever else is left out.
    init(unique text: String) {
        var generator = SystemRandomNumberGenerator()
        let random = String(generator.next(), radix: 36)
        let kept = text.utf8.filter(Self.isAllowed).prefix(Self.bytesMax - random.utf8.count)
        description = String(decoding: kept, as: UTF8.self) + random
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

extension Columns {
    /// Throws `.corrupt` where the row holds a name that could lead to another folder.
    mutating func fileName() throws -> FileName {
        let text = try text()
        guard let name = FileName(text) else {
            throw StoreError.corrupt("a row names the file \"\(text)\"; expected only A-Z, a-z, 0-9, _ and -")
        }
        return name
    }
}
