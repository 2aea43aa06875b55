package import Jobs
package import Locks

/// A stored data set as this room needs it: where its bytes are, and what is known of them.
package struct DatasetSource: Sendable, Hashable {
    package var path: String
    /// Of the file's bytes, in hexadecimal; tells one data set from another.
    package var sha256: String
    package var schema: DatasetSchema

    package init(path: String, sha256: String, schema: DatasetSchema) {
        self.path = path
        self.sha256 = sha256
        self.schema = schema
    }
}

/// Reads a stored file as a whole, for its schema or a look at its first rows.
package enum DatasetFile {
    /// Reads the file once, from its first to its last byte, and tells its schema.
    ///
    /// Memory is bounded by `limits`, whatever the file's size. Throws at the first thing that is wrong, with its row and line.
    ///
    /// - Parameters:
    ///   - memory: what the values of long lines are taken from; where there is too little, `.busy` is thrown.
    ///   - isWanted: asked before each piece of the file; where it is not, `.interrupted` is thrown.
    package static func inspect(
        _ path: String, format: DatasetFormat, limits: DatasetLimits, memory: MemoryBudget? = nil,
        isWanted: @escaping () -> Bool = { true }
    ) throws(DatasetError) -> DatasetSchema {
        switch format {
        case .csv: try CSVInspection.inspect(path, limits: limits, isWanted: isWanted)
        case .jsonLines: try JSONLinesInspection.inspect(path, limits: limits, memory: memory, isWanted: isWanted)
        case .npz: try NPZInspection.inspect(path, limits: limits, isWanted: isWanted)
        }
    }

    /// Holds the file against the SHA-256 that was taken of it on upload, once in a process.
    ///
    /// - Throws: `.damaged` where they differ.
    package static func check(
        _ source: DatasetSource, isWanted: @escaping () -> Bool = { true }
    ) throws(DatasetError) {
        try StoredFile.check(source, isWanted: isWanted)
    }
}

/// The budget of the profile of the column at `index`: fair to the first ones, bounded over all of them.
func profileBytes(ofColumn index: Int, limits: DatasetLimits) -> Int {
    limits.profileBytesMax / (index + 16)
}
