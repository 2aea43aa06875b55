import Glibc
import HTTPTypes
import Locks
import Metrics

/// Counts answered requests by route, and how long they took.
final class RequestMetrics: Sendable {
    private struct Key: Hashable {
        /// Nil when none was found.
        var route: ObjectIdentifier?
        var method: String
        var status: Int
    }

    private struct Handles {
        var count: Counter
        var duration: Timer
    }

    /// Methods that are counted by their names; a client can invent others.
    private static let methods: Set = ["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"]

    private let factory: any MetricsFactory
    private let handles = Lock<[Key: Handles]>([:])

    init(_ factory: any MetricsFactory) {
        self.factory = factory
    }

    /// - Parameter route: nil when none was found.
    func record(_ route: Route?, method: HTTPRequest.Method, status: Int, nanoseconds: UInt64) {
        let name = Self.methods.contains(method.rawValue) ? method.rawValue : "other"
        let key = Key(route: route.map(ObjectIdentifier.init), method: name, status: status)
        let known = handles.withLock { handles in
            if let known = handles[key] { return known }
            let new = makeHandles(of: route?.template ?? "none", key)
            handles[key] = new
            return new
        }
        known.count.increment()
        known.duration.recordNanoseconds(nanoseconds)
    }

    private func makeHandles(of route: String, _ key: Key) -> Handles {
        let labels = [("route", route), ("method", key.method), ("status", String(key.status))]
        return Handles(
            count: Counter(label: "tenbin_http_requests", dimensions: labels, factory: factory),
            duration: Timer(
                label: "tenbin_http_request_duration_seconds", dimensions: [("route", route)], factory: factory))
    }

    static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
