import Dispatch
import Glibc

/// Ends a command that only looks on, at Ctrl-C or SIGTERM, with a word about what goes on without it.
final class Interruption {
    private let sources: [any DispatchSourceSignal]

    /// - Parameter text: said on standard error. The exit status is 130 for Ctrl-C and 143 for SIGTERM.
    init(_ text: String) {
        let queue = DispatchQueue(label: "tenbin.interruption")
        sources = [SIGINT, SIGTERM].map { number in
            // The default action would end the process before the source hears of the signal.
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                // On a terminal ^C and perhaps a progress bar stand in the line.
                if isatty(STDERR_FILENO) == 1 { StandardError.write("\r\u{1B}[K") }
                StandardError.say(text)
                // Every line of output was flushed when it was printed.
                _exit(128 + number)
            }
            source.resume()
            return source
        }
    }
}
