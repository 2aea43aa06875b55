import Foundation
import HTTPClient

/// Goes on asking a server that is away or busy, for so long after its last good answer.
final class Patience {
    private let seconds: Double
    private let wait: (Double) -> Void
    private let tell: (String) -> Void
    /// When it ends; nil while the server answers.
    private var end: Deadline?
    private var pauseSeconds = Patience.pauseSecondsMin

    static let secondsDefault = 300.0

    private static let pauseSecondsMin = 0.25
    private static let pauseSecondsMax = 5.0

    /// - Parameters:
    ///   - seconds: how long a server that does not answer is asked again; 0 gives up at once.
    ///   - wait: sleeps.
    ///   - tell: what is said once when the waiting begins, and when it is over.
    init(seconds: Double, wait: @escaping (Double) -> Void, tell: @escaping (String) -> Void) {
        self.seconds = seconds
        self.wait = wait
        self.tell = tell
    }

    /// Sleeps and speaks on standard error.
    convenience init(seconds: Double) {
        self.init(seconds: seconds, wait: { usleep(UInt32($0 * 1_000_000)) }, tell: StandardError.say)
    }

    /// Runs `body` again until it gets an answer.
    ///
    /// - Throws: the last failure when time is up, and at once what asking again would not change.
    func insist<Value>(_ body: () throws -> Value) throws -> Value {
        while true {
            do {
                let value = try body()
                answered()
                return value
            } catch {
                try pause(after: error)
            }
        }
    }

    /// The server has answered: the next failure gets the whole time again.
    func answered() {
        if end != nil { tell("the server answers again") }
        end = nil
        pauseSeconds = Self.pauseSecondsMin
    }

    private func pause(after error: any Error) throws {
        guard let asked = Self.pauseAsked(by: error) else { throw error }
        let end = self.end ?? Deadline(seconds: seconds)
        guard !end.hasPassed, let left = end.secondsLeft else { throw error }
        if self.end == nil { tell("\(error); trying again for \(Int(seconds)) seconds") }
        self.end = end
        wait(min(max(pauseSeconds, asked), left))
        pauseSeconds = min(pauseSeconds * 2, Self.pauseSecondsMax)
    }

    /// How long to wait at least, in seconds; nil for a failure that will not pass by itself.
    private static func pauseAsked(by error: any Error) -> Double? {
        switch error {
        case ClientError.cannotConnect, ClientError.closed, ClientError.timedOut: 0
        case let failure as APIFailure where [429, 502, 503, 504].contains(failure.status):
            min(max(failure.retryAfterSeconds ?? 0, 0), 60)
        default: nil
        }
    }
}
