import Glibc
import HTTPTypes
import Locks
import Metrics

/// Counts answered requests by route, and how long they took.
final class RequestMetrics: Sendable {
    private struct Key: Hashable {
        var route: String
        var method: String
        var status: Int
    }

    private struct Handles {
        var counts: [Key: Counter] = [:]
        var durations: [String: Timer] = [:]
    }

    /// Methods that are counted by their names; a client can invent others.
    private static let methods: Set = ["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"]

    private let factory: any MetricsFactory
    private let handles = Lock(Handles())

    init(_ factory: any MetricsFactory) {
        self.factory = factory
    }

    /// - Parameter route: the template; nil when none was found.
    func record(route: String?, method: HTTPRequest.Method, status: Int, nanoseconds: UInt64) {
        let route = route ?? "none"
        let name = Self.methods.contains(method.rawValue) ? method.rawValue : "other"
        let key = Key(route: route, method: name, status: status)
        let (count, duration) = handles.withLock { (makeCounter(key, &$0), makeTimer(route, &$0)) }
        count.increment()
        duration.recordNanoseconds(nanoseconds)
    }

    private func makeCounter(_ key: Key, _ handles: inout Handles) -> Counter {
        if let known = handles.counts[key] { return known }
        let labels = [("route", key.route), ("method", key.method), ("status", String(key.status))]
        let new = Counter(label: "tenbin_http_requests", dimensions: labels, factory: factory)
        handles.counts[key] = new
        return new
    }

    private func makeTimer(_ route: String, _ handles: inout Handles) -> Timer {
        if let known = handles.durations[route] { return known }
        let new = Timer(
            label: "tenbin_http_request_duration_seconds", dimensions: [("route", route)], factory: factory)
        handles.durations[route] = new
        return new
    }

    static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
