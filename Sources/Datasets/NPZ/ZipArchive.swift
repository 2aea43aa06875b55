import CZlib

/// The directory of a ZIP file (APPNOTE 6.3.10, with ZIP64): which members there are, and where their bytes lie.
///
/// Nothing in the file is believed before it is checked against the file's size.
final class ZipArchive {
    struct Member: Sendable, Hashable {
        var name: String
        var isDeflated: Bool
        var crc: UInt32
        /// Bytes in the file.
        var storedBytes: Int
        /// Bytes after inflation.
        var bytes: Int
        var headerOffset: Int
        /// Where the next member or the directory begins: this one's bytes end before.
        var endMax = 0
    }

    let file: FileReader
    let members: [Member]

    /// Bytes of a directory beyond which the file is refused.
    private static let directoryBytesMax = 64 << 20
    private static let endBytes = 22
    private static let commentBytesMax = 65_535

    init(
        _ path: String, limits: DatasetLimits, isWanted: @escaping () -> Bool = { true }
    ) throws(DatasetError) {
        let file = try FileReader(path, isWanted: isWanted)
        let directory = try Self.findDirectory(file)
        guard directory.count <= limits.columnsMax else {
            throw DatasetError("more than \(limits.columnsMax) arrays in the file", kind: .tooLarge)
        }
        let bytes = try file.bytes(at: directory.offset, count: directory.bytes)
        members = try Self.apart(
            try Self.members(bytes, count: directory.count, limits: limits), before: directory.offset)
        self.file = file
    }

    static func damaged(_ what: String) -> DatasetError {
        DatasetError("the file is no sound NPZ (ZIP) file: \(what)")
    }

    // MARK: Directory

    private struct Directory {
        var offset: Int
        var bytes: Int
        var count: Int
    }

    private static func findDirectory(_ file: borrowing FileReader) throws(DatasetError) -> Directory {
        let tailBytes = min(file.bytes, endBytes + commentBytesMax)
        let tailOffset = file.bytes - tailBytes
        let tail = try file.bytes(at: tailOffset, count: tailBytes)
        guard tailBytes >= endBytes else { throw damaged("it is too short") }
        for start in stride(from: tailBytes - endBytes, through: 0, by: -1) {
            let record = LittleEndian(tail, at: start)
            guard record.u32(0) == 0x0605_4B50, Int(record.u16(20)) == tailBytes - start - endBytes else { continue }
            return try directory(record, endOffset: tailOffset + start, file: file)
        }
        throw damaged("it has no end-of-directory record; was the upload cut off?")
    }

    private static func directory(
        _ record: LittleEndian, endOffset: Int, file: borrowing FileReader
    ) throws(DatasetError) -> Directory {
        var directory = Directory(
            offset: Int(record.u32(16)), bytes: Int(record.u32(12)), count: Int(record.u16(10)))
        var disks = [UInt32(record.u16(4)), UInt32(record.u16(6))]
        if record.u32(16) == .max || record.u32(12) == .max || record.u16(10) == .max, endOffset >= 20 {
            let locator = LittleEndian(try file.bytes(at: endOffset - 20, count: 20), at: 0)
            if locator.u32(0) == 0x0706_4B50 {
                guard let offset = Int(exactly: locator.u64(8)) else {
                    throw damaged("its directory is beyond its end")
                }
                let end = LittleEndian(try file.bytes(at: offset, count: 56), at: 0)
                guard end.u32(0) == 0x0606_4B50, let count = Int(exactly: end.u64(32)),
                    let bytes = Int(exactly: end.u64(40)), let start = Int(exactly: end.u64(48))
                else { throw damaged("its ZIP64 record is broken") }
                directory = Directory(offset: start, bytes: bytes, count: count)
                disks = [end.u32(16), end.u32(20)]
            }
        }
        guard disks.allSatisfy({ $0 == 0 }) else { throw damaged("it is one part of several") }
        guard directory.bytes <= directoryBytesMax else { throw damaged("its directory is too large") }
        guard directory.offset <= endOffset, directory.bytes <= endOffset - directory.offset else {
            throw damaged("its directory is beyond its end")
        }
        return directory
    }

    private static func members(
        _ bytes: [UInt8], count: Int, limits: DatasetLimits
    ) throws(DatasetError) -> [Member] {
        var members: [Member] = []
        var names: Set<String> = []
        var total = 0
        var offset = 0
        for _ in 0..<count {
            guard bytes.count - offset >= 46 else { throw damaged("its directory is cut off") }
            let entry = LittleEndian(bytes, at: offset)
            guard entry.u32(0) == 0x0201_4B50 else { throw damaged("its directory is broken") }
            let lengths = (name: Int(entry.u16(28)), extra: Int(entry.u16(30)), comment: Int(entry.u16(32)))
            guard bytes.count - offset - 46 >= lengths.name + lengths.extra + lengths.comment else {
                throw damaged("its directory is cut off")
            }
            let nameStart = offset + 46
            guard let name = String(validating: bytes[nameStart..<nameStart + lengths.name], as: UTF8.self) else {
                throw damaged("a member's name is not UTF-8")
            }
            let extra = bytes[nameStart + lengths.name..<nameStart + lengths.name + lengths.extra]
            let member = try member(entry, name: name, extra: Array(extra))
            try check(member, names: &names, total: &total, limits: limits)
            members.append(member)
            offset = nameStart + lengths.name + lengths.extra + lengths.comment
        }
        return members
    }

