import Jobs

/// Collects arrays and lays them out as an `Archive`.
struct ArchiveWriter {
    private let kind: Archive.Kind
    private let metadata: JSONValue
    private var entries: [Archive.Entry] = []
    /// One an entry. Memory is written as it stands: every machine this builds for is little-endian.
    private var arrays: [FilePiece] = []
    /// From the first array to the end of the last.
    private var dataBytes = 0

    init(_ kind: Archive.Kind, metadata: JSONValue) {
        self.kind = kind
        self.metadata = metadata
    }

    /// - Parameter floats: to stay as they are until the file is written.
    mutating func add(_ name: String, lent floats: UnsafeBufferPointer<Float>) {
        append(name, .float, count: floats.count, .lent(UnsafeRawBufferPointer(floats)))
    }

    mutating func add(_ name: String, floats: [Float]) {
        append(name, .float, count: floats.count, .floats(floats))
    }

    mutating func add(_ name: String, doubles: [Double]) {
        append(name, .double, count: doubles.count, Self.copy(of: doubles))
    }

    mutating func add(_ name: String, integers: [Int64]) {
        append(name, .integer, count: integers.count, Self.copy(of: integers))
    }

    private static func copy(of numbers: [some BitwiseCopyable]) -> FilePiece {
        .bytes(numbers.withUnsafeBytes { Array($0) })
    }

    private mutating func append(_ name: String, _ type: Archive.ElementType, count: Int, _ array: FilePiece) {
        let offset = Archive.aligned(dataBytes)
        entries.append(Archive.Entry(name: name, type: type, count: count, offset: offset))
        arrays.append(array)
        dataBytes = offset + array.byteCount
    }

    /// The whole file.
    func encoded() -> [UInt8] {
        Archive.sealed(content().bytes)
    }

    /// The file but for the digest that ends it.
    func content() -> [FilePiece] {
        let header = JSONValue.object([
            .init("kind", .string(kind.rawValue)),
            .init("metadata", metadata),
            .init(
                "arrays",
                .array(
                    entries.map { entry in
                        .object([
                            .init("name", .string(entry.name)), .init("type", .string(entry.type.rawValue)),
                            .init("count", JSONValue(entry.count)), .init("offset", JSONValue(entry.offset)),
                        ])
                    })),
        ]).encoded
        var head = Archive.magic
        withUnsafeBytes(of: Archive.version.littleEndian) { head.append(contentsOf: $0) }
        withUnsafeBytes(of: UInt64(header.count).littleEndian) { head.append(contentsOf: $0) }
        head += header
        head += [UInt8](repeating: 0, count: Archive.aligned(head.count) - head.count)
        var content: [FilePiece] = [.bytes(head)]
        var end = 0
        for (entry, array) in zip(entries, arrays) {
            if entry.offset > end { content.append(.bytes([UInt8](repeating: 0, count: entry.offset - end))) }
            content.append(array)
            end = entry.offset + array.byteCount
        }
        return content
    }
}
