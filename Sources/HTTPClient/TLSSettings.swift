/// Whom a client trusts, and how it shows who it is. Files are PEM and are read with the first connection that needs them.
package struct TLSSettings: Sendable, Equatable {
    /// The only authorities that are trusted; nil for those of the system.
    package var authorityPath: String?
    /// In place of the system's file of authorities (`SSL_CERT_FILE`).
    package var systemFile: String?
    /// In place of the system's folder of authorities (`SSL_CERT_DIR`).
    package var systemFolder: String?
    /// The client's certificate, followed by the intermediate ones.
    package var certificatePath: String?
    /// The certificate's private key, without passphrase; nil when it stands in the certificate's file.
    package var keyPath: String?

    package init(
        authorityPath: String? = nil, systemFile: String? = nil, systemFolder: String? = nil,
        certificatePath: String? = nil, keyPath: String? = nil
    ) {
        self.authorityPath = authorityPath
        self.systemFile = systemFile
        self.systemFolder = systemFolder
        self.certificatePath = certificatePath
        self.keyPath = keyPath
    }
}
