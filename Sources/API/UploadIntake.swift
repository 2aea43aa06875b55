import Compression
import Crypto
import HTTPTypes

/// What is done with an upload's bytes on their way to the file: held against their digest, and inflated.
///
/// The compiler is told that it may cross threads because only the upload's serial queue touches it.
final class UploadIntake: @unchecked Sendable {
    /// The upload was refused or has ended.
    var isOver = false
    /// The key that it comes with; without it in force nothing is taken.
    var hold: KeyHold?
    private let gzip: GzipReader?
    /// Of the content as it arrives, which is what `Content-Digest` is about (RFC 9530 section 2).
    private var digest = SHA256()
    private let expectedDigest: [UInt8]?

    /// - Parameter bytesMax: of the file, inflated.
    /// - Throws: `unsupported-media-type` for a content coding that is not known here.
    init(_ fields: HTTPFields, bytesMax: Int) throws {
        expectedDigest = try Digest.content(fields)
        gzip = try ContentCoding.isGzip(fields) ? GzipReader(within: GzipReader.Bounds(bytesMax: bytesMax)) : nil
    }

    /// Hands on what the bytes stand for.
    func take(_ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        guard !isOver else { return }
        if expectedDigest != nil { digest.update(data: bytes) }
        guard let gzip else { return try bytes.withUnsafeBytes(body) }
        do {
            try gzip.read(bytes, body)
        } catch let failure as GzipReader.Failure {
            throw APIError(failure)
        }
    }

    /// The content is complete.
    ///
    /// - Throws: `digest-mismatch`, or `malformed-request` when gzip ended early.
    func finish() throws {
        if let expectedDigest, expectedDigest != Array(digest.finalize()) {
            throw APIError(.digestMismatch, "Content-Digest does not match the content that arrived")
        }
        do {
            try gzip?.finish()
        } catch {
            throw APIError(error)
        }
    }
}
