import Glibc

/// Why a server could not start.
package enum ServerError: Error, Sendable, Hashable {
    /// A system call failed; `code` is its errno.
    case system(operation: String, code: Int32)
    /// A name or address could not be resolved.
    case unresolved(host: String, reason: String)
    case pathTooLong(path: String)
    /// Something that is no stale socket lives at the path, or a server still answers there.
    case pathInUse(path: String)
    /// The descriptor is no listening stream socket.
    case notListening(descriptor: Int32)
    /// A certificate, key or setting that OpenSSL does not take.
    case tls(operation: String, _ reason: String)
    /// The system's libnghttp2 lacks security fixes.
    case unsafeLibrary(version: String, missingFixes: [String])
}

extension ServerError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .system(let operation, EMFILE):
            "\(operation): \(systemMessage(EMFILE)); raise \"ulimit -n\" to at least 1024"
        case .system(let operation, let code): "\(operation): \(systemMessage(code))"
        case .unresolved(let host, let reason): "cannot resolve \(host): \(reason)"
        case .pathTooLong(let path): "the socket path is too long: \(path)"
        case .pathInUse(let path): "the path is in use: \(path)"
        case .notListening(let descriptor): "descriptor \(descriptor) is no listening stream socket"
        case .tls(let operation, let reason): "TLS: \(operation): \(reason)"
        case .unsafeLibrary(let version, let fixes):
            "libnghttp2 \(version) lacks the fixes of \(fixes.joined(separator: ", "))"
        }
    }
}
