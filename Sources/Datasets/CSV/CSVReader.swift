/// A CSV file read record by record: the header first, then the rows, each with as many fields as the header.
struct CSVReader: ~Copyable {
    private var chunks: FileChunks
    private var parser: CSVParser
    private let limits: DatasetLimits
    private var chunk: UnsafeBufferPointer<UInt8>
    private var index: Int
    private var hasEnded = false

    /// The column names, as they stand in the header.
    private(set) var header: [String] = []
    /// Rows read so far; the number of the current row.
    private(set) var row = 0

    /// Opens the file and reads its header.
    static func open(
        _ path: String, limits: DatasetLimits, digest: StoredFile.FileDigest? = nil,
        isWanted: @escaping () -> Bool = { true }
    ) throws(DatasetError) -> CSVReader {
        var chunks = try FileChunks(path, digest: digest, isWanted: isWanted)
        let beginning = try chunks.next()
        // A regular file gives its first three bytes in one piece.
        let mark = try ByteOrderMark.length(in: beginning)
        var reader = CSVReader(chunks: chunks, chunk: beginning, index: mark, limits: limits)
        try reader.readHeader()
        return reader
    }

    private init(
        chunks: consuming FileChunks, chunk: UnsafeBufferPointer<UInt8>, index: Int, limits: DatasetLimits
    ) {
        self.chunks = chunks
        self.chunk = chunk
        self.index = index
        self.limits = limits
        parser = CSVParser(limits: limits)
    }

    /// Goes to the next row; false when there is none.
    mutating func next() throws(DatasetError) -> Bool {
        guard try nextRecord() else { return false }
        if parser.isBlank, header.count > 1 { return try expectOnlyBlankLines() }
        row += 1
        guard row <= limits.rowsMax else {
            throw DatasetError("more than \(limits.rowsMax) rows", kind: .tooLarge, row: row, line: parser.recordLine)
        }
        guard parser.fieldCount == header.count else { throw raggedRow() }
        return true
    }

    /// The physical line on which the current row began.
    var line: Int { parser.recordLine }

    /// A field of the current row, valid until the next call of `next`.
    func field(_ index: Int) -> UnsafeBufferPointer<UInt8> {
        parser.field(index)
    }

    private mutating func nextRecord() throws(DatasetError) -> Bool {
        while !hasEnded {
            if index == chunk.count {
                chunk = try chunks.next()
                index = 0
                if chunk.isEmpty {
                    hasEnded = true
                    return try parser.finish()
                }
            }
            if try parser.consume(chunk, from: &index) { return true }
        }
        return false
    }

    /// Empty lines may stand at the end of the file only.
    private mutating func expectOnlyBlankLines() throws(DatasetError) -> Bool {
        let blankLine = parser.recordLine
        while try nextRecord() {
            guard parser.isBlank else {
                throw DatasetError("an empty line between rows; remove it", row: row + 1, line: blankLine)
            }
        }
        return false
    }

    private func raggedRow() -> DatasetError {
        let fields = parser.fieldCount
        return DatasetError(
            "the row has \(fields) field\(fields == 1 ? "" : "s"), the header has \(header.count)", row: row,
            line: parser.recordLine, column: fields < header.count ? header[fields] : nil)
    }

    // MARK: Header

    private mutating func readHeader() throws(DatasetError) {
        guard try nextRecord(), !parser.isBlank else {
            throw DatasetError("the file is empty; expected a header line with the column names", line: 1)
        }
        header.reserveCapacity(parser.fieldCount)
        var seen: [String: Int] = [:]
        for index in 0..<parser.fieldCount {
            let name = String(decoding: parser.field(index), as: UTF8.self)
            try check(name, at: index, seen: &seen)
            header.append(name)
        }
        if header.count == 1, let separator = header[0].first(where: { ";\t|".contains($0) }) {
            let word = separator == "\t" ? "tabs" : "'\(separator)'"
            throw DatasetError(
                "the header is a single column with \(word) in its name; fields must be separated by commas", line: 1)
        }
        parser.columnNames = header
    }

    private func check(_ name: String, at index: Int, seen: inout [String: Int]) throws(DatasetError) {
        guard !name.isEmpty else {
            throw DatasetError("column \(index + 1) of the header has no name", line: parser.recordLine)
        }
        guard name.utf8.count <= limits.columnNameBytesMax else {
            throw DatasetError(
                "the name of column \(index + 1) is longer than \(limits.columnNameBytesMax) bytes", kind: .tooLarge,
                line: parser.recordLine)
        }
        if let first = seen.updateValue(index + 1, forKey: name) {
            throw DatasetError(
                "columns \(first) and \(index + 1) of the header have the same name", line: parser.recordLine,
                column: name)
        }
    }
}
