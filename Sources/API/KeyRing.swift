import Dispatch
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
        /// What is being done for each key and takes long.
        var holds: [Identifier: [ObjectIdentifier: WeakHold]] = [:]
    }

    private struct WeakHold {
        weak var hold: KeyHold?
    }

    /// A use is written down when the last one written is older than this.
    private static let noteEveryMilliseconds: Int64 = 60_000

    private let services: Services
    private let state: Lock<State>
    /// Whether there ever was a key. Asked for by every request, and never false again.
    private let hadKeys: Atomic<Bool>
    /// Looks for keys that have expired while something is done for them. Made with the first hold.
    private let watch = Lock<(any DispatchSourceTimer)?>(nil)

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

    deinit { watch.withLock { $0?.cancel() } }

    /// Whether requests need a key.
    var isClosed: Bool { hadKeys.load(ordering: .acquiring) || services.settings.requiresKey }

    func add(_ key: KeyRecord) {
        state.withLock { $0.keys[key.id] = key }
        hadKeys.store(true, ordering: .releasing)
    }

    func remove(_ id: Identifier) {
        let ended = state.withLock { state in
            state.keys[id] = nil
            return Self.takeHolds(of: id, &state)
        }
        for hold in ended { hold.end() }
    }

    // MARK: - What takes long

    /// Stands for the key while something is done for it.
    ///
    /// - Throws: `unauthenticated` when the key is not in force any more.
    func hold(_ key: Identifier) throws(APIError) -> KeyHold {
        let hold = KeyHold(key, ring: self)
        let now = services.clock()
        let isTaken = state.withLock { state in
            guard let known = state.keys[key], known.isInForce(at: now) else { return false }
            state.holds[key, default: [:]][ObjectIdentifier(hold)] = WeakHold(hold: hold)
            return true
        }
        guard isTaken else { throw Self.noLongerInForce }
        beginWatch()
        return hold
    }

    /// What was asked for is done, or given up.
    func forget(_ hold: ObjectIdentifier, of key: Identifier) {
        state.withLock { state in
            state.holds[key]?[hold] = nil
            if state.holds[key]?.isEmpty == true { state.holds[key] = nil }
        }
    }

    /// - Throws: `unauthenticated` when the key is not in force any more.
    func check(_ key: Identifier) throws(APIError) {
        let now = services.clock()
        guard state.withLock({ $0.keys[key]?.isInForce(at: now) }) == true else { throw Self.noLongerInForce }
    }

    private func beginWatch() {
        watch.withLock { watch in
            guard watch == nil else { return }
            let timer = DispatchSource.makeTimerSource(queue: services.queue)
            let interval = DispatchTimeInterval.milliseconds(services.settings.keyExpiryCheckMilliseconds)
            timer.schedule(deadline: .now() + interval, repeating: interval)
            timer.setEventHandler { [weak self] in self?.endExpired() }
            timer.resume()
            watch = timer
        }
    }

    private func endExpired() {
        let now = services.clock()
        let ended = state.withLock { state in
            let expired = state.holds.keys.filter { state.keys[$0]?.isInForce(at: now) != true }
            return expired.flatMap { Self.takeHolds(of: $0, &state) }
        }
        for hold in ended { hold.end() }
    }

    /// The holds of a key; they are to end outside the lock.
    private static func takeHolds(of key: Identifier, _ state: inout State) -> [KeyHold] {
        state.holds.removeValue(forKey: key)?.values.compactMap(\.hold) ?? []
    }

    // MARK: - Requests

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
        guard let known, isMatch, known.isInForce(at: now) else {
            throw Self.refusal("the key is not known, has expired or was revoked", "invalid_token")
        }
        noteUse(of: known.id, at: now)
        return Principal(owner: known.owner, scopes: Set(known.scopes.map(\.routeScope)), key: known.id)
    }

    /// The key that a request names, whether or not it proves it.
    static func named(by authorization: String?) -> Identifier? {
        let parts = (authorization ?? "").split(separator: " ", omittingEmptySubsequences: true)
        return parts.count == 2 ? KeySecret(String(parts[1]))?.key : nil
    }

    static let noLongerInForce = refusal("the key has expired or was revoked", "invalid_token")

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

extension KeyRecord {
    fileprivate func isInForce(at now: Timestamp) -> Bool { expiresAt.map { now < $0 } ?? true }
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
