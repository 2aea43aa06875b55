import Dispatch
import Glibc

/// Turns termination signals into calls: the first asks to end in order, the second ends at once.
final class Signals {
    private var sources: [any DispatchSourceSignal]

    /// - Parameter onTerminate: runs once, on `queue`, at the first SIGTERM or SIGINT.
    init(queue: DispatchQueue, onTerminate: @escaping @Sendable () -> Void) {
        let count = Count()
        sources = [SIGTERM, SIGINT].map { number in
            // The default action would end the process before the source hears of the signal.
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                count.value += 1
                // Nothing is lost by ending here: whatever was acknowledged is on disk.
                if count.value > 1 { _exit(128 + number) }
                onTerminate()
            }
            source.resume()
            return source
        }
        // A peer that goes away is an error of a write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
    }

    /// Calls `action` at every SIGHUP.
    func onHangUp(queue: DispatchQueue, _ action: @escaping @Sendable () -> Void) {
        signal(SIGHUP, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: SIGHUP, queue: queue)
        source.setEventHandler(handler: action)
        source.resume()
        sources.append(source)
    }

    /// How many signals came.
    private final class Count: @unchecked Sendable {
        // Touched by event handlers only, which all run on the one serial queue: hence the @unchecked.
        var value = 0
    }
}
