/// Where the certificate and key of a server are, in PEM files that are read at start and at every reload.
package struct TLSConfiguration: Sendable, Hashable {
    /// The server's certificate, followed by the intermediate ones.
    package var certificatePath: String
    /// The private key, without passphrase.
    package var keyPath: String
    /// Authorities whose client certificates are asked for and verified; a client may come without one. Nil asks for none.
    package var clientAuthorityPath: String?
    /// How long a browser that has come once keeps to TLS, in seconds (`Strict-Transport-Security`, RFC 6797).
    package var strictTransportSeconds: Int

    package init(
        certificatePath: String, keyPath: String, clientAuthorityPath: String? = nil,
        strictTransportSeconds: Int = 31_536_000
    ) {
        self.certificatePath = certificatePath
        self.keyPath = keyPath
        self.clientAuthorityPath = clientAuthorityPath
        self.strictTransportSeconds = strictTransportSeconds
    }
}
