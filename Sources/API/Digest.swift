import Crypto
import Foundation
import HTTPTypes
import Jobs

/// SHA-256 in the forms that it takes on the wire.
enum Digest {
    /// Of bytes, as lower-case hexadecimal.
    static func sha256(_ bytes: [UInt8]) -> String {
        String(hexadecimal: SHA256.hash(data: bytes))
    }

    private static let pieceBytes = 16 << 20

    /// Of bytes that may be many; looks between pieces whether their client still waits.
    static func sha256(_ bytes: [UInt8], for client: ClientWatch?) throws -> String {
        var hash = SHA256()
        var rest = bytes[...]
        while !rest.isEmpty {
            try client?.check()
            hash.update(data: rest.prefix(pieceBytes))
            rest = rest.dropFirst(pieceBytes)
        }
        return String(hexadecimal: hash.finalize())
    }

    static func bytes(of content: [UInt8]) -> [UInt8] {
        Array(SHA256.hash(data: content))
    }

    /// The bytes that lower-case hexadecimal stands for.
    static func bytes(hexadecimal text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = text[...]
        while !rest.isEmpty {
            bytes.append(UInt8(rest.prefix(2), radix: 16) ?? 0)
            rest = rest.dropFirst(2)
        }
        return bytes
    }

    /// A value of `Repr-Digest` (RFC 9530 section 3) for a digest in hexadecimal.
    static func field(sha256 hexadecimal: String) -> String {
        "sha-256=:\(Data(bytes(hexadecimal: hexadecimal)).base64EncodedString()):"
    }

    /// `Content-Digest` (RFC 9530 section 2): the SHA-256 it names; nil when it names none. Of a dictionary's members of one
    /// name the last counts, and parameters say nothing here (RFC 9651 section 3.2).
    static func content(_ fields: HTTPFields) throws(APIError) -> [UInt8]? {
        guard let field = fields[.contentDigest] else { return nil }
        for member in field.split(separator: ",").map(\.trimmed).reversed() where member.hasPrefix("sha-256=") {
            let item = member.dropFirst("sha-256=".count).prefix { $0 != ";" }
            // Padding may be missing (RFC 9651 section 4.2.7); 32 bytes are 43 digits and one sign of it.
            let encoded = item.dropFirst().dropLast().prefix { $0 != "=" } + "="
            guard item.hasPrefix(":"), item.hasSuffix(":"), let digest = Data(base64Encoded: String(encoded)),
                digest.count == 32
            else { throw APIError(.malformedRequest, "Content-Digest is not sha-256=:<base64 of 32 bytes>:") }
            return [UInt8](digest)
        }
        return nil
    }
}
