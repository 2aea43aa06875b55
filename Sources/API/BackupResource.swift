import Dispatch
import HTTPTypes
import HTTPWire
import JobStore
import Jobs
import Locks
import Logging

/// `/v1/backup`: everything the server keeps, as one archive. Jobs and requests go on meanwhile.
struct BackupResource: Sendable {
    private let services: Services
    private let gate = BackupGate()

    private static let retrySeconds = 30

    init(_ services: Services) {
        self.services = services
    }

    var routes: [Route] {
        [Route(.get, "/v1/backup", scope: .admin, compresses: false, isAudited: true, .blocking(backup))]
    }

    private func backup(_ request: APIRequest) throws -> Handled {
        let moment = services.clock()
        var reply = Reply(
            status: .ok,
            fields: [
                .contentType: MediaType.tar.rawValue, .cacheControl: "no-store",
                .contentDisposition: "attachment; filename=\"tenbin-\(moment.description.filter { $0 != ":" }).tar\"",
            ])
        // The head alone is not worth a copy of the database.
        if request.head.method == .head {
            reply.content = .stream(BackupStream(nil, turn: nil, services: services))
            return .reply(reply)
        }
        guard let turn = gate.enter() else {
            throw APIError.retryLater(
                .overloaded, "another backup is being made", seconds: Self.retrySeconds)
        }
        let backup = try services.store.beginBackup()
        services.logger.notice(
            "backup begun", metadata: ["bytes": "\(backup.bytes)", "actor": "\(request.principal.owner)"])
        reply.content = .stream(BackupStream(backup, turn: turn, services: services))
        return .reply(reply)
    }
}

/// Lets one backup be made at a time: each copies the database, and keeps what is deleted on disk until it ends.
private final class BackupGate: Sendable {
    private let isTaken = Lock(false)

    /// Whoever holds it makes a backup.
    final class Turn: Sendable {
        private let gate: BackupGate

        fileprivate init(_ gate: BackupGate) {
            self.gate = gate
        }

        deinit {
            gate.isTaken.withLock { $0 = false }
        }
    }

    func enter() -> Turn? {
        let wasTaken = isTaken.withLock { isTaken in
            defer { isTaken = true }
            return isTaken
        }
        return wasTaken ? nil : Turn(self)
    }
}

/// A backup as the reader takes it: one piece is read ahead, off the event loop.
private final class BackupStream: ContentSource {
    private struct State {
        /// Nil when everything has been read, or nobody wants it any more.
        var backup: Backup?
        var turn: BackupGate.Turn?
        /// Read and not taken yet.
        var piece: [UInt8]?
        var isReading = false
        var hasFailed = false
        var wake: (@Sendable () -> Void)?
    }

    private static let pieceBytesMax = 1 << 18

    private let state: Lock<State>
    private let services: Services

    init(_ backup: Backup?, turn: BackupGate.Turn?, services: Services) {
        state = Lock(State(backup: backup, turn: turn))
        self.services = services
    }

    func next(bytesMax: Int, wake: @escaping @Sendable () -> Void) -> ContentPiece {
        let (piece, next) = state.withLock { state -> (ContentPiece, Backup?) in
            if state.hasFailed { return (.failed, nil) }
            let taken = state.piece
            state.piece = nil
            if taken == nil {
                if state.backup == nil { return (.end, nil) }
                state.wake = wake
            }
            let next = state.isReading ? nil : state.backup
            state.isReading = state.backup != nil
            return (taken.map { .bytes($0) } ?? .later, next)
        }
        if let next {
            let bytes = min(max(1, bytesMax), Self.pieceBytesMax)
            services.queue.async { self.read(next, bytes: bytes) }
        }
        return piece
    }

    func cancel() {
        // What is held ends outside the lock: files that were to be removed meanwhile go then.
        let held = state.withLock { state in
            defer { state = State() }
            return state
        }
        withExtendedLifetime(held) {}
    }

    private func read(_ backup: Backup, bytes: Int) {
        var (piece, isAtEnd, hasFailed) = ([UInt8](), false, false)
        do {
            while piece.count < bytes, !isAtEnd {
                let part = try backup.next(bytesMax: bytes - piece.count)
                piece += part
                isAtEnd = part.isEmpty
            }
        } catch {
            services.logger.error("a backup could not be completed: \(error)")
            hasFailed = true
        }
        let wake = keep(piece, isLast: isAtEnd || hasFailed, hasFailed: hasFailed)
        wake?()
    }

    /// What is to be called when all that is over has been given up: whoever is woken may begin the next backup.
    private func keep(_ piece: [UInt8], isLast: Bool, hasFailed: Bool) -> (@Sendable () -> Void)? {
        let (wake, over) = state.withLock { state in
            let before = state
            state.isReading = false
            state.hasFailed = hasFailed
            state.wake = nil
            // Unless it was cancelled meanwhile.
            if state.backup != nil, !piece.isEmpty { state.piece = piece }
            if isLast { (state.backup, state.turn) = (nil, nil) }
            return (before.wake, (before.backup, before.turn))
        }
        withExtendedLifetime(over) {}
        return wake
    }
}
