/// Where a server is: `http://HOST[:PORT][/BASE]`, `https://…` or `unix:PATH`.
package struct ServerURL: Sendable, Equatable {
    package let address: HTTPClient.Address
    /// Whether TLS is spoken.
    package let isSecure: Bool
    /// What every target begins with: empty, or a path without a slash at its end.
    package let basePath: String

    /// What is wrong with the text, in words that follow it.
    package struct Fault: Error, Equatable {
        package let detail: String
    }

    package init(_ address: HTTPClient.Address, isSecure: Bool = false, basePath: String = "") {
        self.address = address
        self.isSecure = isSecure
        self.basePath = basePath
    }

    package init(_ text: String) throws(Fault) {
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) || text.hasPrefix("unix:") else {
            throw Fault(detail: "expected letters, digits and signs of ASCII; write other names as xn--…")
        }
        if text.hasPrefix("unix:") {
            let path = text.dropFirst("unix:".count)
            guard !path.isEmpty, !path.utf8.contains(0) else { throw Fault(detail: "expected unix:PATH") }
            self.init(.unix(path: String(path)))
            return
        }
        let scheme = text.prefix { $0 != ":" }.lowercased()
        let isSecure = scheme == "https"
        guard isSecure || scheme == "http", text.dropFirst(scheme.count).hasPrefix("://") else {
            throw Fault(detail: "expected http://HOST:PORT, https://HOST:PORT or unix:PATH")
        }
        let rest = text.dropFirst(scheme.count + "://".count)
        let authority = rest.prefix { !"/?#\\".contains($0) }
        guard !authority.contains("@") else { throw Fault(detail: "a URL with a user's name or password is not taken") }
        let path = rest.dropFirst(authority.count)
        guard path.utf8.allSatisfy({ !Self.outsidePath.contains($0) }), Self.isPercentEncoded(path) else {
            throw Fault(detail: "expected a path behind the host, without a query")
        }
        let (host, port) = try Self.hostAndPort(authority, defaultPort: isSecure ? 443 : 80)
        var base = path
        while base.hasSuffix("/") { base = base.dropLast() }
        self.init(.tcp(host: host, port: port), isSecure: isSecure, basePath: String(base))
    }

    /// What ends a path, and what no URL may hold as it is (RFC 3986 section 3.3).
    private static let outsidePath = Set("?#\\\"<>^`{|}".utf8)

    private static func isPercentEncoded(_ path: Substring) -> Bool {
        path.split(separator: "%", omittingEmptySubsequences: false).dropFirst().allSatisfy { part in
            part.prefix(2).utf8.count == 2 && part.prefix(2).allSatisfy(\.isHexDigit)
        }
    }

    static func hostAndPort(
        _ authority: Substring, defaultPort: UInt16
    ) throws(Fault) -> (host: String, port: UInt16) {
        let host: Substring
        let rest: Substring
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { throw Fault(detail: "expected ] behind the address") }
            host = authority[..<end].dropFirst()
            rest = authority[end...].dropFirst()
            guard IPAddress(String(host.prefix { $0 != "%" }))?.isVersion6 == true else {
                throw Fault(detail: "expected an IPv6 address between [ and ]")
            }
        } else {
            host = authority.prefix { $0 != ":" }
            rest = authority.dropFirst(host.count)
            guard host.utf8.allSatisfy(isHostByte) else { throw Fault(detail: "expected a host's name or address") }
        }
        guard !host.isEmpty, host.utf8.count <= 253 else { throw Fault(detail: "expected a host's name or address") }
        if rest.isEmpty || rest == ":" { return (host.lowercased(), defaultPort) }
        guard rest.hasPrefix(":"), rest.dropFirst().utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let port = UInt16(rest.dropFirst()), port > 0
        else { throw Fault(detail: "expected a port from 1 to 65535") }
        return (host.lowercased(), port)
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"): true
        default: false
        }
    }

    /// The value of `Host`; the port is left out where it is the scheme's own.
    var authority: String {
        guard case .tcp(let host, let port) = address else { return "localhost" }
        let name = host.contains(":") ? "[\(host.prefix { $0 != "%" })]" : host
        return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
    }
}

extension HTTPClient {
    /// What a socket is connected to.
    package enum Address: Equatable, Sendable {
        case tcp(host: String, port: UInt16)
        case unix(path: String)
    }
}
