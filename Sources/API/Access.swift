import HTTPTypes
import HTTPWire
import Jobs

/// Who asks, and what they may do.
struct Principal: Sendable, Hashable {
    /// Resources belong to this name.
    var owner: String
    var scopes: Set<Route.Scope>
    /// The key that was sent; nil without one.
    var key: Identifier?

    /// Whose things it sees: nil for everybody's.
    var visibleOwner: String? { scopes.contains(.admin) ? nil : owner }

    func may(_ scope: Route.Scope) -> Bool {
        scope == .open || scopes.contains(scope) || scopes.contains(.admin)
    }

    /// The only user of a server without keys.
    static let local = Principal(owner: "local", scopes: [.read, .write, .admin])
}

/// Decides who a request comes from, and whether they may make it.
struct Access: Sendable {
    /// Origins that browsers may call from, besides the server's own.
    let corsOrigins: [String]
    let keys: KeyRing

    private static let loopbackHosts = ["localhost", "127.0.0.1", "[::1]"]

    /// - Throws: `misdirected-request` or `forbidden` where there are no keys: then whoever reaches the port is let in, so
    ///   a browser must not be led here by a name somebody else controls (DNS rebinding) or from a foreign page.
    func checkSurroundings(of head: RequestHead) throws(APIError) {
        guard !keys.isClosed else { return }
        if let authority = head.authority, !Self.isLoopback(authority) {
            throw APIError(
                .misdirectedRequest,
                "without keys the host must be localhost, 127.0.0.1 or [::1], not \"\(authority.prefix(200))\"")
        }
        if let origin = head.fields[.origin], !isAllowed(origin: origin, head) {
            throw APIError(.forbidden, "requests from the origin \"\(origin.prefix(200))\" are not allowed")
        }
        if let site = head.fields[.secFetchSite], Self.foreignSites.contains(site), !mayComeFromAnotherSite(head) {
            throw APIError(
                .forbidden,
                "without keys, pages of other sites may not send requests here; allow their origin with --cors-origin")
        }
    }

    /// What a browser says of a request that another site's page makes it send (W3C Fetch Metadata, section 2.3).
    private static let foreignSites: Set = ["cross-site", "same-site"]

    /// A link to the dashboard may be followed, and a page of an allowed origin may ask.
    private func mayComeFromAnotherSite(_ head: RequestHead) -> Bool {
        if let origin = head.fields[.origin] { return corsOrigins.contains(origin) }
        let path = (head.path ?? "").prefix { $0 != "?" }
        return head.fields[.secFetchMode] == "navigate" && path == "/" && [.get, .head].contains(head.method)
    }

    /// Who asks for something that needs `scope`.
    ///
    /// - Throws: `unauthenticated`, or `forbidden` when the key does not allow it.
    func principal(of head: RequestHead, for scope: Route.Scope) throws(APIError) -> Principal {
        if scope == .open { return Principal(owner: "", scopes: []) }
        let authorization = head.fields[.authorization]
        guard keys.isClosed || authorization != nil else { return .local }
        let principal = try keys.principal(authorization: authorization)
        guard principal.may(scope) else {
            throw APIError(
                .forbidden, "the key does not have the scope \(scope.rawValue)",
                fields: [
                    .wwwAuthenticate:
                        "Bearer realm=\"tenbin\", error=\"insufficient_scope\", scope=\"\(scope.rawValue)\""
                ])
        }
        return principal
    }

    private func isAllowed(origin: String, _ head: RequestHead) -> Bool {
        if corsOrigins.contains(origin) { return true }
        guard let authority = head.authority?.lowercased() else { return false }
        return origin == "http://" + authority || origin == "https://" + authority
    }

    /// Whether the host of `host:port`, brackets kept, is this machine.
    private static func isLoopback(_ authority: String) -> Bool {
        let bytes = authority.utf8
        let end =
            bytes.first == UInt8(ascii: "[")
            ? bytes.firstIndex(of: UInt8(ascii: "]")).map(bytes.index(after:))
            : bytes.firstIndex(of: UInt8(ascii: ":"))
        let host = bytes[..<(end ?? bytes.endIndex)]
        return loopbackHosts.contains { $0.utf8.elementsEqual(host) }
            || loopbackHosts.contains(String(Substring(host)).lowercased())
    }
}
