import COpenSSL
import Glibc

/// One TLS connection over a socket that never waits. Confined to its loop.
final class TLSSession {
    private let session: OpaquePointer
    /// Whether the handshake is done.
    private(set) var isEstablished = false
    /// After a fatal error nothing may be asked of the session any more.
    private var isBroken = false

    /// The most that goes into one record, RFC 8446 section 5.1.
    static let recordBytes = 16 * 1024

    init(owning session: OpaquePointer) { self.session = session }

    deinit { SSL_free(session) }

    enum HandshakeStep {
        case done
        case wantsInput
        case wantsRoom
        case failed
    }

    /// Goes on with the handshake as far as it goes without waiting.
    func shakeHands() -> HandshakeStep {
        ERR_clear_error()
        let status = SSL_do_handshake(session)
        if status == 1 {
            isEstablished = true
            return .done
        }
        switch SSL_get_error(session, status) {
        case SSL_ERROR_WANT_READ: return .wantsInput
        case SSL_ERROR_WANT_WRITE: return .wantsRoom
        default:
            isBroken = true
            ERR_clear_error()
            return .failed
        }
    }

    /// What ALPN has settled on; nil when the client did not ask.
    var isHTTP2: Bool? {
        var name: UnsafePointer<UInt8>?
        var length: UInt32 = 0
        SSL_get0_alpn_selected(session, &name, &length)
        guard length > 0 else { return nil }
        return UnsafeBufferPointer(start: name, count: Int(length)).elementsEqual("h2".utf8)
    }

    /// The subject of the client's certificate (RFC 2253), which has been verified; nil without one.
    var clientSubject: String? {
        guard let certificate = SSL_get1_peer_certificate(session) else { return nil }
        defer { X509_free(certificate) }
        guard SSL_get_verify_result(session) == Int(X509_V_OK), let memory = BIO_new(BIO_s_mem()) else { return nil }
        defer { BIO_free(memory) }
        X509_NAME_print_ex(memory, X509_get_subject_name(certificate), 0, COpenSSL_name_format)
        var text = [UInt8](repeating: 0, count: 1024)
        let count = BIO_read(memory, &text, Int32(text.count))
        return count > 0 ? String(decoding: text[..<Int(count)], as: UTF8.self) : nil
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> TransferResult {
        guard !isBroken else { return .failed }
        ERR_clear_error()
        var count = 0
        let status = SSL_read_ex(session, buffer.baseAddress, buffer.count, &count)
        // Further records may be buffered already, and no edge will tell of them: only "want read" means there is no more.
        return status == 1 ? .moved(count, isPartial: false) : failure(status)
    }

    /// Writes `bytes`, which begin with whatever an earlier attempt could not write, up to one record.
    func write(_ bytes: UnsafeRawBufferPointer) -> TransferResult {
        guard !isBroken else { return .failed }
        ERR_clear_error()
        var count = 0
        let status = SSL_write_ex(session, bytes.baseAddress, bytes.count, &count)
        return status == 1 ? .moved(count, isPartial: false) : failure(status)
    }

    private func failure(_ status: Int32) -> TransferResult {
        switch SSL_get_error(session, status) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .wouldBlock
        case SSL_ERROR_ZERO_RETURN: return .ended
        default:
            isBroken = true
            ERR_clear_error()
            return .failed
        }
    }

    /// Tells the peer that nothing more will be sent, as far as that goes without waiting.
    func sayGoodbye() {
        guard isEstablished, !isBroken else { return }
        ERR_clear_error()
        SSL_shutdown(session)
        ERR_clear_error()
    }
}
