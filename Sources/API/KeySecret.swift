import Crypto
import Foundation
package import Jobs

/// The secret that a client sends: it names its key, and proves it with 256 random bits.
package struct KeySecret: Sendable {
    /// `tnb_`, the key's UUID, and 32 random bytes in base64url.
    package let text: String
    package let key: Identifier

    private static let prefix = "tnb_"
    private static let randomBytes = 32
    /// Of the random part, in base64url without padding.
    private static let randomLength = 43

    /// A new secret for a key.
    package init(for key: Identifier, using generator: inout some RandomNumberGenerator) {
        var bytes: [UInt8] = []
        while bytes.count < Self.randomBytes {
            withUnsafeBytes(of: generator.next() as UInt64) { bytes.append(contentsOf: $0) }
        }
        let random = Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
            .replacing("=", with: "")
        self.key = key
        text = Self.prefix + key.description.dropFirst(Identifier.Kind.apiKey.rawValue.count + 1) + "_" + random
    }

    /// Reads a secret as it was sent; nil when it cannot be one.
    init?(_ text: String) {
        guard text.hasPrefix(Self.prefix), text.utf8.count == Self.prefix.utf8.count + 37 + Self.randomLength else {
            return nil
        }
        let uuid = text.dropFirst(Self.prefix.count).prefix(36)
        guard let key = Identifier("\(Identifier.Kind.apiKey.rawValue)_\(uuid)", kind: .apiKey) else { return nil }
        self.key = key
        self.text = text
    }

    /// What is kept of it: SHA-256, lower-case hexadecimal. With 256 random bits it needs neither salt nor slowness.
    package var sha256: String { Digest.sha256(Array(text.utf8)) }

    /// Whether this is the secret with that digest, in a time that tells nothing of either.
    func matches(sha256 expected: String) -> Bool {
        let (left, right) = (Array(sha256.utf8), Array(expected.utf8))
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
