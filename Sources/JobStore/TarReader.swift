import Glibc

/// Reads a tar archive from its beginning to its end.
struct TarReader {
    private let descriptor: Int32
    /// The size of the member whose content comes next.
    private var size = 0

    init(path: String) throws {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw StoreError.unreadable(StoreError.Fault(errno: errno, operation: "open \(path)"))
        }
    }

    func close() {
        Glibc.close(descriptor)
    }

    /// Nil at the end of the archive. The content of the member before must have been read.
    mutating func nextHeader() throws -> TarHeader? {
        let block = try read(TarHeader.blockBytes)
        if block.allSatisfy({ $0 == 0 }) { return nil }
        guard let header = TarHeader(block) else { throw StoreError.invalidBackup("it is no archive of plain files") }
        size = header.size
        return header
    }

    /// Hands on the content of the current member piece by piece.
    mutating func content(_ take: ([UInt8]) throws -> Void) throws {
        var remaining = size
        while remaining > 0 {
            let piece = try read(min(remaining, FileStore.chunkBytes))
            try take(piece)
            remaining -= piece.count
        }
        _ = try read(TarHeader.padding(after: size))
        size = 0
    }

    private func read(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let status = bytes.withUnsafeMutableBytes { buffer in
                Glibc.read(descriptor, buffer.baseAddress?.advanced(by: filled), count - filled)
            }
            if status < 0 && errno == EINTR { continue }
            guard status >= 0 else {
                throw StoreError.unreadable(StoreError.Fault(errno: errno, operation: "read the backup"))
            }
            guard status > 0 else { throw StoreError.invalidBackup("it ends too early") }
            filled += status
        }
        return bytes
    }
}
