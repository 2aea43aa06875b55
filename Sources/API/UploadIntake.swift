import Compression
import Crypto
import HTTPTypes
import HTTPWire

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
    /// Whether a digest may come behind the content.
    private let mayHaveTrailers: Bool

    /// - Parameter bytesMax: of the file, inflated.
    /// - Throws: `unsupported-media-type` for a content coding that is not known here.
    init(_ head: RequestHead, bytesMax: Int) throws {
        expectedDigest = try Digest.content(head.fields)
        mayHaveTrailers = head.version == .http2 || head.contentLength == nil
        let bounds = GzipReader.Bounds(bytesMax: bytesMax)
        gzip = try ContentCoding.isGzip(head.fields) ? GzipReader(within: bounds) : nil
    }

    /// Hands on what the bytes stand for.
    func take(_ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        guard !isOver else { return }
        if expectedDigest != nil || mayHaveTrailers { digest.update(data: bytes) }
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
    func finish(trailers: HTTPFields) throws {
        let expected = try [expectedDigest, mayHaveTrailers ? Digest.content(trailers) : nil].compactMap { $0 }
        if !expected.isEmpty {
            let found = Array(digest.finalize())
            guard expected.allSatisfy({ $0 == found }) else {
                throw APIError(.digestMismatch, "Content-Digest does not match the content that arrived")
            }
        }
        do {
            try gzip?.finish()
        } catch {
            throw APIError(error)
        }
    }
}
