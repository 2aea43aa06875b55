import HTTPTypes
import JobStore
import Jobs
import Locks
import Logging
import Synchronization

/// The keys in force, in memory, so that checking a request takes microseconds on the event loop.
final class KeyRing: Sendable {
    private struct State {
        var keys: [Identifier: KeyRecord] = [:]
        /// When each key's last use was written down.
        var noted: [Identifier: Timestamp] = [:]
    }

    /// A use is written down when the last one written is older than this.
    private static let noteEveryMilliseconds: Int64 = 60_000

    private let services: Services
    private let state: Lock<State>
    /// Whether there ever was a key. Asked for by every request, and never false again.
    private let hadKeys: Atomic<Bool>

    /// Keys that cannot be read close the door: nobody gets in.
    init(_ services: Services) {
        self.services = services
        do {
            let keys = try services.store.allKeys()
            hadKeys = Atomic(try services.store.hadKeys())
            state = Lock(State(keys: Dictionary(keys.map { ($0.id, $0) }) { first, _ in first }))
        } catch {
            services.logger.error("the keys cannot be read: \(error)")
            hadKeys = Atomic(true)
            state = Lock(State())
        }
    }

    /// Whether requests need a key.
    var isClosed: Bool { hadKeys.load(ordering: .acquiring) || services.settings.requiresKey }

    func add(_ key: KeyRecord) {
        state.withLock { $0.keys[key.id] = key }
        hadKeys.store(true, ordering: .releasing)
    }

    func remove(_ id: Identifier) {
        state.withLock { $0.keys[id] = nil }
    }

    /// The principal of `Authorization` (RFC 6750 section 2.1).
    ///
    /// - Throws: `unauthenticated`, whatever is wrong: that a key exists is nobody's business.
    func principal(authorization: String?) throws(APIError) -> Principal {
        guard let authorization else { throw Self.refusal("this server needs a key", nil) }
        let parts = authorization.split(separator: " ", omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "bearer", let secret = KeySecret(String(parts[1])) else {
            throw Self.refusal("Authorization must be \"Bearer\" and a key", "invalid_token")
        }
        let now = services.clock()
        let known = state.withLock { $0.keys[secret.key] }
        // A key that is not there is compared all the same.
        let isMatch = secret.matches(sha256: known?.sha256 ?? Self.noDigest)
        guard let known, isMatch, known.expiresAt.map({ now < $0 }) ?? true else {
            throw Self.refusal("the key is not known, has expired or was revoked", "invalid_token")
        }
        noteUse(of: known.id, at: now)
        return Principal(owner: known.owner, scopes: Set(known.scopes.map(\.routeScope)), key: known.id)
    }

    private static let noDigest = String(repeating: "0", count: 64)

    private static func refusal(_ detail: String, _ error: String?) -> APIError {
        let challenge = "Bearer realm=\"tenbin\"" + (error.map { ", error=\"\($0)\"" } ?? "")
        return APIError(.unauthenticated, detail, fields: [.wwwAuthenticate: challenge])
    }

    private func noteUse(of id: Identifier, at now: Timestamp) {
        let isDue = state.withLock { state in
            let last = state.noted[id]?.milliseconds ?? Int64.min / 2
            guard now.milliseconds - last >= Self.noteEveryMilliseconds else { return false }
            state.noted[id] = now
            return true
        }
        guard isDue else { return }
        // Losing one costs a minute of accuracy, so nobody waits for it.
        services.store.noteUse(of: id, at: now).commit { _ in }
    }
}

extension KeyScope {
    fileprivate var routeScope: Route.Scope {
        switch self {
        case .read: .read
        case .write: .write
        case .admin: .admin
        }
    }
}
