/// A text file line by line, without holding more than one line and one piece of the file.
struct LineReader: ~Copyable {
    private var chunks: FileChunks
    private var chunk: UnsafeBufferPointer<UInt8>
    private var index: Int
    private var line = ByteBuffer()
    private let limits: DatasetLimits

    /// The 1-based number of the current line.
    private(set) var number = 0

    static func open(
        _ path: String, limits: DatasetLimits, digest: StoredFile.FileDigest? = nil,
        isWanted: @escaping () -> Bool = { true }
    ) throws(DatasetError) -> LineReader {
        var chunks = try FileChunks(path, digest: digest, isWanted: isWanted)
        let beginning = try chunks.next()
        let mark = try ByteOrderMark.length(in: beginning)
        return LineReader(chunks: chunks, chunk: beginning, index: mark, limits: limits)
    }

    private init(
        chunks: consuming FileChunks, chunk: UnsafeBufferPointer<UInt8>, index: Int, limits: DatasetLimits
    ) {
        self.chunks = chunks
        self.chunk = chunk
        self.index = index
        self.limits = limits
    }

    /// The bytes of the current line without its line feed, valid until the next call of `next`.
    var bytes: UnsafeBufferPointer<UInt8> { line.view(0..<line.count) }

    /// Goes to the next line; false at the end of the file.
    mutating func next() throws(DatasetError) -> Bool {
        line.removeAll()
        number += 1
        while true {
            if index == chunk.count {
                chunk = try chunks.next()
                index = 0
                if chunk.isEmpty { return line.count > 0 }
            }
            let rest = UnsafeBufferPointer(rebasing: chunk[index...])
            let end = rest.firstIndex(of: UInt8(ascii: "\n"))
            try append(UnsafeBufferPointer(rebasing: rest[..<(end ?? rest.count)]))
            index += end.map { $0 + 1 } ?? rest.count
            if end != nil { return true }
        }
    }

    private mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) throws(DatasetError) {
        guard line.count + bytes.count <= limits.recordBytesMax else {
            throw DatasetError("a line of more than \(limits.recordBytesMax) bytes", kind: .tooLarge, line: number)
        }
        guard let source = bytes.baseAddress else { return }
        line.tail(room: bytes.count).update(from: source, count: bytes.count)
        line.advance(by: bytes.count)
    }
}
