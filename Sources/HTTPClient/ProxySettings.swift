import Foundation

/// Which proxy a request goes through, as `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` say.
///
/// Loopback addresses and UNIX sockets are never reached through one.
package struct ProxySettings: Sendable, Equatable {
    private let https: String?
    private let http: String?
    private let exceptions: [Substring]

    package static let none = ProxySettings(https: nil, http: nil, exceptions: nil)

    /// - Parameters:
    ///   - https: the proxy of `https` URLs, `http://[USER:PASSWORD@]HOST:PORT`; nil or empty for none.
    ///   - http: the proxy of `http` URLs.
    ///   - exceptions: hosts that are reached directly, with commas between: a name stands for itself and what is below
    ///     it, an address or CIDR block for itself, `*` for all; each may end in `:PORT`.
    package init(https: String?, http: String?, exceptions: String?) {
        func given(_ text: String?) -> String? { text.flatMap { $0.isEmpty ? nil : $0 } }
        self.https = given(https)
        self.http = given(http)
        self.exceptions = (exceptions ?? "").split { $0 == "," || $0.isWhitespace }
    }

    struct Proxy: Equatable {
        let host: String
        let port: UInt16
        /// The value of `Proxy-Authorization`.
        let credentials: String?
    }

    /// - Throws: `ClientError.proxy` when the setting that applies cannot be used.
    func proxy(for server: ServerURL) throws(ClientError) -> Proxy? {
        guard case .tcp(let host, let port) = server.address, let text = server.isSecure ? https : http,
            !isDirect(host: host, port: port)
        else { return nil }
        let variable = server.isSecure ? "HTTPS_PROXY" : "HTTP_PROXY"
        do throws(ServerURL.Fault) {
            return try Self.proxy(text)
        } catch {
            throw .proxy("\(variable) is not understood: \(error.detail)")
        }
    }

    private static func proxy(_ text: String) throws(ServerURL.Fault) -> Proxy {
        var rest = text[...]
        if let end = rest.range(of: "://") {
            guard rest[..<end.lowerBound].lowercased() == "http" else {
                throw .init(
                    detail: "expected http://[USER:PASSWORD@]HOST:PORT; proxies of other kinds are not spoken to")
            }
            rest = rest[end.upperBound...]
        }
        rest = rest.prefix { $0 != "/" }
        var credentials: String?
        if let at = rest.lastIndex(of: "@") {
            guard let user = String(rest[..<at]).removingPercentEncoding else {
                throw .init(detail: "expected percent signs of the user and password to be written as %25")
            }
            credentials = "Basic " + Data(user.utf8).base64EncodedString()
            rest = rest[at...].dropFirst()
        }
        let (host, port) = try ServerURL.hostAndPort(rest, defaultPort: 80)
        return Proxy(host: host, port: port, credentials: credentials)
    }

    private func isDirect(host: String, port: UInt16) -> Bool {
        let name = host.hasSuffix(".") ? String(host.dropLast()) : host
        let address = IPAddress(name)
        if name == "localhost" || name.hasSuffix(".localhost") || address?.isLoopback == true { return true }
        return exceptions.contains { Self.matches($0, name: name, address: address, port: port) }
    }

    private static func matches(_ exception: Substring, name: String, address: IPAddress?, port: UInt16) -> Bool {
        if exception == "*" { return true }
        var pattern = exception.lowercased()[...]
        // One colon ends a name or an IPv4 address; an IPv6 address has more, and brackets where a port follows.
        if pattern.hasPrefix("[") {
            let inside = pattern.dropFirst().prefix { $0 != "]" }
            let behind = pattern.dropFirst(inside.count + 2)
            if !behind.isEmpty, behind != ":\(port)" { return false }
            pattern = inside
        } else if pattern.filter({ $0 == ":" }).count == 1, let colon = pattern.firstIndex(of: ":") {
            if pattern[colon...] != ":\(port)" { return false }
            pattern = pattern[..<colon]
        }
        if let address {
            let parts = pattern.split(separator: "/", maxSplits: 1)
            guard let first = parts.first, let block = IPAddress(String(first)) else { return false }
            guard parts.count == 2 else { return block == address }
            return Int(parts[1]).map { address.shares($0, with: block) } ?? false
        }
        if pattern.hasPrefix("*.") { pattern = pattern.dropFirst() }
        let domain = pattern.hasPrefix(".") ? pattern.dropFirst() : pattern
        return !domain.isEmpty && (name == domain || name.hasSuffix("." + domain))
    }
}
