import Crypto
import Jobs

/// Collects arrays and writes them as an `Archive`.
struct ArchiveWriter {
    private let kind: Archive.Kind
    private let metadata: JSONValue
    private var entries: [Archive.Entry] = []
    private var data: [UInt8] = []

    init(_ kind: Archive.Kind, metadata: JSONValue) {
        self.kind = kind
        self.metadata = metadata
    }

    mutating func add(_ name: String, floats: UnsafeBufferPointer<Float>) {
        append(name, .float, count: floats.count, UnsafeRawBufferPointer(floats))
    }

    mutating func add(_ name: String, floats: [Float]) {
        floats.withUnsafeBytes { append(name, .float, count: floats.count, $0) }
    }

    mutating func add(_ name: String, doubles: [Double]) {
        doubles.withUnsafeBytes { append(name, .double, count: doubles.count, $0) }
    }

    mutating func add(_ name: String, integers: [Int64]) {
        integers.withUnsafeBytes { append(name, .integer, count: integers.count, $0) }
    }

    /// Memory is copied as it stands: every machine this builds for is little-endian.
    private mutating func append(
        _ name: String, _ type: Archive.ElementType, count: Int, _ memory: UnsafeRawBufferPointer
    ) {
        data.append(contentsOf: repeatElement(0, count: Archive.aligned(data.count) - data.count))
        entries.append(Archive.Entry(name: name, type: type, count: count, offset: data.count))
        data.append(contentsOf: memory)
    }

    /// The whole file.
    func encoded() -> [UInt8] {
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
        bytes.reserveCapacity(Archive.aligned(Archive.headerOffset + header.count) + data.count + Archive.digestBytes)
        withUnsafeBytes(of: Archive.version.littleEndian) { bytes.append(contentsOf: $0) }
        withUnsafeBytes(of: UInt64(header.count).littleEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: header)
        bytes.append(contentsOf: repeatElement(0, count: Archive.aligned(bytes.count) - bytes.count))
        bytes.append(contentsOf: data)
        bytes.append(contentsOf: SHA256.hash(data: bytes))
        return bytes
    }
}
