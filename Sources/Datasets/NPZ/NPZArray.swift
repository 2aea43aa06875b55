/// One array of an NPZ file. Its elements are read from the first to the last, as often as they are asked for.
struct NPZArray {
    let name: String
    let header: ArrayHeader
    private let archive: ZipArchive
    private let member: ZipArchive.Member

    /// Elements are decoded in pieces of about this many bytes.
    private static let pieceBytes = 256 << 10

    /// Opens the array and reads its header; its size must be exactly what shape and type say.
    init(_ archive: ZipArchive, _ member: ZipArchive.Member, limits: DatasetLimits) throws(DatasetError) {
        guard member.name.hasSuffix(".npy"), member.name != ".npy" else {
            throw DatasetError("the member \"\(member.name)\" is no array; expected names that end with .npy")
        }
        name = String(member.name.dropLast(4))
        guard name.utf8.count <= limits.columnNameBytesMax else {
            throw DatasetError(
                "the name of an array is longer than \(limits.columnNameBytesMax) bytes", kind: .tooLarge)
        }
        self.archive = archive
        self.member = member
        let reader = try ZipMemberReader(archive, member)
        header = try ArrayHeader(reader, name: name, limits: limits)
        guard header.contentBytes == reader.left else {
            throw DatasetError(
                "the array has \(reader.left) bytes; its shape \(header.shape) of type \(header.element.name) "
                    + "asks for another number", column: name)
        }
        guard header.rows <= limits.rowsMax else {
            throw DatasetError("more than \(limits.rowsMax) rows", kind: .tooLarge, column: name)
        }
        let rowValues = (header.contentBytes ?? 0) / header.rows / header.element.size
        guard rowValues <= limits.rowValuesMax else {
            throw DatasetError("a row has more than \(limits.rowValuesMax) values", kind: .tooLarge, column: name)
        }
        guard !header.element.isText || header.shape.count == 1 else {
            throw DatasetError("the array holds strings in \(header.shape.count) axes; expected one", column: name)
        }
    }

    /// Elements of one row.
    var rowCount: Int { header.rowShape.reduce(1, *) }

    /// A reader that stands before the first element.
    private func elements() throws(DatasetError) -> ZipMemberReader {
        let reader = try ZipMemberReader(archive, member)
        _ = try reader.read(count: header.bytes)
        return reader
    }

    /// Passes over the elements of the first `rows` rows (all by default) in order: a buffer, how many elements it holds,
    /// and the index of the first.
    func forEachPiece(
        rows: Int = .max, _ body: (UnsafeRawBufferPointer, Int, Int) throws(DatasetError) -> Void
    ) throws(DatasetError) {
        let reader = try elements()
        let size = header.element.size
        let total = min(rows, header.rows) * rowCount
        let pieceElements = max(Self.pieceBytes / size, 1)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: min(pieceElements, total) * size, alignment: 16)
        defer { buffer.deallocate() }
        var first = 0
        while first < total {
            let count = min(pieceElements, total - first)
            let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<(count * size)])
            try reader.read(into: piece)
            try body(UnsafeRawBufferPointer(piece), count, first)
            first += count
        }
    }

    /// Reads all elements as they lie in the file into `target`, which has exactly their size.
    func readRaw(into target: UnsafeMutableRawBufferPointer) throws(DatasetError) {
        try elements().read(into: target)
    }

    /// The arrays of a file, each with as many rows.
    static func all(
        _ path: String, limits: DatasetLimits, isWanted: @escaping () -> Bool = { true }
    ) throws(DatasetError) -> [NPZArray] {
        let archive = try ZipArchive(path, limits: limits, isWanted: isWanted)
        var arrays: [NPZArray] = []
        for member in archive.members {
            let array = try NPZArray(archive, member, limits: limits)
            if let first = arrays.first, first.header.rows != array.header.rows {
                throw DatasetError(
                    "the array has \(array.header.rows) rows, \"\(first.name)\" has \(first.header.rows)",
                    column: array.name)
            }
            arrays.append(array)
        }
        guard !arrays.isEmpty else { throw DatasetError("the file has no arrays; expected \"x\" and one per target") }
        return arrays
    }
}
