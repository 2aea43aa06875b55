import Dispatch
import HTTPTypes
import HTTPWire

/// A long document on its way into memory: held against its digest, inflated and paid for piece by piece, so that what
/// there is no memory for is refused before it is here.
///
/// The compiler is told that it may cross threads because only its serial queue touches what changes.
final class DocumentIntake: ContentSink, @unchecked Sendable {
    private let intake: UploadIntake
    private let claim: DocumentClaim
    private let queue: DispatchQueue
    private let refuse: @Sendable (any Error) -> Void
    private let answer: @Sendable (_ body: [UInt8], _ claim: DocumentClaim) -> Void
    private var body = GatheredBytes()

    /// - Parameters:
    ///   - queue: a serial one; `answer` is called on it.
    ///   - refuse: called at most once, and not with `answer`.
    init(
        _ request: APIRequest, bytesMax: Int, claim: DocumentClaim, queue: DispatchQueue,
        refuse: @escaping @Sendable (any Error) -> Void,
        answer: @escaping @Sendable (_ body: [UInt8], _ claim: DocumentClaim) -> Void
    ) throws {
        intake = try UploadIntake(request.head, bytesMax: bytesMax)
        self.claim = claim
        self.queue = queue
        self.refuse = refuse
        self.answer = answer
    }

    func receive(_ bytes: [UInt8], ready: @escaping @Sendable () -> Void) {
        queue.async { [self] in
            do {
                try intake.take(bytes) { piece in
                    try claim.store(piece.count)
                    body.append(piece)
                }
            } catch {
                end()
                refuse(error)
            }
            ready()
        }
    }

    func finish(trailers: HTTPFields) {
        queue.async { [self] in
            guard !intake.isOver else { return }
            do {
                try intake.finish(trailers: trailers)
            } catch {
                end()
                return refuse(error)
            }
            let whole = body.take()
            end()
            answer(whole, claim)
        }
    }

    func abort(_ reason: ContentFailure) {
        queue.async { [self] in end() }
    }

    private func end() {
        intake.isOver = true
        body = GatheredBytes()
    }
}
