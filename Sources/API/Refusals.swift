import Dispatch
import HTTPWire
import Jobs
import Locks
import Logging
import Metrics

/// Counts refused requests by reason and logs them at a bounded rate, so that a client cannot fill the log.
///
/// The first of a reason and an address is told at once. What follows is counted, and told when the silence is over.
final class Refusals: Sendable {
    enum Reason: String, CaseIterable {
        case unauthenticated, forbidden, handshake
        case rateLimited = "rate_limited"

        /// Nil for what is no refusal of this kind.
        init?(_ code: ProblemCode) {
            switch code {
            case .unauthenticated: self = .unauthenticated
            case .forbidden: self = .forbidden
            case .rateLimited: self = .rateLimited
            default: return nil
            }
        }
    }

    private struct Place: Hashable {
        var reason: Reason
        var address: String
    }

    /// What happened since the last line about a place.
    private struct Silence {
        var count = 0
        var key: Identifier?
    }

    /// Places that are told apart at once; beyond that all others are one.
    private static let placesMax = 1_000
    private static let others = "others"

    private let logger: Logger
    private let queue: DispatchQueue
    private let silence: DispatchTimeInterval
    private let counters: [Reason: Counter]
    private let places = Lock<[Place: Silence]>([:])

    init(_ services: Services) {
        logger = services.logger
        queue = services.queue
        silence = .milliseconds(services.settings.refusalSilenceMilliseconds)
        counters = Dictionary(
            uniqueKeysWithValues: Reason.allCases.map { reason in
                let labels = [("reason", reason.rawValue)]
                return (reason, Counter(label: "tenbin_refusals", dimensions: labels, factory: services.metrics))
            })
    }

    /// - Parameter key: the key that was named or used, where one was.
    func note(_ reason: Reason, from address: String, key: Identifier?) {
        counters[reason]?.increment()
        let first = places.withLock { places -> Place? in
            var place = Place(reason: reason, address: address)
            if places[place] == nil, places.count >= Self.placesMax { place.address = Self.others }
            guard var silence = places[place] else {
                places[place] = Silence()
                return place
            }
            silence.count += 1
            silence.key = key ?? silence.key
            places[place] = silence
            return nil
        }
        if let first { tell(first, Silence(count: 1, key: key)) }
    }

    /// Writes a line off the event loop, and keeps quiet for a while.
    private func tell(_ place: Place, _ silence: Silence) {
        queue.async { [self] in
            var metadata: Logger.Metadata = [
                "reason": "\(place.reason.rawValue)", "address": "\(place.address)", "count": "\(silence.count)",
            ]
            if let key = silence.key { metadata["key"] = "\(key)" }
            logger.warning("requests refused", metadata: metadata)
            queue.asyncAfter(deadline: .now() + self.silence) { [weak self] in self?.endSilence(of: place) }
        }
    }

    private func endSilence(of place: Place) {
        let missed = places.withLock { places -> Silence? in
            let silence = places[place]
            let isQuiet = (silence?.count ?? 0) == 0
            places[place] = isQuiet ? nil : Silence()
            return isQuiet ? nil : silence
        }
        if let missed { tell(place, missed) }
    }
}
