import Locks
import Synchronization

/// How much is going on in all loops together, against the limits.
final class ServerCounters: Sendable {
    private let limits: ServerLimits
    private let connections = Atomic<Int>(0)
    private let requests = Atomic<Int>(0)
    private let byAddress = Lock<[NetworkKey: Int]>([:])

    init(limits: ServerLimits) {
        self.limits = limits
    }

    private let handshakeRefusals = Atomic<Int>(0)

    /// TLS handshakes that failed: no common protocol, no valid client certificate, or no TLS at all.
    var handshakeRefusalCount: Int { handshakeRefusals.load(ordering: .relaxed) }

    func refuseHandshake() { handshakeRefusals.add(1, ordering: .relaxed) }

    var connectionCount: Int { connections.load(ordering: .relaxed) }
    var requestCount: Int { requests.load(ordering: .relaxed) }

    /// Counts a new connection in; false when there are too many already, in all or from there.
    func admit(_ network: NetworkKey?) -> Bool {
        let count = connections.add(1, ordering: .relaxed).newValue
        guard count <= limits.connectionsMax else {
            connections.subtract(1, ordering: .relaxed)
            return false
        }
        guard let network else { return true }
        let isAdmitted = byAddress.withLock { counts in
            let count = counts[network, default: 0]
            guard count < limits.connectionsPerAddressMax else { return false }
            counts[network] = count + 1
            return true
        }
        if !isAdmitted { connections.subtract(1, ordering: .relaxed) }
        return isAdmitted
    }

    func dismiss(_ network: NetworkKey?) {
        connections.subtract(1, ordering: .relaxed)
        guard let network else { return }
        byAddress.withLock { counts in
            let count = counts[network, default: 0]
            counts[network] = count > 1 ? count - 1 : nil
        }
    }

    /// Counts a request in; false when too many are being answered.
    func beginRequest() -> Bool {
        let count = requests.add(1, ordering: .relaxed).newValue
        guard count <= limits.requestsInFlightMax else {
            requests.subtract(1, ordering: .relaxed)
            return false
        }
        return true
    }

    func endRequest() {
        requests.subtract(1, ordering: .relaxed)
    }
}

/// What counts as one place to come from: an IPv4 address, or the /64 network an IPv6 host picks its addresses from.
struct NetworkKey: Hashable, Sendable {
    let prefix: UInt64
}
