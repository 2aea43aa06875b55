import Foundation

/// One thing that a server did to its data folder, as `Tests/PowerCut` wrote it down.
enum PowerRecord {
    case wrote(inode: UInt64, offset: Int, Data)
    case truncated(inode: UInt64, length: Int)
    /// A file or a directory.
    case synced(inode: UInt64)
    case made(inode: UInt64, path: String)
    case removed(path: String)
    case renamed(from: String, to: String)

    enum Failure: Error {
        case unknown(kind: UInt64)
    }

    /// The records of a journal. The last one may be cut short by the kill: it was not done then.
    static func all(in journal: Data) throws -> [PowerRecord] {
        var records: [PowerRecord] = []
        var start = journal.startIndex
        while let head = head(in: journal, at: start) {
            let end = start + headBytes + head.length
            guard end <= journal.endIndex else { break }
            records.append(try record(head, payload: journal[(start + headBytes)..<end]))
            start = end
        }
        return records
    }

    private static let headBytes = 32

    private struct Head {
        var kind, inode: UInt64
        var offset, length: Int
    }

    private static func head(in journal: Data, at start: Data.Index) -> Head? {
        guard start + headBytes <= journal.endIndex else { return nil }
        let words = journal[start..<(start + headBytes)].withUnsafeBytes { bytes in
            (0..<4).map { bytes.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self) }
        }
        return Head(kind: words[0], inode: words[1], offset: Int(clamping: words[2]), length: Int(clamping: words[3]))
    }

    private static func record(_ head: Head, payload: Data) throws -> PowerRecord {
        func text(_ bytes: Data) -> String { String(decoding: bytes, as: UTF8.self) }
        switch UInt8(clamping: head.kind) {
        case UInt8(ascii: "w"): return .wrote(inode: head.inode, offset: head.offset, payload)
        case UInt8(ascii: "t"): return .truncated(inode: head.inode, length: head.offset)
        case UInt8(ascii: "s"): return .synced(inode: head.inode)
        case UInt8(ascii: "c"): return .made(inode: head.inode, path: text(payload))
        case UInt8(ascii: "u"): return .removed(path: text(payload))
        case UInt8(ascii: "r"):
            let names = payload.split(separator: 0)
            guard names.count == 2 else { throw Failure.unknown(kind: head.kind) }
            return .renamed(from: text(names[0]), to: text(names[1]))
        default: throw Failure.unknown(kind: head.kind)
        }
    }
}
