/// How large a data set and its parts may be. Everything beyond is refused with an error that names the limit.
package struct DatasetLimits: Sendable, Hashable {
    /// Bytes of one CSV field after unquoting, or of one line of JSON Lines.
    package var fieldBytesMax: Int
    /// Bytes of one CSV record or one line of JSON Lines.
    package var recordBytesMax: Int
    package var columnsMax: Int
    package var columnNameBytesMax: Int
    /// Rows of one file; row numbers must fit 32 bits.
    package var rowsMax: Int
    /// Bytes of distinct values kept while a file is profiled, over all columns.
    package var profileBytesMax: Int
    /// Bytes of one NPZ member after inflation.
    package var memberBytesMax: Int
    /// Bytes of all NPZ members after inflation.
    package var archiveBytesMax: Int
    /// Bytes of the header text of one NPY member.
    package var arrayHeaderBytesMax: Int
    /// Values of one row of an array: pixels times channels.
    package var rowValuesMax: Int
    /// Bytes of an encoded data set in memory.
    package var encodedBytesMax: Int
    /// Classes of one task, and categories of one column.
    package var classesMax: Int
    /// Values in one preview answer.
    package var previewValuesMax: Int
    /// Rows of one prediction.
    package var predictionRowsMax: Int
    /// Bytes of the encoded rows of one prediction.
    package var predictionBytesMax: Int

    package static let standard = DatasetLimits()

    /// Of files that were accepted on upload, when the server may have had a larger bound.
    package static let stored = DatasetLimits(archiveBytesMax: .max)

    package init(
        fieldBytesMax: Int = 1 << 20, recordBytesMax: Int = 16 << 20, columnsMax: Int = 16_384,
        columnNameBytesMax: Int = 256, rowsMax: Int = 1 << 30, profileBytesMax: Int = 64 << 20,
        memberBytesMax: Int = 8 << 30, archiveBytesMax: Int = 16 << 30, arrayHeaderBytesMax: Int = 64 << 10,
        rowValuesMax: Int = 1 << 24, encodedBytesMax: Int = 64 << 30, classesMax: Int = 10_000,
        previewValuesMax: Int = 1 << 20, predictionRowsMax: Int = 100_000, predictionBytesMax: Int = 256 << 20
    ) {
        self.fieldBytesMax = fieldBytesMax
        self.recordBytesMax = recordBytesMax
        self.columnsMax = columnsMax
        self.columnNameBytesMax = columnNameBytesMax
        self.rowsMax = rowsMax
        self.profileBytesMax = profileBytesMax
        self.memberBytesMax = memberBytesMax
        self.archiveBytesMax = archiveBytesMax
        self.arrayHeaderBytesMax = arrayHeaderBytesMax
        self.rowValuesMax = rowValuesMax
        self.encodedBytesMax = encodedBytesMax
        self.classesMax = classesMax
        self.previewValuesMax = previewValuesMax
        self.predictionRowsMax = predictionRowsMax
        self.predictionBytesMax = predictionBytesMax
    }
}
