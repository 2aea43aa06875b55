import GRDB
package import Jobs

/// A data set that has been uploaded and read.
package struct DatasetRecord: Sendable, Hashable {
    package var id: Identifier
    package var owner: String
    package var name: String
    package var bytes: Int
    /// Of the file as uploaded, lower-case hexadecimal.
    package var sha256: String
    package var schema: DatasetSchema
    package var createdAt: Timestamp
}

/// A data set about to be kept.
package struct NewDataset: Sendable, Hashable {
    package var id: Identifier
    package var owner: String
    package var name: String
    package var bytes: Int
    package var sha256: String
    package var schema: DatasetSchema

    package init(id: Identifier, owner: String, name: String, bytes: Int, sha256: String, schema: DatasetSchema) {
        self.id = id
        self.owner = owner
        self.name = name
        self.bytes = bytes
        self.sha256 = sha256
        self.schema = schema
    }
}

extension Store {
    /// Jobs named in an `.inUse` error at most.
    static let usersNamedMax = 10

    /// Takes over a finished file and records it.
    ///
    /// The file gets its name, durably, before this returns; it is removed again when the row cannot be written. The write
    /// throws `.tooManyStoredBytes`.
    package func insert(
        _ new: NewDataset, file: IncomingFile, remembering remembered: Remembered<DatasetRecord>? = nil
    ) throws(StoreError) -> Write<Outcome<DatasetRecord>> {
        let name = FileName(new.id)
        do {
            try files.adopt(file, as: .datasets, name)
        } catch {
            disk.failed(error)
            throw error
        }
        let remove: @Sendable () -> Void = { [files] in files.remove(.datasets, name) }
        let limits = configuration.limits
        let columns = JSONValue(columns: new.schema.columns).jsonText
        let bytes = new.bytes + new.name.utf8.count + columns.utf8.count
        return writeOnce(remembering: remembered, onReplay: remove) { transaction in
            try Self.admit(bytes: bytes, of: new.owner, within: limits, in: transaction)
            try transaction.database.run(
                """
                INSERT INTO datasets (id, owner, name, format, bytes, sha256, rows, columns, created_at, stored_bytes)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    name.description, new.owner, new.name, new.schema.format.rawValue, new.bytes, new.sha256,
                    new.schema.rows,
                    columns, transaction.now.milliseconds, bytes,
                ])
            try Self.count(bytes, of: new.owner, in: transaction.database)
            return DatasetRecord(
                id: new.id, owner: new.owner, name: new.name, bytes: new.bytes, sha256: new.sha256,
                schema: new.schema, createdAt: transaction.now)
        }.removingOnFailure(remove)
    }

    package func dataset(_ id: Identifier, owner: String?) throws(StoreError) -> DatasetRecord {
        let record = try datasets.record(of: id) { () throws(StoreError) in
            try read { database in
                try database.row("\(Self.selectDataset) WHERE id = ?", [id.description]) {
                    try Self.dataset(&$0).item
                }
            }
        }
        guard let record, owner == nil || record.owner == owner else { throw .notFound }
        return record
    }

    package func datasets(
        owner: String?, by order: ListOrder<DatasetField> = .newestFirst, _ request: PageRequest
    ) throws(StoreError) -> Page<DatasetRecord> {
        try page(request, order, list: "datasets \(owner ?? "")") { position, limit throws(StoreError) in
            try read { database in
                let (condition, arguments): (String, StatementArguments) =
                    if let owner { ("owner = ? AND \(position.condition)", [owner] + position.arguments) } else {
                        (position.condition, position.arguments)
                    }
                return try database.rows(
                    "\(Self.selectDataset) WHERE \(condition) ORDER BY \(position.order) LIMIT ?", arguments + [limit],
                    Self.dataset)
            }
        }
    }

    /// Removes a data set and its file. Throws `.inUse` while a job that is not over names it.
    package func deleteDataset(_ id: Identifier, owner: String?) -> Write<Void> {
        let (files, datasets) = (self.files, self.datasets)
        return write { transaction in
            let database = transaction.database
            let exists = try database.integer(
                "SELECT 1 FROM datasets WHERE id = ? AND owner = coalesce(?, owner)", [id.description, owner])
            guard exists != nil else { throw StoreError.notFound }
            let users = try database.rows(
                """
                SELECT jobs.id FROM job_datasets JOIN jobs ON jobs.number = job_datasets.job
                WHERE job_datasets.dataset = ?
                  AND jobs.state IN ('queued', 'starting', 'running', 'pausing', 'paused', 'cancelling')
                LIMIT ?
                """, [id.description, Self.usersNamedMax]
            ) { try $0.identifier(.job) }
            guard users.isEmpty else { throw StoreError.inUse(by: users) }
            try Self.uncount(
                deleting: "DELETE FROM datasets WHERE id = ? RETURNING owner, stored_bytes", [id.description],
                in: database)
            transaction.afterCommit {
                datasets.forget(id)
                files.remove(.datasets, FileName(id))
            }
        }
    }

    /// Where the uploaded file stands.
    package func datasetPath(_ id: Identifier) -> String {
        files.path(.datasets, FileName(id))
    }

    private static let selectDataset =
        "SELECT number, id, owner, name, format, bytes, sha256, rows, columns, created_at FROM datasets"

    private static func dataset(_ columns: inout Columns) throws -> (number: Int, item: DatasetRecord) {
        let number = try columns.integer()
        let (id, owner, name) = (try columns.identifier(.dataset), try columns.text(), try columns.text())
        let format = try columns.name(DatasetFormat.self)
        let (bytes, sha256, rows) = (try columns.fileBytes(), try columns.text(), try columns.integer())
        let schema = DatasetSchema(format: format, rows: rows, columns: try columns.json().columnProfiles())
        return (
            number,
            DatasetRecord(
                id: id, owner: owner, name: name, bytes: bytes, sha256: sha256, schema: schema,
                createdAt: try columns.time())
        )
    }
}
