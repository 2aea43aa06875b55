import Jobs
import Locks

/// Records of data sets, which never change while they are there: every submission asks for one.
final class DatasetCache: Sendable {
    private struct State {
        var records: [Identifier: DatasetRecord] = [:]
        /// Grows with every removal, so that what was read before one is not kept after it.
        var removals = 0
    }

    /// Records kept at most; a record is as large as its table has columns.
    private static let countMax = 64
    /// Columns of a record that is kept at most.
    private static let columnsMax = 10_000

    private let state = Lock(State())

    /// The record kept, or what `read` finds, which is kept then.
    func record(
        of id: Identifier, read: () throws(StoreError) -> DatasetRecord?
    ) throws(StoreError) -> DatasetRecord? {
        let (kept, removals) = state.withLock { ($0.records[id], $0.removals) }
        if let kept { return kept }
        guard let record = try read() else { return nil }
        guard record.schema.columns.count <= Self.columnsMax else { return record }
        state.withLock { state in
            guard state.removals == removals else { return }
            // Which ones go matters little: a server has few that jobs are submitted on.
            if state.records.count >= Self.countMax { state.records.removeAll() }
            state.records[id] = record
        }
        return record
    }

    func forget(_ id: Identifier) {
        state.withLock { state in
            state.removals += 1
            state.records[id] = nil
        }
    }
}
