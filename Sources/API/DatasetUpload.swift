import Datasets
import Dispatch
import HTTPWire
import JobStore
import Jobs

/// An upload on its way to disk: hashed as it comes, inspected when complete, recorded last. Whatever ends it early
/// leaves nothing behind.
final class DatasetUpload: ContentSink {
    private let request: APIRequest
    private let name: String
    private let format: DatasetFormat
    private let expectedDigest: [UInt8]?
    private let services: Services
    private let idempotency: Idempotency
    private let replying: any Replying
    /// Pieces are written in order, one at a time; all of `file`'s calls come from here.
    private let queue: DispatchQueue
    private let file: IncomingFile

    init(
        _ request: APIRequest, name: String, format: DatasetFormat, expectedDigest: [UInt8]?, services: Services,
        idempotency: Idempotency, replying: any Replying
    ) throws {
        self.request = request
        self.name = name
        self.format = format
        self.expectedDigest = expectedDigest
        self.services = services
        self.idempotency = idempotency
        self.replying = replying
        queue = DispatchQueue(label: "tenbin.upload", target: services.queue)
        file = try services.store.files.makeIncoming()
    }

    func receive(_ bytes: [UInt8], ready: @escaping @Sendable () -> Void) {
        queue.async { [self] in
            do {
                try bytes.withUnsafeBytes { buffer in try file.append(buffer) }
            } catch {
                // The rest of the content is dropped; the answer tells why.
                file.discard()
                replying.reply(.failure(error))
            }
            ready()
        }
    }

    func finish() {
        queue.async { [self] in
            do {
                try record(sha256: file.finish())
            } catch {
                replying.reply(.failure(error))
            }
        }
    }

    func abort(_ reason: ContentFailure) {
        queue.async { [self] in file.discard() }
    }

    private func record(sha256: String) throws {
        if let expectedDigest, expectedDigest != Digest.bytes(hexadecimal: sha256) {
            throw APIError(.digestMismatch, "Content-Digest does not match the content, whose SHA-256 is \(sha256)")
        }
        try idempotency.answer(request, fingerprint: sha256, to: replying) { identity, replying in
            let schema = try inspect()
            let new = NewDataset(
                id: services.store.makeIdentifier(.dataset), owner: request.principal.owner, name: name,
                bytes: file.bytes, sha256: sha256, schema: schema)
            let remembered = identity.map { identity in
                Remembered<DatasetRecord>(request: identity) { DatasetsResource.created($0).stored }
            }
            try services.store.insert(new, file: file, remembering: remembered).commit { result in
                replying.reply(
                    result.map { outcome in
                        switch outcome {
                        case .created(let record, _): DatasetsResource.created(record)
                        case .replayed(let stored): Reply(replaying: stored)
                        }
                    }.mapError { $0 })
            }
        }
    }

    /// A refused file is gone before its sender hears of it.
    private func inspect() throws -> DatasetSchema {
        do {
            try Quota.checkDisk(of: request.principal, adding: file.bytes, services)
            return try DatasetFile.inspect(file.path, format: format, limits: .standard)
        } catch {
            file.discard()
            throw error
        }
    }
}
