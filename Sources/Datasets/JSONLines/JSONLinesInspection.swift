import Jobs
import Locks

/// The schema of a file of JSON Lines. Columns are the members of all rows, in the order of their first appearance.
enum JSONLinesInspection {
    static func inspect(
        _ path: String, limits: DatasetLimits, memory: MemoryBudget?, isWanted: @escaping () -> Bool
    ) throws(DatasetError) -> DatasetSchema {
        var reader = try JSONLinesReader.open(path, limits: limits, memory: memory, isWanted: isWanted)
        var columns: [Column] = []
        var indices: [String: Int] = [:]
        while try reader.next() {
            for (position, member) in reader.members.enumerated() {
                let index = try index(
                    of: member.name, hint: position, columns: &columns, indices: &indices, row: reader.row,
                    line: reader.line, limits: limits)
                try columns[index].profiler.add(member.value, row: reader.row, line: reader.line)
            }
        }
        guard reader.row > 0 else {
            throw DatasetError("the file is empty; expected one JSON object per line", line: 1)
        }
        guard !columns.isEmpty else { throw DatasetError("the objects have no members", row: 1) }
        let rows = reader.row
        return DatasetSchema(format: .jsonLines, rows: rows, columns: columns.map { $0.profiler.profile(rows: rows) })
    }

    /// A box, because profilers cannot be copied.
    private final class Column {
        let name: String
        var profiler: JSONColumnProfiler

        init(name: String, bytesMax: Int, limits: DatasetLimits) {
            self.name = name
            profiler = JSONColumnProfiler(name: name, bytesMax: bytesMax, limits: limits)
        }
    }

    private static func index(
        of name: String, hint: Int, columns: inout [Column], indices: inout [String: Int], row: Int, line: Int,
        limits: DatasetLimits
    ) throws(DatasetError) -> Int {
        // Most rows name their members in the same order.
        if hint < columns.count, columns[hint].name == name { return hint }
        if let index = indices[name] { return index }
        guard !name.isEmpty, name.utf8.count <= limits.columnNameBytesMax else {
            throw DatasetError(
                "a member's name must have 1 to \(limits.columnNameBytesMax) bytes", row: row, line: line)
        }
        guard columns.count < limits.columnsMax else {
            throw DatasetError(
                "more than \(limits.columnsMax) different members", kind: .tooLarge, row: row, line: line, column: name)
        }
        indices[name] = columns.count
        let bytesMax = profileBytes(ofColumn: columns.count, limits: limits)
        columns.append(Column(name: name, bytesMax: bytesMax, limits: limits))
        return columns.count - 1
    }
}
