import GRDB
package import Jobs
import Logging

/// A checkpoint on disk.
package struct CheckpointRecord: Sendable, Hashable {
    package var kind: Checkpoint.Kind
    package var epoch: Int
    package var batch: Int
    package var step: Int
    package var bytes: Int
    /// Of the file, lower-case hexadecimal.
    package var sha256: String
    /// Its name in the folder of checkpoints.
    package var file: FileName
    package var createdAt: Timestamp
}

extension Store {
    /// All that are kept, oldest step first.
    package func checkpoints(of id: Identifier, owner: String?) throws(StoreError) -> [CheckpointRecord] {
        try read { database in
            let number = try Self.number(of: id, owner: owner, in: database)
            return try database.rows(
                "\(Self.selectCheckpoint) WHERE job = ? ORDER BY step, number", [number], Self.checkpoint)
        }
    }

    /// The checkpoint of an epoch's end.
    package func checkpoint(of id: Identifier, owner: String?, epoch: Int) throws(StoreError) -> CheckpointRecord {
        let record = try read { database in
            let number = try Self.number(of: id, owner: owner, in: database)
            return try database.row(
                "\(Self.selectCheckpoint) WHERE job = ? AND kind = 'epoch' AND epoch = ?", [number, epoch],
                Self.checkpoint)
        }
        guard let record else { throw .notFound }
        return record
    }

    /// Opens the file of a checkpoint, whose bytes are what was written; nil when it is gone. The caller closes it.
    ///
    /// Throws `.corrupt` when they are not, `.unreadable` when the disk does not give them.
    package func openCheckpoint(_ record: CheckpointRecord) throws(StoreError) -> Int32? {
        switch try files.open(.checkpoints, record.file, count: record.bytes, sha256: record.sha256) {
        case .whole(let descriptor): return descriptor
        case .missing: return nil
        case .altered: throw .corrupt("the file of the checkpoint \(record.file) is not what was written")
        }
    }

    /// The newest checkpoint that is whole, to go on from; nil when there is none. Those found torn or missing are dropped
    /// from the books with an event each; one that the disk does not give now is none of these, and throws `.unreadable`.
    ///
    /// - Parameter droppingUnreadable: takes such a one for missing too, as it has been waited for long enough.
    package func loadCheckpoint(
        _ lease: Lease, droppingUnreadable: Bool = false
    ) throws(StoreError) -> (bytes: [UInt8], record: CheckpointRecord)? {
        let records = try read { database in
            try database.rows(
                "\(Self.selectCheckpoint) WHERE job = ? ORDER BY step DESC, number DESC", [lease.number],
                Self.checkpoint)
        }
        for record in records where record.kind != .best {
            let damage: String
            do {
                let bytes = try files.read(
                    .checkpoints, record.file, count: record.bytes, sha256: record.sha256)
                if let bytes { return (bytes, record) }
                damage = "altered"
            } catch {
                guard droppingUnreadable || files.isLost(.checkpoints, record.file, after: error) else { throw error }
                damage = "missing"
            }
            configuration.logger.warning("\(lease.job): the checkpoint of step \(record.step) is torn or missing")
            try discard(record, because: damage, under: lease).commitAndWait()
        }
        return nil
    }

    private func discard(_ record: CheckpointRecord, because reason: String, under lease: Lease) -> Write<Void> {
        let (files, changes, logger) = (self.files, self.changes, configuration.logger)
        return write { transaction in
            _ = try Self.row(under: lease, in: transaction.database)
            try transaction.database.run("DELETE FROM checkpoints WHERE file = ?", [record.file.description])
            try Self.append(
                .checkpointDiscarded, to: lease.number, actor: "worker",
                detail: .object([
                    .init("kind", .string(record.kind.rawValue)), .init("epoch", JSONValue(record.epoch)),
                    .init("batch", JSONValue(record.batch)), .init("reason", .string(reason)),
                ]), in: transaction)
            let (time, logger) = (transaction.now, logger)
            transaction.afterCommit {
                // Not what was written, but perhaps all that is left of it.
                files.setAside(.checkpoints, record.file, at: time, logger: logger)
                changes.notify(.job(lease.job))
            }
        }
    }

    // MARK: - For reports

    /// Brings a checkpoint's bytes to disk under a name never used before.
    func store(_ checkpoint: Checkpoint, under lease: Lease) throws(StoreError) -> CheckpointRecord {
        let name = FileName(unique: "\(lease.job)-\(lease.attempt)-\(checkpoint.step)-")
        do {
            let file = try files.writeSealed(checkpoint.content, to: .checkpoints, name)
            return CheckpointRecord(
                kind: checkpoint.kind, epoch: checkpoint.epoch, batch: checkpoint.batch, step: checkpoint.step,
                bytes: file.bytes, sha256: file.sha256, file: name, createdAt: now)
        } catch {
            disk.failed(error)
            throw error
        }
    }

    /// Enters a stored checkpoint in the books and strikes out those that it makes superfluous.
    static func insert(
        _ record: CheckpointRecord, of row: JobRow, keep: Int, files: FileStore, in transaction: Transaction
    ) throws {
        let database = transaction.database
        let superfluous: (condition: String, arguments: StatementArguments) =
            switch record.kind {
            case .best: ("kind = 'best'", [])
            case .interim: ("kind = 'interim'", [])
            case .epoch:
                (
                    """
                    (kind = 'interim' AND step <= ?) OR (kind = 'epoch' AND (epoch = ? OR epoch NOT IN (
                        SELECT epoch FROM checkpoints WHERE job = ? AND kind = 'epoch' AND epoch <> ?
                        ORDER BY epoch DESC LIMIT ?)))
                    """, [record.step, record.epoch, row.number, record.epoch, max(1, keep) - 1]
                )
            }
        let removed = try database.rows(
            "DELETE FROM checkpoints WHERE job = ? AND (\(superfluous.condition)) RETURNING file",
            [row.number] + superfluous.arguments
        ) { try $0.fileName() }
        try database.run(
            """
            INSERT INTO checkpoints (job, kind, epoch, batch, step, bytes, sha256, file, created_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                row.number, record.kind.rawValue, record.epoch, record.batch, record.step, record.bytes,
                record.sha256, record.file.description, record.createdAt.milliseconds,
            ])
        try append(
            .checkpoint, to: row.number, actor: "worker",
            detail: .object([
                .init("kind", .string(record.kind.rawValue)), .init("epoch", JSONValue(record.epoch)),
                .init("batch", JSONValue(record.batch)),
            ]), in: transaction)
        transaction.afterCommit { for file in removed { files.removeSoon(.checkpoints, file) } }
    }

    private static let selectCheckpoint =
        "SELECT kind, epoch, batch, step, bytes, sha256, file, created_at FROM checkpoints"

    private static func checkpoint(_ columns: inout Columns) throws -> CheckpointRecord {
        guard let kind = Checkpoint.Kind(rawValue: try columns.text()) else {
            throw StoreError.corrupt("checkpoint kind")
        }
        return CheckpointRecord(
            kind: kind, epoch: try columns.integer(), batch: try columns.integer(), step: try columns.integer(),
            bytes: try columns.fileBytes(), sha256: try columns.text(), file: try columns.fileName(),
            createdAt: try columns.time())
    }
}
