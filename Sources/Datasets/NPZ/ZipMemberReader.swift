import CZlib
import Compression

/// A member of a ZIP file from its first to its last byte, inflated as it is read. Its length and its CRC are checked with the
/// last byte; no more than the directory promised is ever produced.
final class ZipMemberReader {
    private let archive: ZipArchive
    private let member: ZipArchive.Member
    /// Nil for stored members.
    private let inflater: Inflater?
    private var offset: Int
    private var storedLeft: Int
    /// Bytes the reader has still to give.
    private(set) var left: Int
    private var crc = crc32(0, nil, 0)

    /// zlib counts in 32 bits.
    private static let pieceBytesMax = 1 << 28

    init(_ archive: ZipArchive, _ member: ZipArchive.Member) throws(DatasetError) {
        let header = LittleEndian(try archive.file.bytes(at: member.headerOffset, count: ZipArchive.headerBytes), at: 0)
        guard header.u32(0) == 0x0403_4B50 else {
            throw ZipArchive.damaged("\"\(member.name)\" is not where it should be")
        }
        let offset = member.headerOffset + ZipArchive.headerBytes + Int(header.u16(26)) + Int(header.u16(28))
        guard offset <= archive.file.bytes, member.storedBytes <= archive.file.bytes - offset else {
            throw ZipArchive.damaged("\"\(member.name)\" goes beyond the end")
        }
        guard member.storedBytes <= member.endMax - offset else {
            throw ZipArchive.damaged("\"\(member.name)\" overlaps what comes behind it")
        }
        guard member.isDeflated || member.storedBytes == member.bytes else {
            throw ZipArchive.damaged("\"\(member.name)\" is stored with two different sizes")
        }
        self.archive = archive
        self.member = member
        self.offset = offset
        storedLeft = member.storedBytes
        left = member.bytes
        inflater = member.isDeflated ? try Self.makeInflater() : nil
    }

    private static func makeInflater() throws(DatasetError) -> Inflater {
        do {
            return try Inflater(.raw)
        } catch {
            throw DatasetError("there is no memory for inflating", kind: .outOfMemory)
        }
    }

    /// Fills the whole of `target`; throws when the member has fewer bytes left or is damaged.
    func read(into target: UnsafeMutableRawBufferPointer) throws(DatasetError) {
        guard target.count <= left else {
            throw ZipArchive.damaged("\"\(member.name)\" is shorter than its header says")
        }
        var filled = 0
        while filled < target.count {
            let end = min(target.count, filled + Self.pieceBytesMax)
            let rest = UnsafeMutableRawBufferPointer(rebasing: target[filled..<end])
            let count = try produce(into: rest)
            guard count > 0 else { throw ZipArchive.damaged("\"\(member.name)\" ends early") }
            crc = crc32(crc, rest.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt32(count))
            filled += count
        }
        left -= filled
        if left == 0 { try finish() }
    }

    func read(count: Int) throws(DatasetError) -> [UInt8] {
        guard count <= left else { throw ZipArchive.damaged("\"\(member.name)\" is shorter than its header says") }
        var bytes = [UInt8](repeating: 0, count: count)
        try bytes.withUnsafeMutableBufferPointer { target throws(DatasetError) in
            try read(into: UnsafeMutableRawBufferPointer(target))
        }
        return bytes
    }

    private func finish() throws(DatasetError) {
        var one: UInt8 = 0
        let surplus = try withUnsafeMutableBytes(of: &one) { target throws(DatasetError) in try produce(into: target) }
        guard surplus == 0, inflater?.hasEnded != false else {
            throw ZipArchive.damaged("\"\(member.name)\" does not end where the directory says")
        }
        guard UInt32(truncatingIfNeeded: crc) == member.crc else {
            throw ZipArchive.damaged("the checksum of \"\(member.name)\" is wrong; upload it again")
        }
    }

    private func produce(into target: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
        guard let inflater else { return try readStored(into: target) }
        let count = try inflater.inflate(into: target) { input throws(DatasetError) in try readStored(into: input) }
        guard let count else { throw ZipArchive.damaged("\"\(member.name)\" cannot be inflated") }
        return count
    }

    private func readStored(into target: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
        let wanted = UnsafeMutableRawBufferPointer(rebasing: target[..<min(target.count, storedLeft)])
        let count = try archive.file.read(at: offset, into: wanted)
        offset += count
        storedLeft -= count
        return count
    }
}
