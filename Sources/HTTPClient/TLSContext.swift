import COpenSSL
import Glibc

/// The rules that a client's TLS connections begin with: TLS 1.2 and 1.3, certificates always verified, no renegotiation.
final class TLSContext {
    let pointer: OpaquePointer

    /// Where other systems keep their authorities, for a program that runs with the OpenSSL of Debian elsewhere.
    private static let otherFiles = [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ]

    init(_ settings: TLSSettings) throws(ClientError) {
        guard let pointer = SSL_CTX_new(TLS_client_method()) else { throw .tls(.other(TLSErrors.take().words)) }
        self.pointer = pointer
        SSL_CTX_set_options(pointer, COpenSSL_client_options)
        _ = COpenSSL_set_modes(pointer, COpenSSL_modes)
        // Without a callback OpenSSL would ask for the passphrase of an encrypted key on the terminal.
        SSL_CTX_set_default_passwd_cb(pointer) { _, _, _, _ in -1 }
        SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER, nil)
        guard COpenSSL_set_min_version(pointer, TLS1_2_VERSION) == 1 else {
            throw .tls(.other(TLSErrors.take().words))
        }
        if let path = settings.authorityPath {
            try check(SSL_CTX_load_verify_file(pointer, path), path)
        } else {
            try loadSystemAuthorities(settings)
        }
        guard let certificate = settings.certificatePath else { return }
        try check(SSL_CTX_use_certificate_chain_file(pointer, certificate), certificate)
        let key = settings.keyPath ?? certificate
        try check(SSL_CTX_use_PrivateKey_file(pointer, key, SSL_FILETYPE_PEM), key)
        try check(SSL_CTX_check_private_key(pointer), key)
    }

    deinit { SSL_CTX_free(pointer) }

    /// A file that is named must be there; of the system's own places each may be missing.
    private func loadSystemAuthorities(_ settings: TLSSettings) throws(ClientError) {
        var isLoaded = false
        if let path = settings.systemFile {
            try check(SSL_CTX_load_verify_file(pointer, path), path)
            isLoaded = true
        } else if let path = X509_get_default_cert_file(), access(path, R_OK) == 0 {
            isLoaded = SSL_CTX_load_verify_file(pointer, path) == 1
        }
        if let path = settings.systemFolder {
            try check(SSL_CTX_load_verify_dir(pointer, path), path)
            isLoaded = true
        } else if let path = X509_get_default_cert_dir(), access(path, R_OK | X_OK) == 0 {
            isLoaded = SSL_CTX_load_verify_dir(pointer, path) == 1 || isLoaded
        }
        if !isLoaded, let path = Self.otherFiles.first(where: { access($0, R_OK) == 0 }) {
            try check(SSL_CTX_load_verify_file(pointer, path), path)
        }
        ERR_clear_error()
    }

    private func check(_ status: Int32, _ path: String) throws(ClientError) {
        guard status == 1 else { throw .tls(.unusableFile(path: path, TLSErrors.take().words)) }
    }
}

/// What OpenSSL has noted of a failure.
enum TLSErrors {
    /// The oldest error, in OpenSSL's words; the others are forgotten.
    static func take() -> (reason: Int32, words: String) {
        let code = ERR_get_error()
        ERR_clear_error()
        // An error of the system itself is its errno, marked by the highest of 32 bits.
        if code >> 31 == 1 { return (0, systemMessage(Int32(truncatingIfNeeded: code & 0x7FFF_FFFF))) }
        let words = ERR_reason_error_string(code).map { String(cString: $0) } ?? "error \(code)"
        return (COpenSSL_reason(code), words)
    }

    /// Puts a failed handshake, or a failed read behind it, into a case.
    static func failure(of session: OpaquePointer, host: String) -> TLSFailure {
        let (reason, words) = take()
        let verdict = SSL_get_verify_result(session)
        if reason == SSL_R_CERTIFICATE_VERIFY_FAILED, verdict != Int(X509_V_OK) {
            return certificateFailure(Int32(truncatingIfNeeded: verdict), host: host)
        }
        switch reason {
        case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_WRONG_SSL_VERSION: return .version
        case SSL_R_WRONG_VERSION_NUMBER, SSL_R_HTTP_REQUEST, SSL_R_PACKET_LENGTH_TOO_LONG: return .notTLS
        case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED: return .clientCertificateWanted
        case SSL_R_TLSV1_ALERT_UNKNOWN_CA, SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED,
            SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED, SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN,
            SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
            return .clientCertificateRefused(words)
        // Before TLS 1.3 there is no alert of its own; a server that asked, got nothing and ends it wants one.
        case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE where asksForCertificate(session): return .clientCertificateWanted
        default: return .other(words)
        }
    }

    private static func asksForCertificate(_ session: OpaquePointer) -> Bool {
        SSL_get_certificate(session) == nil && SSL_get0_peer_CA_list(session) != nil
    }

    private static func certificateFailure(_ verdict: Int32, host: String) -> TLSFailure {
        let words = X509_verify_cert_error_string(Int(verdict)).map { String(cString: $0) } ?? "error \(verdict)"
        switch verdict {
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH: return .wrongName(host: host)
        case X509_V_ERR_CERT_HAS_EXPIRED: return .expired
        case X509_V_ERR_CERT_NOT_YET_VALID: return .notYetValid
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
            X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
            X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
            return .untrusted(words)
        default: return .badCertificate(words)
        }
    }
}
