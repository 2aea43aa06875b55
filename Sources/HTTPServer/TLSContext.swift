import COpenSSL
import Glibc
import Locks

/// The certificate, key and rules that TLS connections begin with: TLS 1.2 and 1.3, ephemeral key exchange and authenticated
/// ciphers only (RFC 9325), no renegotiation, no compression, no early data, sessions resumed by ticket.
final class TLSContext: @unchecked Sendable {
    // True because an SSL_CTX counts its references atomically and is not changed once sessions are made from it.
    private let context: OpaquePointer

    private static let ciphers =
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
        + "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
    private static let groups = "X25519:P-256:P-384"
    private static let sessionContext = Array("tenbin".utf8)

    init(_ configuration: TLSConfiguration) throws(ServerError) {
        guard let context = SSL_CTX_new(TLS_server_method()) else {
            throw .tls(operation: "SSL_CTX_new", Self.reason())
        }
        self.context = context
        SSL_CTX_set_options(context, COpenSSL_options)
        _ = COpenSSL_set_modes(context, COpenSSL_modes)
        // Tickets carry the sessions; a cache would only hold memory.
        _ = COpenSSL_set_session_cache(context, Int(SSL_SESS_CACHE_OFF))
        // Without a callback OpenSSL would ask for the passphrase of an encrypted key on the terminal.
        SSL_CTX_set_default_passwd_cb(context) { _, _, _, _ in -1 }
        SSL_CTX_set_alpn_select_cb(context, selectProtocol, nil)
        try check(COpenSSL_set_min_version(context, TLS1_2_VERSION), "the minimum version")
        try check(Int(SSL_CTX_set_cipher_list(context, Self.ciphers)), "the ciphers")
        try check(COpenSSL_set_groups(context, Self.groups), "the groups")
        try check(
            Int(SSL_CTX_set_session_id_context(context, Self.sessionContext, UInt32(Self.sessionContext.count))),
            "the session context")
        try load(configuration)
    }

    deinit { SSL_CTX_free(context) }

    private func load(_ configuration: TLSConfiguration) throws(ServerError) {
        let certificate = configuration.certificatePath
        try check(Int(SSL_CTX_use_certificate_chain_file(context, certificate)), "certificate \(certificate)")
        let key = configuration.keyPath
        try check(Int(SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM)), "key \(key)")
        try check(Int(SSL_CTX_check_private_key(context)), "key \(key)")
        guard let authority = configuration.clientAuthority else { return }
        try check(Int(SSL_CTX_load_verify_file(context, authority.path)), "client authority \(authority.path)")
        guard let names = SSL_load_client_CA_file(authority.path) else {
            throw .tls(operation: "client authority \(authority.path)", Self.reason())
        }
        SSL_CTX_set_client_CA_list(context, names)
        let refusal = authority.isRequired ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | refusal, nil)
    }

    private func check(_ status: Int, _ operation: String) throws(ServerError) {
        guard status == 1 else { throw .tls(operation: operation, Self.reason()) }
    }

    /// The oldest error OpenSSL has noted, in its words; the others are forgotten.
    private static func reason() -> String {
        let code = ERR_get_error()
        ERR_clear_error()
        // An error of the system itself is its errno, marked by the highest of 32 bits.
        if code >> 31 == 1 { return systemMessage(Int32(truncatingIfNeeded: code & 0x7FFF_FFFF)) }
        return ERR_reason_error_string(code).map { String(cString: $0) } ?? "error \(code)"
    }

    /// A session over a connected socket, which stays the caller's.
    func makeSession(descriptor: Int32) -> TLSSession? {
        guard let session = SSL_new(context) else { return nil }
        guard SSL_set_fd(session, descriptor) == 1 else {
            SSL_free(session)
            return nil
        }
        SSL_set_accept_state(session)
        return TLSSession(owning: session)
    }
}

/// The protocols of ALPN (RFC 7301), the better first, as the wire has them: each after its length.
private let protocols: [[UInt8]] = [[2] + Array("h2".utf8), [8] + Array("http/1.1".utf8)]

/// Chooses our best protocol among those the client offers; none in common ends the handshake (RFC 7301 section 3.2).
private let selectProtocol:
    @convention(c) (
        OpaquePointer?, UnsafeMutablePointer<UnsafePointer<UInt8>?>?, UnsafeMutablePointer<UInt8>?,
        UnsafePointer<UInt8>?, UInt32, UnsafeMutableRawPointer?
    ) -> Int32 = { _, chosen, chosenLength, offered, offeredLength, _ in
        let list = UnsafeBufferPointer(start: offered, count: Int(offeredLength))
        for wanted in protocols {
            var start = 0
            while start < list.count {
                let end = start + 1 + Int(list[start])
                guard end <= list.count else { break }
                if list[start..<end].elementsEqual(wanted) {
                    chosen?.pointee = offered.map { $0 + start + 1 }
                    chosenLength?.pointee = list[start]
                    return SSL_TLSEXT_ERR_OK
                }
                start = end
            }
        }
        return SSL_TLSEXT_ERR_ALERT_FATAL
    }

/// The context in force. New connections take it; a reload replaces it, and those there are keep theirs.
final class TLSCredentials: Sendable {
    let configuration: TLSConfiguration
    private let context: Lock<TLSContext>

    init(_ configuration: TLSConfiguration) throws(ServerError) {
        self.configuration = configuration
        context = Lock(try TLSContext(configuration))
    }

    var current: TLSContext { context.withLock { $0 } }

    /// Reads the files again. When they are no good the context in force stays.
    func reload() throws(ServerError) {
        let fresh = try TLSContext(configuration)
        context.withLock { $0 = fresh }
    }
}
