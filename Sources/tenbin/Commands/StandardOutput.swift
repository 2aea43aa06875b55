@preconcurrency import Glibc

/// Standard output, on which nothing may get lost unnoticed.
enum StandardOutput {
    /// Hands what was printed to the system.
    ///
    /// - Throws: `OutputFailure` when that, or anything printed before, could not be written.
    static func flush() throws(OutputFailure) {
        errno = 0
        guard fflush(stdout) == 0, ferror(stdout) == 0 else { throw OutputFailure(code: errno) }
    }
}

/// Why the output is not complete.
struct OutputFailure: Error, CustomStringConvertible {
    /// The errno; 0 when it is not known any more.
    let code: Int32

    var description: String {
        "cannot write the output" + (code == 0 ? "" : ": \(String(cString: strerror(code)))")
    }
}

/// Standard error: what is said to people beside the output.
enum StandardError {
    static func write(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            // There is nobody left to tell.
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }

    static func say(_ text: String) {
        write("tenbin: \(text)\n")
    }
}
