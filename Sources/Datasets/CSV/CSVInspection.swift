import Jobs

/// The schema of a CSV file.
enum CSVInspection {
    static func inspect(
        _ path: String, limits: DatasetLimits, isWanted: @escaping () -> Bool
    ) throws(DatasetError) -> DatasetSchema {
        var reader = try CSVReader.open(path, limits: limits, isWanted: isWanted)
        let profilers = ColumnProfilers(count: reader.header.count, limits: limits)
        while try reader.next() {
            for column in 0..<profilers.count { profilers.add(reader.field(column), to: column) }
        }
        guard reader.row > 0 else {
            throw DatasetError("the file has a header and no rows; expected at least one", line: reader.line)
        }
        return DatasetSchema(format: .csv, rows: reader.row, columns: profilers.profiles(named: reader.header))
    }
}

/// One profiler per column. They cannot be copied, so they live in memory of their own.
private final class ColumnProfilers {
    private let storage: UnsafeMutableBufferPointer<ColumnProfiler>

    init(count: Int, limits: DatasetLimits) {
        storage = .allocate(capacity: count)
        for index in 0..<count {
            storage.initializeElement(
                at: index, to: ColumnProfiler(bytesMax: profileBytes(ofColumn: index, limits: limits)))
        }
    }

    deinit {
        storage.deinitialize()
        storage.deallocate()
    }

    var count: Int { storage.count }

    func add(_ field: UnsafeBufferPointer<UInt8>, to column: Int) {
        storage[column].add(field)
    }

    func profiles(named names: [String]) -> [ColumnProfile] {
        names.enumerated().map { index, name in storage[index].profile(named: name) }
    }
}
