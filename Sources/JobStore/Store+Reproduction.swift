import GRDB
package import Jobs

/// What it takes to train a job's model again, and whether that would give the same bytes.
package struct ReproductionRecord: Sendable, Hashable {
    package struct Dataset: Sendable, Hashable {
        package var id: Identifier
        /// Of the file as uploaded, lower-case hexadecimal; nil when it was gone before digests were kept.
        package var sha256: String?
    }

    /// What one claim of the job ran on.
    package struct Attempt: Sendable, Hashable {
        package var attempt: Int
        /// A JSON object: build, CPU features, library versions, threads.
        package var environment: String
        package var claimedAt: Timestamp
    }

    package var job: Identifier
    /// With every default filled in, as JSON text.
    package var spec: String
    /// In the order of their identifiers.
    package var datasets: [Dataset]
    package var weightingSwitches: [WeightingSwitch]
    package var attempts: [Attempt]
    package var finishReason: FinishReason?
    package var weightsSHA256: String?
    /// Whether the same spec, data and environment give the same weights to the last bit; nil while there is no model.
    ///
    /// They do when the job ended by itself and never went on with another environment or with other losses than before.
    package var bitExact: Bool?
}

extension Store {
    package func reproduction(of id: Identifier, owner: String?) throws(StoreError) -> ReproductionRecord {
        try read { database in
            try database.snapshot {
                let row = try Self.row(of: id, owner: owner, in: database)
                var record = ReproductionRecord(
                    job: id, spec: row.job.spec, datasets: try Self.datasetDigests(of: row.number, in: database),
                    weightingSwitches: try Self.weightingSwitches(of: row.number, in: database),
                    attempts: try Self.attempts(of: row.number, in: database), finishReason: row.job.finishReason,
                    weightsSHA256: row.job.weightsSHA256)
                if row.job.weightsSHA256 != nil {
                    let endedByItself = row.job.finishReason == .completed || row.job.finishReason == .earlyStopped
                    record.bitExact = try endedByItself && !Self.wasDisturbed(row.number, in: database)
                }
                return record
            }
        }
    }

    private static func datasetDigests(of job: Int, in database: Database) throws -> [ReproductionRecord.Dataset] {
        try database.rows("SELECT dataset, sha256 FROM job_datasets WHERE job = ? ORDER BY dataset", [job]) {
            ReproductionRecord.Dataset(id: try $0.identifier(.dataset), sha256: try $0.optionalText())
        }
    }

    private static func attempts(of job: Int, in database: Database) throws -> [ReproductionRecord.Attempt] {
        try database.rows(
            "SELECT attempt, \(SQL.json("environment")), claimed_at FROM attempts WHERE job = ? ORDER BY attempt", [job]
        ) {
            ReproductionRecord.Attempt(
                attempt: try $0.integer(), environment: try $0.jsonText(), claimedAt: try $0.time())
        }
    }

    /// Something in the job's history makes its bytes hard to get again.
    private static func wasDisturbed(_ job: Int, in database: Database) throws -> Bool {
        try database.integer(
            "SELECT 1 FROM job_events WHERE job = ? AND kind IN (?, ?) LIMIT 1",
            [job, JobEvent.Kind.resumedOnDifferentHardware.rawValue, JobEvent.Kind.resumeMismatch.rawValue]) != nil
    }
}