    /// Bytes of a member's header without its name.
    static let headerBytes = 30

    /// Each member has bytes of its own. Where two shared theirs, a short file would stand for as many long arrays as it has
    /// names.
    private static func apart(_ members: [Member], before end: Int) throws(DatasetError) -> [Member] {
        var members = members
        let order = members.indices.sorted { members[$0].headerOffset < members[$1].headerOffset }
        var endMax = end
        for index in order.reversed() {
            let member = members[index]
            let header = member.headerOffset.addingReportingOverflow(headerBytes + member.name.utf8.count)
            let last = header.partialValue.addingReportingOverflow(member.storedBytes)
            guard !header.overflow, !last.overflow, last.partialValue <= end else {
                throw damaged("\"\(member.name)\" lies beyond its end")
            }
            guard last.partialValue <= endMax else {
                throw damaged("\"\(member.name)\" overlaps what comes behind it")
            }
            members[index].endMax = endMax
            endMax = member.headerOffset
        }
        return members
    }

    private static func member(
        _ entry: LittleEndian, name: String, extra: [UInt8]
    ) throws(DatasetError) -> Member {
        guard entry.u16(8) & 1 == 0 else { throw damaged("the member \"\(name)\" is encrypted") }
        guard entry.u16(10) == 0 || entry.u16(10) == 8 else {
            throw DatasetError(
                "the member \"\(name)\" is compressed by method \(entry.u16(10)); only stored and deflated ones are read",
                column: name)
        }
        var sizes = [UInt64(entry.u32(24)), UInt64(entry.u32(20)), UInt64(entry.u32(42))]
        try readZIP64(extra, into: &sizes, name: name)
        guard let bytes = Int(exactly: sizes[0]), let stored = Int(exactly: sizes[1]),
            let offset = Int(exactly: sizes[2])
        else { throw damaged("the size of \"\(name)\" is impossible") }
        return Member(
            name: name, isDeflated: entry.u16(10) == 8, crc: entry.u32(16), storedBytes: stored, bytes: bytes,
            headerOffset: offset)
    }

    /// Sizes that do not fit 32 bits stand in the extra field 1, in this order, those only.
    private static func readZIP64(
        _ extra: [UInt8], into sizes: inout [UInt64], name: String
    ) throws(DatasetError) {
        guard sizes.contains(UInt64(UInt32.max)) else { return }
        var offset = 0
        while extra.count - offset >= 4 {
            let field = LittleEndian(extra, at: offset)
            let length = Int(field.u16(2))
            guard extra.count - offset - 4 >= length else { break }
            if field.u16(0) == 1 {
                var position = 0
                for index in sizes.indices where sizes[index] == UInt64(UInt32.max) {
                    guard position + 8 <= length else { throw damaged("the size of \"\(name)\" is missing") }
                    sizes[index] = field.u64(4 + position)
                    position += 8
                }
                return
            }
            offset += 4 + length
        }
    }

    private static func check(
        _ member: Member, names: inout Set<String>, total: inout Int, limits: DatasetLimits
    ) throws(DatasetError) {
        guard names.insert(member.name).inserted else { throw damaged("it has two members \"\(member.name)\"") }
        guard member.bytes <= limits.memberBytesMax else {
            throw DatasetError(
                "the array has \(member.bytes) bytes; at most \(limits.memberBytesMax) are read", kind: .tooLarge,
                column: member.name)
        }
        let sum = total.addingReportingOverflow(member.bytes)
        guard !sum.overflow, sum.partialValue <= limits.archiveBytesMax else {
            throw DatasetError(
                "inflated, the arrays have more than \(limits.archiveBytesMax) bytes together", kind: .tooLarge)
        }
        total = sum.partialValue
    }
}

/// Little-endian numbers in bytes, from an offset on. Out of bounds is a programming error: check the count first.
struct LittleEndian {
    private let bytes: [UInt8]
    private let base: Int

    init(_ bytes: [UInt8], at base: Int) {
        self.bytes = bytes
        self.base = base
    }

    func u16(_ offset: Int) -> UInt16 { UInt16(truncatingIfNeeded: number(offset, bytes: 2)) }
    func u32(_ offset: Int) -> UInt32 { UInt32(truncatingIfNeeded: number(offset, bytes: 4)) }
    func u64(_ offset: Int) -> UInt64 { number(offset, bytes: 8) }

    private func number(_ offset: Int, bytes count: Int) -> UInt64 {
        (0..<count).reduce(0) { $0 | UInt64(bytes[base + offset + $1]) << UInt64(8 * $1) }
    }
}

extension FileReader {
    /// `count` bytes from `offset` on; throws when the file ends before.
    func bytes(at offset: Int, count: Int) throws(DatasetError) -> [UInt8] {
        guard offset >= 0, count >= 0, offset <= bytes, count <= bytes - offset else {
            throw ZipArchive.damaged("something lies beyond its end")
        }
        var buffer = [UInt8](repeating: 0, count: count)
        let read = try buffer.withUnsafeMutableBufferPointer { target throws(DatasetError) in
            try self.read(at: offset, into: UnsafeMutableRawBufferPointer(target))
        }
        guard read == count else { throw ZipArchive.damaged("it ends early") }
        return buffer
    }
}
