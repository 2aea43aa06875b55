import HTTPTypes
import HTTPWire

/// Who asks, and what they may do.
struct Principal: Sendable, Hashable {
    /// Resources belong to this name.
    var owner: String
    var scopes: Set<Route.Scope>

    /// Whose things it sees: nil for everybody's.
    var visibleOwner: String? { scopes.contains(.admin) ? nil : owner }

    /// The only user of a server without keys.
    static let local = Principal(owner: "local", scopes: [.read, .write, .admin])
}

/// Decides who a request comes from.
struct Access: Sendable {
    /// Origins that browsers may call from, besides the server's own.
    let corsOrigins: [String]

    private static let loopbackHosts: Set = ["localhost", "127.0.0.1", "[::1]"]

    /// - Throws: `misdirected-request` or `forbidden`. Without keys whoever reaches the port is let in, so a browser must
    ///   not be led here by a name somebody else controls (DNS rebinding) or from a foreign page.
    func principal(of head: RequestHead) throws(APIError) -> Principal {
        if let authority = head.request.authority, !Self.loopbackHosts.contains(Self.host(of: authority)) {
            throw APIError(
                .misdirectedRequest,
                "without keys the host must be localhost, 127.0.0.1 or [::1], not \"\(authority.prefix(200))\"")
        }
        if let origin = head.request.headerFields[.origin], !isAllowed(origin: origin, head) {
            throw APIError(.forbidden, "requests from the origin \"\(origin.prefix(200))\" are not allowed")
        }
        return .local
    }

    private func isAllowed(origin: String, _ head: RequestHead) -> Bool {
        if corsOrigins.contains(origin) { return true }
        guard let authority = head.request.authority?.lowercased() else { return false }
        return origin == "http://" + authority || origin == "https://" + authority
    }

    /// The host of `host:port`, brackets kept.
    private static func host(of authority: String) -> String {
        let lowered = authority.lowercased()
        if lowered.hasPrefix("["), let end = lowered.firstIndex(of: "]") { return String(lowered[...end]) }
        return String(lowered.prefix { $0 != ":" })
    }
}
