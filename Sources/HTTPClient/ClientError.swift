import CLinux
import Glibc

/// Why there is no answer.
package enum ClientError: Error, Equatable, CustomStringConvertible {
    case cannotConnect(String)
    /// The connection ended before the answer was complete.
    case closed
    /// Nothing happened for so long; what was waited for.
    case timedOut(String)
    case notHTTP(String)
    /// The answer is longer than the reader allows, in bytes.
    case tooLarge(bytesMax: Int)
    case tls(TLSFailure)
    /// A proxy stands between and does not let the request through.
    case proxy(String)
    /// A text that would break the request's syntax.
    case notSendable(String)
    case unreadable(path: String, Int32)
    case unwritable(path: String, Int32)

    package var description: String {
        switch self {
        case .cannotConnect(let detail): "cannot reach the server: \(detail)"
        case .closed: "the server closed the connection before its answer was complete"
        case .timedOut(let what): "timed out: \(what)"
        case .notHTTP(let detail): "the server's answer is not HTTP/1.1: \(detail)"
        case .tooLarge(let bytesMax): "the server's answer is longer than \(bytesMax) bytes"
        case .tls(let failure): failure.description
        case .proxy(let detail): "cannot go through the proxy: \(detail)"
        case .notSendable(let detail): "cannot send the request: \(detail)"
        case .unreadable(let path, let code): "cannot read \(path): \(systemMessage(code))"
        case .unwritable(let path, let code): "cannot write \(path): \(systemMessage(code))"
        }
    }
}

/// Why there is no TLS connection. Nothing was sent.
package enum TLSFailure: Error, Equatable, CustomStringConvertible {
    /// The certificate is good, but for other names.
    case wrongName(host: String)
    case expired
    case notYetValid
    /// No authority that this client trusts has signed the certificate; in OpenSSL's words.
    case untrusted(String)
    /// Anything else that is wrong with the certificate, in OpenSSL's words.
    case badCertificate(String)
    /// There is no version of TLS that both sides allow.
    case version
    /// What answers does not speak TLS.
    case notTLS
    /// The server wants a client certificate and got none.
    case clientCertificateWanted
    /// The server refuses this client's certificate, in OpenSSL's words.
    case clientCertificateRefused(String)
    /// A file of this client's own cannot be used.
    case unusableFile(path: String, String)
    /// The connection ended in the middle of the handshake.
    case cutOff
    case other(String)

    package var description: String {
        switch self {
        case .wrongName(let host): "the server's certificate is not for \(host)"
        case .expired: "the server's certificate has expired"
        case .notYetValid: "the server's certificate is not valid yet; is this machine's clock right?"
        case .untrusted(let reason): "no trusted authority has signed the server's certificate: \(reason)"
        case .badCertificate(let reason): "the server's certificate is not accepted: \(reason)"
        case .version: "the server speaks no TLS of version 1.2 or later"
        case .notTLS: "the server does not speak TLS on this port"
        case .clientCertificateWanted: "the server wants a client certificate"
        case .clientCertificateRefused(let reason): "the server refuses the client certificate: \(reason)"
        case .unusableFile(let path, let reason): "cannot use \(path): \(reason)"
        case .cutOff: "the server closed the connection during the TLS handshake"
        case .other(let reason): "no TLS connection: \(reason)"
        }
    }
}

/// The system's words for an errno.
func systemMessage(_ code: Int32) -> String {
    var buffer = [CChar](repeating: 0, count: 128)
    // The XSI form, which fills the buffer; unknown numbers are put in words too.
    guard __xpg_strerror_r(code, &buffer, buffer.count) == 0 else { return "error \(code)" }
    let end = buffer.firstIndex(of: 0) ?? buffer.count
    return String(decoding: buffer[..<end].map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
