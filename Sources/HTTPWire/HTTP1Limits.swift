/// What one HTTP/1 request may cost before its content.
package struct HTTP1Limits: Sendable, Hashable {
    /// No method that exists is longer; the same over HTTP/2.
    static let methodBytesMaxStandard = 32

    /// The longest method token; a longer one is answered 501 (RFC 9112 section 3).
    package var methodBytesMax: Int
    /// The longest request target; a longer one is answered 414.
    package var targetBytesMax: Int
    /// The field lines of a head together, CRLFs included; more is answered 431. The request line is not counted.
    package var fieldBytesMax: Int
    /// The number of field lines in a head; more is answered 431.
    package var fieldsMax: Int
    /// One chunk-size line with its extensions.
    package var chunkLineBytesMax: Int
    /// All chunk extensions of one request together: they carry nothing, so a sender of many means harm.
    package var chunkExtensionBytesMax: Int
    /// The trailer section, CRLFs included.
    package var trailerBytesMax: Int

    package init(
        methodBytesMax: Int = methodBytesMaxStandard, targetBytesMax: Int = 8 * 1024, fieldBytesMax: Int = 16 * 1024,
        fieldsMax: Int = 100,
        chunkLineBytesMax: Int = 512, chunkExtensionBytesMax: Int = 16 * 1024, trailerBytesMax: Int = 8 * 1024
    ) {
        self.methodBytesMax = methodBytesMax
        self.targetBytesMax = targetBytesMax
        self.fieldBytesMax = fieldBytesMax
        self.fieldsMax = fieldsMax
        self.chunkLineBytesMax = chunkLineBytesMax
        self.chunkExtensionBytesMax = chunkExtensionBytesMax
        self.trailerBytesMax = trailerBytesMax
    }

    /// What may stand in the place of the version: more is refused before the line ends.
    static let versionBytesMax = 16

    /// A request line without its CRLF: method, target, version and two spaces. One byte more than a version may have is
    /// still read, so that a long one is told from a long target.
    var requestLineBytesMax: Int { methodBytesMax + targetBytesMax + Self.versionBytesMax + 3 }
}
