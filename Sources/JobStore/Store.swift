import GRDB
package import Jobs
import Locks
import Logging

/// Everything the server keeps: data sets, jobs with their history, checkpoints, models.
///
/// Reads answer on the calling thread in microseconds. Changes are `Write`s: made in order, durable before they are
/// acknowledged. `owner: nil` stands for an administrator, who sees everything.
package final class Store: Sendable {
    package let configuration: StoreConfiguration
    /// Which start of a server on this data folder this is, counting from 1.
    package let processEpoch: Int
    /// The last process ended without closing the store.
    package let followsCrash: Bool
    /// Of the data folder: 128 bits as 32 lower-case hexadecimal digits.
    package let identity: String
    package let files: FileStore
    let live: LiveJobs
    let datasets = DatasetCache()
    package let changes: ChangeNotifier
    package let disk: DiskWatch

    let directory: DataDirectory
    let writer: Writer
    let readers: Readers
    /// What a search for damage found.
    let found = Lock<[String]>([])

    /// Opens or makes the data folder, migrates the database and returns jobs of a dead process to the queue.
    ///
    /// Throws `StoreError.locked`, `.refusedFolder`, `.schemaTooNew`, `.foreignDatabase`, or what the disk said.
    package init(_ configuration: StoreConfiguration) throws(StoreError) {
        self.configuration = configuration
        directory = try DataDirectory(path: configuration.dataDirectory, access: configuration.access)
        files = FileStore(root: configuration.dataDirectory, access: configuration.access)
        let metrics = StoreMetrics(configuration.metrics)
        live = LiveJobs(metrics: metrics)
        changes = ChangeNotifier()
        let disk = DiskWatch()
        self.disk = disk
        do {
            try directory.verify()
            let connection = try Connection.writer(
                path: directory.database, walBytesMax: configuration.limits.walBytesBeforeCheckpoint)
            try Schema.migrate(connection)
            let readers = try Readers(path: directory.database, count: configuration.limits.readersMax)
            self.readers = readers
            writer = Writer(
                path: directory.database, connection: connection, configuration: configuration, metrics: metrics,
                onDiskTrouble: { disk.failed($0) }, onCheckpointFailure: { readers.reopen() })
            let start = try Self.beginProcess(connection)
            (processEpoch, followsCrash, identity) = (start.epoch, start.followsCrash, start.folder.identity)
            keep(start.folder)
        } catch {
            throw StoreError(error, operation: "open the store")
        }
        noteModes()
        try recover()
    }

    /// Commits what is waiting, closes the database and gives the data folder back. Reads must have ended.
    package func close() {
        let stopped = try? write { transaction in
            try transaction.database.run("UPDATE server SET clean_stop = 1")
            return try FolderIdentity.grow(in: transaction.database)
        }.commitAndWait()
        writer.close()
        readers.reopen()
        if let stopped { keep(stopped) }
        directory.release()
    }

    package var now: Timestamp { configuration.clock() }

    package func makeIdentifier(_ kind: Identifier.Kind) -> Identifier {
        var generator = SystemRandomNumberGenerator()
        return Identifier(kind, at: now, using: &generator)
    }

    func write<Value: Sendable>(_ body: @escaping @Sendable (Transaction) throws -> Value) -> Write<Value> {
        Write(writer: writer, body: body)
    }

    func read<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
        try readers.read(body)
    }

    private struct Start {
        var epoch: Int
        var followsCrash: Bool
        var folder: FolderIdentity
    }

    private static func beginProcess(_ connection: DatabaseQueue) throws -> Start {
        try connection.writeWithoutTransaction { database in
            try database.beginTransaction(.immediate)
            do {
                let row = try database.row("SELECT process_epoch, clean_stop FROM server") {
                    (try $0.integer(), try $0.flag())
                }
                guard let row else { throw StoreError.corrupt("the table server is empty") }
                let (epoch, overflows) = row.0.addingReportingOverflow(1)
                guard !overflows else { throw StoreError.corrupt("the table server has an impossible process_epoch") }
                try database.run("UPDATE server SET process_epoch = ?, clean_stop = 0", [epoch])
                let start = Start(epoch: epoch, followsCrash: !row.1, folder: try FolderIdentity.grow(in: database))
                try database.commit()
                return start
            } catch {
                if database.isInsideTransaction { try? database.rollback() }
                throw error
            }
        }
    }

    /// Writes the file `identity`, once the database has the same on disk. Without it the database is ahead of the file, as after
    /// a crash, which is allowed.
    private func keep(_ folder: FolderIdentity) {
        do {
            try files.replace(FolderIdentity.fileName, with: folder.encoded)
        } catch {
            let path = "\(configuration.dataDirectory)/\(FolderIdentity.fileName)"
            configuration.logger.warning("cannot write \(path): \(error)")
        }
    }

    private func noteModes() {
        guard let (mode, count) = directory.tightened else { return }
        configuration.logger.notice(
            """
            took rights from \(count) files and folders in \(configuration.dataDirectory), whose mode was \
            0\(String(mode, radix: 8)): what a server keeps is for its own user alone
            """)
    }
}
