import Glibc
import HTTPTypes

/// Small readings of a borrowed run of bytes that the parsers share.
extension UnsafeRawBufferPointer {
    /// The part `range`, as a buffer of its own that starts at index 0.
    func part(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: self[range])
    }

    /// The bytes as text; ill-formed UTF-8 is repaired, so check first where that matters.
    var text: String { String(decoding: self, as: UTF8.self) }

    /// Without the spaces and tabs at both ends (OWS, RFC 9110 section 5.6.3).
    var trimmed: UnsafeRawBufferPointer {
        var start = 0
        var end = count
        while start < end, self[start] == Byte.space || self[start] == Byte.tab { start += 1 }
        while end > start, self[end - 1] == Byte.space || self[end - 1] == Byte.tab { end -= 1 }
        return part(start..<end)
    }

    /// Whether the bytes equal `lowercase` when ASCII letters are taken without case. `lowercase` must be lower case.
    func equalsIgnoringCase(_ lowercase: StaticString) -> Bool {
        guard count == lowercase.utf8CodeUnitCount else { return false }
        for index in 0..<count {
            var byte = self[index]
            if (0x41...0x5A).contains(byte) { byte |= 0x20 }
            if byte != lowercase.utf8Start[index] { return false }
        }
        return true
    }

    func equals(_ text: StaticString) -> Bool {
        equals(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    func equals(_ other: UnsafeRawBufferPointer) -> Bool {
        guard count == other.count else { return false }
        guard let baseAddress, let start = other.baseAddress else { return true }
        return memcmp(baseAddress, start, count) == 0
    }

    /// Calls `body` with each element of a comma-separated list, white space removed; empty elements are passed too.
    func forEachListElement<Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        var start = 0
        for index in 0..<count where self[index] == Byte.comma {
            try body(part(start..<index).trimmed)
            start = index + 1
        }
        try body(part(start..<count).trimmed)
    }
}

extension HTTPField {
    /// A field with a value as it came. Text of ASCII, which is nearly all there is, takes the short way; other bytes are kept
    /// as they are.
    init(name: Name, bytes: UnsafeRawBufferPointer) {
        if bytes.allSatisfy({ $0 < 0x80 }) {
            self.init(name: name, value: bytes.text)
        } else {
            self.init(name: name, value: bytes)
        }
    }
}

extension HTTPRequest.Method {
    /// Methods are case-sensitive (RFC 9110 section 9.1); the most common one costs no validation. Nil when it is no token.
    init?(bytes: UnsafeRawBufferPointer) {
        if bytes.count == 3, bytes[0] == 0x47, bytes[1] == 0x45, bytes[2] == 0x54 {
            self = .get
        } else {
            self.init(bytes.text)
        }
    }
}
