package import Jobs

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
    package static func inspect(
        _ path: String, format: DatasetFormat, limits: DatasetLimits
    ) throws(DatasetError) -> DatasetSchema {
        switch format {
        case .csv: try CSVInspection.inspect(path, limits: limits)
        case .jsonLines: try JSONLinesInspection.inspect(path, limits: limits)
        case .npz: try NPZInspection.inspect(path, limits: limits)
        }
    }
}

/// The budget of the profile of the column at `index`: fair to the first ones, bounded over all of them.
func profileBytes(ofColumn index: Int, limits: DatasetLimits) -> Int {
    limits.profileBytesMax / (index + 16)
}
