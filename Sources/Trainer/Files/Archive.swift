import Crypto
package import Jobs

/// A self-describing file of named arrays, for models and checkpoints.
///
/// Layout, all integers little-endian: the magic `TENBIN` and two bytes of version, the length of the header (8 bytes),
/// the header (JSON: kind, metadata, and the name, type, count and offset of every array), zeros up to a multiple of 64,
/// the arrays, each starting at a multiple of 64 from the first, and the SHA-256 of everything before it.
package struct Archive: Sendable {
    package enum Kind: String, Sendable {
        case checkpoint, model
    }

    enum ElementType: String {
        case float = "f32"
        case double = "f64"
        case integer = "i64"

        var size: Int { self == .float ? 4 : 8 }
    }

    struct Entry {
        var name: String
        var type: ElementType
        var count: Int
        /// From the first array, in bytes.
        var offset: Int
    }

    static let magic: [UInt8] = Array("TENBIN".utf8)
    static let version: UInt16 = 1
    /// Where the header starts: after the magic, the version and its length.
    static let headerOffset = 16
    static let alignment = 64
    static let digestBytes = 32
    /// Far above any real header; a longer one is damage.
    static let headerBytesMax = 256 << 20

    /// A whole file from all of it but its digest.
    package static func sealed(_ content: [UInt8]) -> [UInt8] {
        content + SHA256.hash(data: content)
    }

    package let kind: Kind
    package let metadata: JSONValue
    private let entries: [String: Entry]
    private let bytes: [UInt8]
    private let start: Int

    /// - Parameter isWanted: asked between pieces; where it is not, `.interrupted` is thrown.
    /// - Throws: `ArchiveError` where the bytes are no intact archive of this kind.
    package init(_ bytes: [UInt8], kind: Kind, isWanted: () -> Bool = { true }) throws(ArchiveError) {
        guard bytes.count >= Self.headerOffset + Self.digestBytes, bytes.starts(with: Self.magic) else {
            throw .notAnArchive
        }
        let version = UInt16(bytes[6]) | UInt16(bytes[7]) << 8
        guard version == Self.version else { throw .unknownVersion(Int(version)) }
        let end = bytes.count - Self.digestBytes
        guard try Self.digest(of: bytes[..<end], isWanted: isWanted) == bytes[end...] else {
            throw .damaged("its digest does not match")
        }
        let length = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[8 + $1]) << (8 * UInt64($1)) }
        guard length <= UInt64(min(Self.headerBytesMax, end - Self.headerOffset)) else {
            throw .damaged("its header is cut short")
        }
        let header: JSONValue
        do {
            header = try JSONValue(parsing: Array(bytes[Self.headerOffset..<(Self.headerOffset + Int(length))]))
        } catch {
            throw .damaged("its header is not JSON: \(error)")
        }
        guard header["kind"]?.text == kind.rawValue else {
            throw .wrongKind(found: header["kind"]?.text ?? "nothing", expected: kind)
        }
        self.kind = kind
        metadata = header["metadata"] ?? .null
        self.bytes = bytes
        start = Self.aligned(Self.headerOffset + Int(length))
        entries = try Self.readEntries(header, dataBytes: end - start)
    }

    private static let hashedBytesMax = 16 << 20

    private static func digest(
        of bytes: ArraySlice<UInt8>, isWanted: () -> Bool
    ) throws(ArchiveError) -> SHA256Digest {
        var hash = SHA256()
        var rest = bytes
        while !rest.isEmpty {
            guard isWanted() else { throw .interrupted }
            hash.update(data: rest.prefix(hashedBytesMax))
            rest = rest.dropFirst(hashedBytesMax)
        }
        return hash.finalize()
    }

    private static func readEntries(_ header: JSONValue, dataBytes: Int) throws(ArchiveError) -> [String: Entry] {
        var entries: [String: Entry] = [:]
        for element in header["arrays"]?.elements ?? [] {
            guard let name = element["name"]?.text, let type = element["type"]?.text.flatMap(ElementType.init),
                let count = element["count"]?.int, let offset = element["offset"]?.int, count >= 0, offset >= 0
            else { throw .damaged("its header does not describe its arrays") }
            let (size, tooLarge) = count.multipliedReportingOverflow(by: type.size)
            let (end, tooFar) = offset.addingReportingOverflow(size)
            guard !tooLarge, !tooFar, end <= dataBytes else { throw .damaged("array \(name) is cut short") }
            entries[name] = Entry(name: name, type: type, count: count, offset: offset)
        }
        return entries
    }

    static func aligned(_ offset: Int) -> Int {
        (offset + alignment - 1) / alignment * alignment
    }

    /// The names of all arrays.
    package var names: Set<String> { Set(entries.keys) }

    package func floats(_ name: String, count: Int? = nil) throws(ArchiveError) -> [Float] {
        try read(name, .float, count: count)
    }

    package func doubles(_ name: String, count: Int? = nil) throws(ArchiveError) -> [Double] {
        try read(name, .double, count: count)
    }

    package func integers(_ name: String, count: Int? = nil) throws(ArchiveError) -> [Int64] {
        try read(name, .integer, count: count)
    }

    /// Fills memory with an array of as many elements.
    func copy(_ name: String, to floats: UnsafeMutableBufferPointer<Float>) throws(ArchiveError) {
        try slice(name, .float, count: floats.count).withUnsafeBytes {
            UnsafeMutableRawBufferPointer(floats).copyMemory(from: $0)
        }
    }

    private func read<Element: BitwiseCopyable>(
        _ name: String, _ type: ElementType, count: Int?
    ) throws(ArchiveError) -> [Element] {
        let slice = try slice(name, type, count: count)
        let count = slice.count / type.size
        return Array(unsafeUninitializedCapacity: count) { elements, initialized in
            slice.withUnsafeBytes { UnsafeMutableRawBufferPointer(elements).copyMemory(from: $0) }
            initialized = count
        }
    }

    /// The bytes of an array, of any count where none is given.
    private func slice(_ name: String, _ type: ElementType, count: Int?) throws(ArchiveError) -> ArraySlice<UInt8> {
        guard let entry = entries[name] else { throw .missing(name) }
        guard entry.type == type, count ?? entry.count == entry.count else {
            throw .mismatch(name, found: entry.count, expected: count)
        }
        let from = start + entry.offset
        return bytes[from..<(from + entry.count * type.size)]
    }
}

/// Why bytes cannot be read as an archive.
package enum ArchiveError: Error, Hashable {
    case notAnArchive
    case unknownVersion(Int)
    case wrongKind(found: String, expected: Archive.Kind)
    case damaged(String)
    case missing(String)
    case mismatch(String, found: Int, expected: Int?)
    /// Nobody wants it any more.
    case interrupted
}

extension ArchiveError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notAnArchive: "these bytes are no model or checkpoint"
        case .unknownVersion(let version): "version \(version) of the format is not known here"
        case .wrongKind(let found, let expected): "this is a \(found), not a \(expected.rawValue)"
        case .damaged(let how): "the file is damaged: \(how)"
        case .interrupted: "nobody wants it any more"
        case .missing(let name): "the file has no array \(name)"
        case .mismatch(let name, let found, let expected):
            "array \(name) has \(found) elements" + (expected.map { " where \($0) are needed" } ?? " of another type")
        }
    }
}
