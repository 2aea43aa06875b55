import Crypto
import Jobs

extension FileStore {
    /// Writes a file as `write` does, for content that it is to hold together with its SHA-256, 32 bytes at the end. Returns
    /// the SHA-256 of the whole, and its length.
    ///
    /// A file of any length takes the memory of a few blocks: such a one is written when a job is to let go at once.
    func writeSealed(
        _ content: [FilePiece], to folder: Folder, _ name: FileName
    ) throws(StoreError) -> (sha256: String, bytes: Int) {
        let file = try makeIncoming()
        let digest = BlockDigest()
        var block: [UInt8] = []
        block.reserveCapacity(min(content.byteCount, BlockDigest.blockBytes))
        for piece in content {
            try piece.withBytes { bytes throws(StoreError) in
                var rest = bytes[...]
                while !rest.isEmpty {
                    if block.count == BlockDigest.blockBytes {
                        digest.add(block)
                        try file.append(block, isDigested: false)
                        try file.release()
                        block.removeAll(keepingCapacity: true)
                    }
                    let part = rest.prefix(BlockDigest.blockBytes - block.count)
                    block.append(contentsOf: UnsafeRawBufferPointer(rebasing: part))
                    rest = rest.dropFirst(part.count)
                }
            }
        }
        digest.add(block)
        try file.append(block, isDigested: false)
        // A hash can be read and then go on.
        var hash = digest.hash
        let seal = Array(hash.finalize())
        hash.update(data: seal)
        try file.append(seal, isDigested: false)
        try file.finish()
        try adopt(file, as: folder, name)
        return (String(hexadecimal: hash.finalize()), file.bytes)
    }
}
