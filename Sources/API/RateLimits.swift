import HTTPTypes
import Jobs
import Locks

/// How many requests each key may make: a bucket that refills steadily (draft-ietf-httpapi-ratelimit-headers).
final class RateLimits: Sendable {
    private struct Bucket {
        /// Requests left; fractions grow with time.
        var left: Double
        var at: Timestamp
    }

    static let windowSeconds = 60

    private let requestsPerWindow: Int
    private let clock: @Sendable () -> Timestamp
    private let buckets = Lock<[Identifier: Bucket]>([:])

    init(requestsPerWindow: Int, clock: @escaping @Sendable () -> Timestamp) {
        self.requestsPerWindow = max(1, requestsPerWindow)
        self.clock = clock
    }

    /// Takes one request from the key's bucket. Returns the fields that tell what is left.
    ///
    /// - Throws: `rate-limited` when there is none.
    func take(_ key: Identifier) throws(APIError) -> HTTPFields {
        let now = clock()
        let rate = Double(requestsPerWindow) / Double(Self.windowSeconds)
        let left = buckets.withLock { buckets in
            var bucket = buckets[key] ?? Bucket(left: Double(requestsPerWindow), at: now)
            let seconds = Double(max(0, now.milliseconds - bucket.at.milliseconds)) / 1_000
            bucket.left = min(Double(requestsPerWindow), bucket.left + seconds * rate)
            bucket.at = max(bucket.at, now)
            let left = bucket.left
            if left >= 1 { bucket.left -= 1 }
            buckets[key] = bucket
            return left
        }
        guard left >= 1 else {
            let wait = max(1, Int(((1 - left) / rate).rounded(.up)))
            var fields = fields(left: 0, wait: wait)
            fields[.retryAfter] = String(wait)
            throw APIError(
                .rateLimited, "the key may make \(requestsPerWindow) requests in \(Self.windowSeconds) seconds",
                fields: fields)
        }
        let missing = Double(requestsPerWindow) - (left - 1)
        return fields(left: Int(left - 1), wait: Int((missing / rate).rounded(.up)))
    }

    /// `wait`: seconds until more is left.
    private func fields(left: Int, wait: Int) -> HTTPFields {
        [
            .rateLimitPolicy: "\"key\";q=\(requestsPerWindow);w=\(Self.windowSeconds)",
            .rateLimit: "\"key\";r=\(left);t=\(wait)",
        ]
    }
}
