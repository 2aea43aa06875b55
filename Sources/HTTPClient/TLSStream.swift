import COpenSSL
import Glibc

/// TLS over a socket, as a client. The bytes pass through memory, so that the socket's deadlines are the only waits.
final class TLSStream {
    private let socket: SocketStream
    private let session: OpaquePointer
    private let host: String
    /// Records from the server; owned by the session.
    private let incoming: OpaquePointer
    /// Records for the server; owned by the session.
    private let outgoing: OpaquePointer
    private var record = [UInt8](repeating: 0, count: 1 << 15)

    /// Shakes hands: shows the server the name that is meant (SNI, RFC 6066), and holds its certificate against it.
    init(
        over socket: SocketStream, _ context: TLSContext, host: String, before deadline: Deadline
    ) throws(ClientError) {
        guard let session = SSL_new(context.pointer) else { throw .tls(.other(TLSErrors.take().words)) }
        guard let incoming = BIO_new(BIO_s_mem()), let outgoing = BIO_new(BIO_s_mem()) else {
            SSL_free(session)
            throw .tls(.other(TLSErrors.take().words))
        }
        SSL_set_bio(session, incoming, outgoing)
        (self.socket, self.session, self.incoming, self.outgoing) = (socket, session, incoming, outgoing)
        // A zone names an interface of this machine, and a dot at the end the root: neither stands in a certificate.
        let name = host.prefix { $0 != "%" }
        self.host = String(name.hasSuffix(".") ? name.dropLast() : name)
        try expectHost()
        SSL_set_connect_state(session)
        try shakeHands(before: deadline)
    }

    deinit { SSL_free(session) }

    private func expectHost() throws(ClientError) {
        let status: Int32
        if IPAddress(host) != nil {
            status = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host)
        } else {
            SSL_set_hostflags(session, COpenSSL_host_flags)
            status = SSL_set1_host(session, host) == 1 && COpenSSL_set_server_name(session, host) == 1 ? 1 : 0
        }
        let protocols = [UInt8(8)] + Array("http/1.1".utf8)
        // This one returns 0 when it went well.
        guard status == 1, SSL_set_alpn_protos(session, protocols, UInt32(protocols.count)) == 0 else {
            throw .tls(.other(TLSErrors.take().words))
        }
    }

    private func shakeHands(before deadline: Deadline) throws(ClientError) {
        while true {
            ERR_clear_error()
            let status = SSL_do_handshake(session)
            let outcome = SSL_get_error(session, status)
            guard outcome == SSL_ERROR_NONE || outcome == SSL_ERROR_WANT_READ else {
                let failure = TLSErrors.failure(of: session, host: host)
                // Tells the server why.
                try? flush(before: deadline)
                throw .tls(failure)
            }
            try flush(before: deadline)
            if outcome == SSL_ERROR_NONE { return }
            guard try fill(before: deadline) else { throw .tls(.cutOff) }
        }
    }

    var isReadable: Bool { SSL_pending(session) > 0 || BIO_ctrl_pending(incoming) > 0 || socket.isReadable }

    func write(_ bytes: UnsafeRawBufferPointer, before deadline: Deadline) throws(ClientError) {
        var sent = 0
        while sent < bytes.count {
            ERR_clear_error()
            var count = 0
            let status = SSL_write_ex(session, bytes.baseAddress?.advanced(by: sent), bytes.count - sent, &count)
            guard status == 1 else { throw .tls(TLSErrors.failure(of: session, host: host)) }
            sent += count
            try flush(before: deadline)
        }
    }

    /// At least one byte; 0 at an end that the server has given notice of.
    func read(into buffer: UnsafeMutableRawBufferPointer, before deadline: Deadline) throws(ClientError) -> Int {
        while true {
            ERR_clear_error()
            var count = 0
            let status = SSL_read_ex(session, buffer.baseAddress, buffer.count, &count)
            let outcome = SSL_get_error(session, status)
            // An answer to the server's own messages may be due.
            if outcome == SSL_ERROR_NONE || outcome == SSL_ERROR_WANT_READ { try flush(before: deadline) }
            switch outcome {
            case SSL_ERROR_NONE: return count
            case SSL_ERROR_ZERO_RETURN: return 0
            case SSL_ERROR_WANT_READ: guard try fill(before: deadline) else { throw .closed }
            default: throw .tls(TLSErrors.failure(of: session, host: host))
            }
        }
    }

    private func flush(before deadline: Deadline) throws(ClientError) {
        while true {
            let count = BIO_read(outgoing, &record, Int32(record.count))
            guard count > 0 else { return }
            try send(Int(count), before: deadline)
        }
    }

    private func send(_ count: Int, before deadline: Deadline) throws(ClientError) {
        try record.withUnsafeBufferPointer { buffer throws(ClientError) in
            try socket.write(
                UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: buffer[..<count])), before: deadline)
        }
    }

    /// - Returns: false at the end of the connection.
    private func fill(before deadline: Deadline) throws(ClientError) -> Bool {
        let socket = socket
        let count = try record.withUnsafeMutableBufferPointer { buffer throws(ClientError) in
            try socket.read(into: UnsafeMutableRawBufferPointer(buffer), before: deadline)
        }
        guard count > 0 else { return false }
        // Memory takes all of it.
        BIO_write(incoming, record, Int32(count))
        return true
    }
}
