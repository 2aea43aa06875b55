import GRDB
package import Jobs

/// A model that can be downloaded and asked.
package struct ModelRecord: Sendable, Hashable {
    package var id: Identifier
    package var owner: String
    package var job: Identifier
    package var name: String?
    package var bytes: Int
    /// Of the file, lower-case hexadecimal.
    package var sha256: String
    /// Of the parameters in their canonical order.
    package var weightsSHA256: String
    package var epoch: Int
    package var tasks: [TrainedModel.Task]
    package var testMetrics: [String: [String: Double?]]?
    package var createdAt: Timestamp
}

extension Store {
    package func model(_ id: Identifier, owner: String?) throws(StoreError) -> ModelRecord {
        let record = try read { database in
            try database.row(
                "\(Self.selectModel) WHERE id = ? AND owner = coalesce(?, owner)", [id.description, owner]
            ) { try Self.model(&$0).item }
        }
        guard let record else { throw .notFound }
        return record
    }

    /// Newest first; of one job only when it is named.
    package func models(
        owner: String?, job: Identifier? = nil, by order: ListOrder<ModelField> = .newestFirst, _ request: PageRequest
    ) throws(StoreError) -> Page<ModelRecord> {
        let list = "models \(owner ?? "") \(job?.description ?? "")"
        return try page(request, order, list: list) { position, limit throws(StoreError) in
            try read { database in
                var conditions = [position.condition]
                var arguments = position.arguments
                if let owner {
                    conditions.append("owner = ?")
                    arguments += [owner]
                }
                if let job {
                    conditions.append("job = ?")
                    arguments += [job.description]
                }
                return try database.rows(
                    """
                    \(Self.selectModel) WHERE \(conditions.joined(separator: " AND "))
                    ORDER BY \(position.order) LIMIT ?
                    """, arguments + [limit], Self.model)
            }
        }
    }

    /// Removes a model and its file. Throws `.inUse` while a job that is not over is to start from it.
    package func deleteModel(_ id: Identifier, owner: String?) -> Write<Void> {
        let files = self.files
        return write { transaction in
            let users = try transaction.database.rows(
                """
                SELECT jobs.id FROM jobs JOIN models ON models.id = ?1
                WHERE models.owner = coalesce(?2, models.owner) AND (instr(jobs.spec, ?3) > 0 OR instr(
                    (SELECT spec FROM comparison_bases WHERE number = jobs.base), ?3) > 0)
                  AND jobs.state IN ('queued', 'starting', 'running', 'pausing', 'paused', 'cancelling')
                LIMIT ?4
                """, [id.description, owner, "\"initial_model\":\"\(id)\"", Self.usersNamedMax]
            ) { try $0.identifier(.job) }
            guard users.isEmpty else { throw StoreError.inUse(by: users) }
            let removed = try Self.uncount(
                deleting: """
                    DELETE FROM models WHERE id = ? AND owner = coalesce(?, owner) RETURNING owner, stored_bytes
                    """,
                [id.description, owner], in: transaction.database)
            guard removed == 1 else { throw StoreError.notFound }
            try transaction.database.run(
                "UPDATE jobs SET model = NULL, revision = revision + 1 WHERE model = ?", [id.description])
            transaction.afterCommit { files.remove(.models, FileName(id)) }
        }
    }

    /// The bytes of a model, as the trainer made them. Throws `.corrupt` when they are not.
    ///
    /// - Parameter isWanted: asked before each piece; where it is not, `.interrupted` is thrown.
    package func modelBytes(
        _ record: ModelRecord, isWanted: () -> Bool = { true }
    ) throws(StoreError) -> [UInt8] {
        let bytes = try files.read(
            .models, FileName(record.id), count: record.bytes, sha256: record.sha256, isWanted: isWanted)
        guard let bytes else {
            throw .corrupt("the file of \(record.id) is not what was written")
        }
        return bytes
    }

    private static let selectModel = """
        SELECT number, id, owner, job, name, bytes, sha256, weights_sha256, epoch, tasks, test_metrics, created_at
        FROM models
        """

    private static func model(_ columns: inout Columns) throws -> (number: Int, item: ModelRecord) {
        let number = try columns.integer()
        let (id, owner, job) = (
            try columns.identifier(.model), try columns.text(), try columns.identifier(.job)
        )
        let (name, bytes, sha256) = (try columns.optionalText(), try columns.fileBytes(), try columns.text())
        let (weights, epoch) = (try columns.text(), try columns.integer())
        let tasks = try columns.json().modelTasks()
        let testMetrics = try columns.optionalJSON()?.testMetrics()
        return (
            number,
            ModelRecord(
                id: id, owner: owner, job: job, name: name, bytes: bytes, sha256: sha256, weightsSHA256: weights,
                epoch: epoch, tasks: tasks, testMetrics: testMetrics, createdAt: try columns.time())
        )
    }
}
