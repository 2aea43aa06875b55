import Jobs

/// Collects arrays and writes them as an `Archive`, each copied once.
struct ArchiveWriter {
    private let kind: Archive.Kind
    private let metadata: JSONValue
    private var entries: [Archive.Entry] = []
    /// One an entry: adds its bytes. Memory is copied as it stands: every machine this builds for is little-endian.
    private var copies: [(inout [UInt8]) -> Void] = []
    /// From the first array to the end of the last.
    private var dataBytes = 0

    init(_ kind: Archive.Kind, metadata: JSONValue) {
        self.kind = kind
        self.metadata = metadata
    }

    /// - Parameter floats: to stay as they are until the file is encoded.
    mutating func add(_ name: String, lent floats: UnsafeBufferPointer<Float>) {
        append(name, .float, count: floats.count) { $0.append(contentsOf: UnsafeRawBufferPointer(floats)) }
    }

    mutating func add(_ name: String, floats: [Float]) {
        append(name, .float, count: floats.count) { Self.copy(floats, to: &$0) }
    }

    mutating func add(_ name: String, doubles: [Double]) {
        append(name, .double, count: doubles.count) { Self.copy(doubles, to: &$0) }
    }

    mutating func add(_ name: String, integers: [Int64]) {
        append(name, .integer, count: integers.count) { Self.copy(integers, to: &$0) }
    }

    private static func copy<Number: BitwiseCopyable>(_ numbers: [Number], to bytes: inout [UInt8]) {
        numbers.withUnsafeBytes { bytes.append(contentsOf: $0) }
    }

    private mutating func append(
        _ name: String, _ type: Archive.ElementType, count: Int, _ copy: @escaping (inout [UInt8]) -> Void
    ) {
        let offset = Archive.aligned(dataBytes)
        entries.append(Archive.Entry(name: name, type: type, count: count, offset: offset))
        copies.append(copy)
        dataBytes = offset + count * type.size
    }

    /// The whole file.
    func encoded() -> [UInt8] {
        Archive.sealed(content())
    }

    /// The file but for the digest that ends it.
    func content() -> [UInt8] {
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
        var bytes = Archive.magic
        let start = Archive.aligned(Archive.headerOffset + header.count)
        bytes.reserveCapacity(start + dataBytes + Archive.digestBytes)
        withUnsafeBytes(of: Archive.version.littleEndian) { bytes.append(contentsOf: $0) }
        withUnsafeBytes(of: UInt64(header.count).littleEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: header)
        bytes.append(contentsOf: repeatElement(0, count: start - bytes.count))
        for (entry, copy) in zip(entries, copies) {
            bytes.append(contentsOf: repeatElement(0, count: start + entry.offset - bytes.count))
            copy(&bytes)
        }
        return bytes
    }
}
