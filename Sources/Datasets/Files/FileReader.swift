import Glibc

/// An open file, read by pieces. Closes its descriptor when it goes.
struct FileReader: ~Copyable {
    private let descriptor: Int32
    let path: String
    /// The size in bytes when the file was opened.
    let bytes: Int
    private let isWanted: () -> Bool

    /// Bytes between two looks at whether they are wanted.
    private static let pieceBytesMax = 16 << 20

    /// - Parameter isWanted: asked before each piece; where it is not, reading throws `.interrupted`.
    init(_ path: String, isWanted: @escaping () -> Bool = { true }) throws(DatasetError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw DatasetError("the stored file cannot be opened", kind: .unreadable(errno)) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let code = errno
            close(descriptor)
            throw DatasetError("the stored file cannot be examined", kind: .unreadable(code))
        }
        self.descriptor = descriptor
        self.path = path
        bytes = Int(status.st_size)
        self.isWanted = isWanted
    }

    deinit {
        close(descriptor)
    }

    /// Reads on into `buffer`; the count of bytes read, 0 at the end of the file.
    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
        try DatasetError.check(isWanted)
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            guard errno == EINTR else { throw DatasetError("the stored file cannot be read", kind: .unreadable(errno)) }
        }
    }

    /// Fills `buffer` from `offset` on; the count of bytes read, less than asked for only at the end of the file.
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
        var total = 0
        while total < buffer.count {
            try DatasetError.check(isWanted)
            let end = min(buffer.count, total + Self.pieceBytesMax)
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[total..<end])
            let count = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + total))
            if count == 0 { break }
            if count > 0 {
                total += count
            } else if errno != EINTR {
                throw DatasetError("the stored file cannot be read", kind: .unreadable(errno))
            }
        }
        return total
    }
}
