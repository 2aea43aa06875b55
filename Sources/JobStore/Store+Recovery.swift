import GRDB
import Jobs
import Logging

extension Store {
    /// After a start: what the process before left in a worker's hands goes back to where it can be taken up, and files
    /// that no row names are set aside. No other process can hold a job, because this one has the lock.
    func recover() throws(StoreError) {
        let (live, changes) = (self.live, self.changes)
        try write { transaction in
            let orphans = try transaction.database.rows(
                "\(JobRow.select) WHERE state IN ('starting', 'running', 'pausing', 'cancelling') ORDER BY number",
                [], JobRow.init(_:))
            for row in orphans {
                try Self.release(row, in: transaction, live: live, changes: changes)
            }
        }.commitAndWait()
        live.fillQueue(
            try read { database in
                try database.rows("SELECT claim_rank, number FROM jobs WHERE state = 'queued'") {
                    QueuePlace(rank: try $0.integer(), number: try $0.integer())
                }
            })
        try setLitterAside()
    }

    /// A worker died with the job in its hands.
    private static func release(
        _ row: JobRow, in transaction: Transaction, live: LiveJobs, changes: ChangeNotifier
    ) throws {
        let wasWorking = row.job.state == .starting || row.job.state == .running
        // What was recorded since the claim shows that the job is not what kills the process.
        let crashes = row.progressed ? 0 : row.job.crashes + (wasWorking ? 1 : 0)
        try transaction.database.run(
            "UPDATE jobs SET crashes = ?, progressed = 0 WHERE number = ?", [crashes, row.number])
        var change = Change(trigger: .crashed, actor: "server", detail: .object([.init("crashes", JSONValue(crashes))]))
        if wasWorking, crashes >= row.maxAttempts {
            change.trigger = .crashedTooOften
            change.reason = .crashed
            change.failure = JobFailure(
                code: .crashed, detail: "The server died \(crashes) times in a row while running this job.")
        }
        try apply(change, to: row, in: transaction, live: live, changes: changes)
    }

    /// Moves every file that no row names to `unclaimed/<time>/`. Nothing is deleted: that no row names a file may as well
    /// mean that the row was lost.
    private func setLitterAside() throws(StoreError) {
        var litter: [(folder: FileStore.Folder, name: String)] = []
        for folder in FileStore.Folder.allCases {
            let kept = try folder.rows.map { sql throws(StoreError) in
                Set(try read { try $0.rows(sql) { try $0.text() } })
            }
            litter += try files.names(in: folder).filter { !(kept?.contains($0) ?? false) }.map { (folder, $0) }
        }
        let result = files.setAside(litter, at: now)
        for (folder, name) in litter { configuration.logger.info("no row names \(folder.rawValue)/\(name)") }
        if let folder = result.folder, result.moved > 0 {
            configuration.logger.warning(
                """
                moved \(result.moved) files that no row names to \(folder); they are deleted when --retain-unclaimed is over
                """)
        }
        for failure in result.failures { configuration.logger.warning("cannot set aside \(failure)") }
    }
}
