import Glibc

/// What a request line asks for, in one of the four forms of RFC 9112 section 3.2, checked against RFC 3986.
struct RequestTarget: Hashable {
    /// Path and query, `*` for the server as a whole; nil for CONNECT.
    var path: String?
    /// `http` or `https` when the target said so itself (absolute-form).
    var scheme: String?
    /// Host and port when the target said so itself (absolute-form and authority-form).
    var authority: String?

    /// Reads a target. Nil means malformed.
    init?(_ bytes: UnsafeRawBufferPointer, method: String) {
        guard let first = bytes.first else { return nil }
        if method == "CONNECT" {
            guard Authority.isValid(bytes, portRequired: true) else { return nil }
            authority = bytes.text
        } else if first == Byte.slash {
            guard Self.isPathAndQuery(bytes) else { return nil }
            path = bytes.text
        } else if first == Byte.asterisk {
            guard bytes.count == 1, method == "OPTIONS" else { return nil }
            path = "*"
        } else {
            guard self.readAbsolute(bytes, method: method) else { return nil }
        }
    }

    /// absolute-form, RFC 9112 section 3.2.2. User information is refused as RFC 9110 section 4.2.4 advises.
    private mutating func readAbsolute(_ bytes: UnsafeRawBufferPointer, method: String) -> Bool {
        guard let colon = bytes.firstIndex(of: Byte.colon), bytes.count > colon + 2 else { return false }
        let scheme = bytes.part(0..<colon)
        if scheme.equalsIgnoringCase("http") {
            self.scheme = "http"
        } else if scheme.equalsIgnoringCase("https") {
            self.scheme = "https"
        } else {
            return false
        }
        guard bytes[colon + 1] == Byte.slash, bytes[colon + 2] == Byte.slash else { return false }
        let rest = bytes.part(colon + 3..<bytes.count)
        let end = rest.firstIndex { $0 == Byte.slash || $0 == Byte.question } ?? rest.count
        guard Authority.isValid(rest.part(0..<end), portRequired: false) else { return false }
        authority = rest.part(0..<end).text
        let pathBytes = rest.part(end..<rest.count)
        guard Self.isPathAndQuery(pathBytes) else { return false }
        // RFC 9112 section 3.2.4: OPTIONS for a URI without path means the server as a whole.
        if pathBytes.isEmpty {
            path = method == "OPTIONS" ? "*" : "/"
        } else {
            path = pathBytes[0] == Byte.question ? "/" + pathBytes.text : pathBytes.text
        }
        return true
    }

    /// Only bytes of RFC 3986 path and query, every `%` followed by two hexadecimal digits. In the query a raw `|`, `[` or `]` is
    /// taken too.
    static func isPathAndQuery(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard ByteClass.target.containsAll(bytes) || isBrowserTarget(bytes) else { return false }
        var index = 0
        while index < bytes.count {
            if bytes[index] == Byte.percent {
                guard index + 2 < bytes.count, ByteClass.hexDigit.contains(bytes[index + 1]),
                    ByteClass.hexDigit.contains(bytes[index + 2])
                else { return false }
                index += 2
            }
            index += 1
        }
        return true
    }
}

extension RequestTarget {
    /// Whether all bytes before the query are those of a path, and the others those that browsers put into a query.
    private static func isBrowserTarget(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let query = bytes.firstIndex(of: Byte.question) else { return false }
        return ByteClass.target.containsAll(bytes.part(0..<query))
            && ByteClass.query.containsAll(bytes.part(query..<bytes.count))
    }
}

/// The rules of `uri-host [":" port]`, RFC 3986 section 3.2.2.
package enum Authority {
    /// Whether `bytes` is a host with an optional port up to 65535. An empty host is not one (RFC 9110 section 4.2.1).
    package static func isValid(_ bytes: UnsafeRawBufferPointer, portRequired: Bool) -> Bool {
        guard let first = bytes.first else { return false }
        var end: Int
        if first == Byte.openBracket {
            guard let close = bytes.firstIndex(of: Byte.closeBracket), isAddress(bytes.part(1..<close)) else {
                return false
            }
            end = close + 1
        } else {
            end = bytes.firstIndex(of: Byte.colon) ?? bytes.count
            guard end > 0, isHostName(bytes.part(0..<end)) else { return false }
        }
        guard end < bytes.count else { return !portRequired }
        guard bytes[end] == Byte.colon else { return false }
        let port = bytes.part(end + 1..<bytes.count)
        return isPort(port) && !(portRequired && port.isEmpty)
    }

    /// What stands between brackets: an IPv6 address without zone, or one of a later version.
    private static func isAddress(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let first = bytes.first else { return false }
        if first == UInt8(ascii: "v") || first == UInt8(ascii: "V") { return isFutureAddress(bytes) }
        guard bytes.count <= addressBytesMax, ByteClass.addressLiteral.containsAll(bytes) else { return false }
        var address = in6_addr()
        return inet_pton(AF_INET6, bytes.text, &address) == 1
    }

    /// The longest IPv6 address in text.
    private static let addressBytesMax = 45

    /// `IPvFuture`: `v`, a version in hexadecimal, a dot, and at least one more.
    private static func isFutureAddress(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let dot = bytes.firstIndex(of: UInt8(ascii: ".")), dot > 1, dot + 1 < bytes.count else { return false }
        let rest = bytes.part(dot + 1..<bytes.count)
        return ByteClass.hexDigit.containsAll(bytes.part(1..<dot))
            && rest.allSatisfy { ByteClass.hostName.contains($0) || "!$&'()*+,;=:".utf8.contains($0) }
    }

    private static func isHostName(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count <= 255 else { return false }
        return ByteClass.hostName.containsAll(bytes)
    }

    private static func isPort(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count <= 5 else { return false }
        var port = 0
        for byte in bytes {
            guard (0x30...0x39).contains(byte) else { return false }
            port = port * 10 + Int(byte - Byte.zero)
        }
        return port <= 65535
    }
}
