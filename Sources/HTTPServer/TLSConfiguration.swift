/// Where the certificate and key of a server are, in PEM files that are read at start and at every reload.
package struct TLSConfiguration: Sendable, Hashable {
    /// Whose client certificates are asked for and verified.
    package struct ClientAuthority: Sendable, Hashable {
        /// A PEM file with the authorities' certificates.
        package var path: String
        /// Whether the handshake fails without a certificate; otherwise a client may come without one.
        package var isRequired: Bool

        package init(path: String, isRequired: Bool = false) {
            self.path = path
            self.isRequired = isRequired
        }
    }

    /// The server's certificate, followed by the intermediate ones.
    package var certificatePath: String
    /// The private key, without passphrase.
    package var keyPath: String
    /// Nil asks for no client certificates.
    package var clientAuthority: ClientAuthority?
    /// How long a browser that has come once keeps to TLS, in seconds (`Strict-Transport-Security`, RFC 6797).
    package var strictTransportSeconds: Int

    package init(
        certificatePath: String, keyPath: String, clientAuthority: ClientAuthority? = nil,
        strictTransportSeconds: Int = 31_536_000
    ) {
        self.certificatePath = certificatePath
        self.keyPath = keyPath
        self.clientAuthority = clientAuthority
        self.strictTransportSeconds = strictTransportSeconds
    }
}
