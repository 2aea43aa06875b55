import Crypto
import Dispatch
import Jobs
import Locks

extension FileStore {
    /// Writes a file as `write` does, for content that it is to hold together with its SHA-256, 32 bytes at the end. Returns
    /// the SHA-256 of the whole, and its length.
    ///
    /// A file of any length takes the memory of one block: such a one is written when a job is to let go at once.
    func writeSealed(
        _ content: [FilePiece], to folder: Folder, _ name: String
    ) throws(StoreError) -> (sha256: String, bytes: Int) {
        let file = try makeIncoming()
        let seal = Seal()
        var block: [UInt8] = []
        block.reserveCapacity(min(content.byteCount, Self.blockBytes))
        for piece in content {
            try piece.withBytes { bytes throws(StoreError) in
                var rest = bytes[...]
                while !rest.isEmpty {
                    if block.count == Self.blockBytes {
                        seal.add(block)
                        try file.append(block, isDigested: false)
                        try file.release()
                        block.removeAll(keepingCapacity: true)
                    }
                    let part = rest.prefix(Self.blockBytes - block.count)
                    block.append(contentsOf: UnsafeRawBufferPointer(rebasing: part))
                    rest = rest.dropFirst(part.count)
                }
            }
        }
        seal.add(block)
        try file.append(block, isDigested: false)
        let (digest, whole) = seal.finish()
        try file.append(digest, isDigested: false)
        try file.finish()
        try adopt(file, as: folder, name)
        return (whole, file.bytes)
    }

    private static let blockBytes = 8 << 20
}

/// The SHA-256 of some content, and of content and that together. Another core digests a block while the disk takes it.
private final class Seal: Sendable {
    private let hash = Lock(SHA256())
    private let digesting = DispatchGroup()

    /// Less is digested sooner than handed over.
    private static let handedOverBytesMin = 1 << 15

    /// Waits for the block before.
    func add(_ block: [UInt8]) {
        digesting.wait()
        if block.count < Self.handedOverBytesMin {
            hash.withLock { $0.update(data: block) }
        } else {
            DispatchQueue.global(qos: .userInitiated).async(group: digesting) { [hash] in
                hash.withLock { $0.update(data: block) }
            }
        }
    }

    /// Waits for the last block.
    func finish() -> (digest: [UInt8], whole: String) {
        digesting.wait()
        return hash.withLock { hash in
            // A hash can be read and then go on.
            let digest = Array(hash.finalize())
            hash.update(data: digest)
            return (digest, String(hexadecimal: hash.finalize()))
        }
    }
}
