/// How the process ends: what a script can tell from it. `docs/command-line.md` has the same table.
///
/// Most numbers are those of `sysexits.h`.
enum ExitStatus: Int32, CaseIterable {
    case success = 0
    /// Anything that has no number of its own.
    case failure = 1
    /// The job or the comparison ended, but not as succeeded.
    case endedOtherwise = 3
    /// The command line itself is wrong.
    case usage = 64
    /// The server refuses the request (400, 409, 412, 413, 415, 422).
    case refused = 65
    /// A file or folder named on the command line cannot be read.
    case input = 66
    /// No server answers, or none that can be trusted.
    case unreachable = 69
    /// The output cannot be written.
    case output = 74
    /// The server is busy (429, 503), after all that was tried again.
    case busy = 75
    /// The server has no such thing (404).
    case notFound = 76
    /// A key is needed, or may not do this (401, 403).
    case denied = 77
    /// Ctrl-C.
    case interrupted = 130
    /// SIGTERM.
    case terminated = 143

    /// Of an answer that is an error.
    init(answer status: Int) {
        switch status {
        case 400, 409, 412, 413, 415, 422: self = .refused
        case 401, 403: self = .denied
        case 404: self = .notFound
        case 429, 503: self = .busy
        default: self = .failure
        }
    }
}
