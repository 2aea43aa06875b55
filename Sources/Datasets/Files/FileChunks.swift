/// A file from its beginning to its end, one piece after the other in the same memory.
struct FileChunks: ~Copyable {
    private var file: FileReader
    private let buffer: UnsafeMutableBufferPointer<UInt8>
    private let digest: StoredFile.FileDigest?

    private static let bytes = 256 << 10

    /// - Parameter digest: is told of all that is read.
    init(
        _ path: String, digest: StoredFile.FileDigest? = nil, isWanted: @escaping () -> Bool = { true }
    ) throws(DatasetError) {
        let file = try FileReader(path, isWanted: isWanted)
        self.file = file
        self.digest = digest
        buffer = .allocate(capacity: Self.bytes)
        buffer.initialize(repeating: 0)
    }

    deinit {
        buffer.deallocate()
    }

    /// The next piece, empty at the end; valid until the next call.
    mutating func next() throws(DatasetError) -> UnsafeBufferPointer<UInt8> {
        let count = try file.read(into: UnsafeMutableRawBufferPointer(buffer))
        let piece = UnsafeBufferPointer(rebasing: buffer[..<count])
        digest?.add(piece)
        return piece
    }
}

/// The bytes that may stand at the beginning of a text file to tell its encoding.
enum ByteOrderMark {
    /// How many bytes of `beginning` are the mark of UTF-8; throws when it is the mark of UTF-16.
    static func length(in beginning: UnsafeBufferPointer<UInt8>) throws(DatasetError) -> Int {
        if beginning.starts(with: [0xFE, 0xFF]) || beginning.starts(with: [0xFF, 0xFE]) {
            throw DatasetError("the file is UTF-16; the file must be text in UTF-8", line: 1)
        }
        return beginning.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    }
}
