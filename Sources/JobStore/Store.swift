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
    /// Throws `StoreError.locked`, `.schemaTooNew`, `.foreignDatabase`, or what the disk said.
    package init(_ configuration: StoreConfiguration) throws(StoreError) {
        self.configuration = configuration
        directory = try DataDirectory(path: configuration.dataDirectory)
        files = FileStore(root: configuration.dataDirectory)
        let metrics = StoreMetrics(configuration.metrics)
        live = LiveJobs(metrics: metrics)
        changes = ChangeNotifier()
        let disk = DiskWatch()
        self.disk = disk
        do {
            let connection = try Connection.writer(
                path: directory.database, walBytesMax: configuration.limits.walBytesBeforeCheckpoint)
            try Schema.migrate(connection)
            let readers = try Readers(path: directory.database, count: configuration.limits.readersMax)
            self.readers = readers
            writer = Writer(
                path: directory.database, connection: connection, configuration: configuration, metrics: metrics,
                onDiskTrouble: { disk.failed($0) }, onCheckpointFailure: { readers.reopen() })
            (processEpoch, followsCrash, identity) = try Self.beginProcess(connection)
        } catch {
            throw StoreError(error, operation: "open the store")
        }
        try recover()
    }

    /// Commits what is waiting, closes the database and gives the data folder back. Reads must have ended.
    package func close() {
        _ = try? write { try $0.database.run("UPDATE server SET clean_stop = 1") }.commitAndWait()
        writer.close()
        readers.reopen()
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

    private static func beginProcess(
        _ connection: DatabaseQueue
    ) throws -> (epoch: Int, followsCrash: Bool, identity: String) {
        try connection.writeWithoutTransaction { database in
            var state = (epoch: 0, wasClean: true, identity: "")
            try database.inTransaction(.immediate) {
                let row = try database.row(
                    "SELECT process_epoch, clean_stop, identity FROM server JOIN data_folder USING (singleton)"
                ) { (try $0.integer(), try $0.flag(), try $0.text()) }
                guard let row else { throw StoreError.corrupt("the table server or data_folder is empty") }
                state = (row.0 + 1, row.1, row.2)
                try database.run("UPDATE server SET process_epoch = ?, clean_stop = 0", [state.epoch])
                return .commit
            }
            return (state.epoch, !state.wasClean, state.identity)
        }
    }
}
