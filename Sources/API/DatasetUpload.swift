import Datasets
import Dispatch
import HTTPTypes
import HTTPWire
import JobStore
import Jobs

/// An upload on its way to disk: hashed as it comes, inspected when complete, recorded last. Whatever ends it early
/// leaves nothing behind.
final class DatasetUpload: ContentSink {
    private let request: APIRequest
    private let name: Name
    private let format: DatasetFormat
    private let services: Services
    private let idempotency: Idempotency
    private let replying: any Replying
    /// Pieces are written in order, one at a time; all of `file`'s calls come from here.
    private let queue: DispatchQueue
    private let file: IncomingFile
    private let intake: UploadIntake
    private let client: ClientWatch

    init(
        _ request: APIRequest, name: Name, format: DatasetFormat, services: Services, idempotency: Idempotency,
        replying: any Replying
    ) throws {
        self.request = request
        self.name = name
        self.format = format
        self.services = services
        self.idempotency = idempotency
        self.replying = replying
        client = ClientWatch(replying.responder)
        // Looking through a large file takes long, and the threads of `services.queue` are few.
        queue = DispatchQueue(label: "tenbin.upload")
        intake = try UploadIntake(request.head, bytesMax: services.settings.datasetBytesMax)
        intake.hold = try replying.hold()
        file = try services.store.files.makeIncoming()
        intake.hold?.onRevocation { [weak self] in self?.end() }
    }

    /// The key is no longer in force.
    private func end() {
        queue.async { [self] in if !intake.isOver { refuse(KeyRing.noLongerInForce) } }
    }

    func receive(_ bytes: [UInt8], ready: @escaping @Sendable () -> Void) {
        queue.async { [self] in
            do {
                try intake.take(bytes) { piece in try file.append(piece) }
            } catch {
                refuse(error)
            }
            ready()
        }
    }

    func finish(trailers: HTTPFields) {
        queue.async { [self] in
            guard !intake.isOver else { return }
            // From here on the file may be recorded, so nothing discards it from outside.
            intake.isOver = true
            do {
                try intake.finish(trailers: trailers)
                try record(sha256: file.finish())
            } catch {
                refuse(error)
            }
        }
    }

    func abort(_ reason: ContentFailure) {
        queue.async { [self] in
            intake.isOver = true
            file.discard()
        }
    }

    /// What still comes is dropped; the answer tells why.
    private func refuse(_ error: any Error) {
        intake.isOver = true
        file.discard()
        replying.reply(.failure(error))
    }

    private func record(sha256: String) throws {
        try idempotency.answer(request, fingerprint: sha256, to: replying) { identity, replying in
            let schema = try inspect()
            let new = NewDataset(
                id: services.store.makeIdentifier(.dataset), owner: request.principal.owner, name: name.text,
                bytes: file.bytes, sha256: sha256, schema: schema)
            let remembered = identity.map { identity in
                Remembered<DatasetRecord>(request: identity) { DatasetsResource.created($0).stored }
            }
            let write = try services.store.insert(new, file: file, remembering: remembered)
            replying.reply(afterCreating: write, as: .created, DatasetsResource.created)
        }
    }

    /// A refused file is gone before its sender hears of it.
    private func inspect() throws -> DatasetSchema {
        do {
            return try DatasetFile.inspect(
                file.path, format: format,
                limits: DatasetLimits(archiveBytesMax: services.settings.datasetInflatedBytesMax),
                memory: services.documentMemory, isWanted: { [client] in client.isWaiting })
        } catch {
            file.discard()
            throw error
        }
    }
}
