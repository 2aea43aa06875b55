import Glibc
import HTTPTypes
import Locks

/// Counts answered requests by route, and how long they took.
final class RequestMetrics: Sendable {
    private struct Key: Hashable {
        var route: String
        var method: String
        var status: Int
    }

    private struct State {
        var counts: [Key: Int] = [:]
        var seconds: [String: Histogram] = [:]
    }

    /// Methods that are counted by their names; a client can invent others.
    private static let methods: Set = ["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"]

    private let state = Lock(State())

    /// - Parameter route: the template; nil when none was found.
    func record(route: String?, method: HTTPRequest.Method, status: Int, nanoseconds: UInt64) {
        let route = route ?? "none"
        let name = Self.methods.contains(method.rawValue) ? method.rawValue : "other"
        state.withLock { state in
            state.counts[Key(route: route, method: name, status: status), default: 0] += 1
            state.seconds[route, default: Histogram()].add(Double(nanoseconds) / 1e9)
        }
    }

    func write(to exposition: inout Exposition) {
        let state = self.state.withLock { $0 }
        exposition.family(
            "tenbin_http_requests", .counter, "Requests answered.",
            state.counts.map { key, count in
                (
                    [("route", key.route), ("method", key.method), ("status", String(key.status))], Double(count)
                )
            }.sorted { "\($0.0)" < "\($1.0)" })
        exposition.histograms(
            "tenbin_http_request_duration_seconds", "From a request's head to its answer's.",
            state.seconds.sorted { $0.key < $1.key }.map { ([("route", $0.key)], $0.value) })
    }

    static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
