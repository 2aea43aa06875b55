import CNghttp2
package import HTTPTypes

/// The fields of a response, laid out for nghttp2 in buffers that are used again for the next response.
package struct HTTP2FieldBlock: ~Copyable {
    private struct Entry {
        var nameEnd: Int
        var valueEnd: Int
        /// Whether the value is likely to come again, so that HPACK should remember it.
        var recurs = true
    }
    private var bytes = ByteBlock(capacity: 512)
    private var entries: [Entry] = []

    /// What is kept for the next response, in bytes.
    private static let bytesKept = 16 * 1024

    package init() {}

    /// Starts over with `:status`.
    package mutating func begin(status: Int) {
        bytes.removeAll(capacityKept: Self.bytesKept)
        entries.removeAll(keepingCapacity: true)
        add(":status", status)
    }

    /// Starts over with `:status` and those of a response's fields that HTTP/2 has a use for and the server does not write
    /// itself.
    package mutating func begin(status: Int, _ responseFields: HTTPFields, standing: StandingFields? = nil) {
        begin(status: status)
        for field in responseFields {
            let start = bytes.count
            bytes.append(field.name.canonicalName)
            let nameEnd = bytes.count
            if HTTP1Serializer.isFraming(bytes.bytes.part(start..<nameEnd)) {
                bytes.truncate(to: start)
            } else {
                field.withUnsafeBytesOfValue { bytes.append(UnsafeRawBufferPointer($0)) }
                entries.append(Entry(nameEnd: nameEnd, valueEnd: bytes.count))
            }
        }
        if let standing { add(standing) }
    }

    private mutating func add(_ standing: StandingFields) {
        let start = bytes.count
        standing.pairs.withUnsafeBytes { bytes.append($0) }
        for ends in standing.ends { entries.append(Entry(nameEnd: start + ends.name, valueEnd: start + ends.value)) }
    }

    /// Adds a field whose name is lower case and whose value is free of control characters.
    /// - Parameter recurs: false for a value that is new each time, which would only push others out of HPACK's table.
    package mutating func add(_ name: StaticString, _ value: String, recurs: Bool = true) {
        bytes.append(name)
        let nameEnd = bytes.count
        bytes.append(value)
        entries.append(Entry(nameEnd: nameEnd, valueEnd: bytes.count, recurs: recurs))
    }

    package mutating func add(_ name: StaticString, _ value: [UInt8]) {
        value.withUnsafeBytes { add(name, $0) }
    }

    package mutating func add(_ name: StaticString, _ number: Int) {
        HTTP1Serializer.withDecimal(number) { add(name, $0) }
    }

    private mutating func add(_ name: StaticString, _ value: UnsafeRawBufferPointer) {
        bytes.append(name)
        let nameEnd = bytes.count
        bytes.append(value)
        entries.append(Entry(nameEnd: nameEnd, valueEnd: bytes.count))
    }

    /// Lends the fields to the library, `:status` first. The library copies what it keeps.
    func withNameValues<Result>(_ body: (UnsafeBufferPointer<nghttp2_nv>) -> Result) -> Result {
        withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: entries.count) { pairs in
            let base = bytes.bytes.bindMemory(to: UInt8.self).baseAddress.map { UnsafeMutablePointer(mutating: $0) }
            var start = 0
            for (index, entry) in entries.enumerated() {
                let flags = entry.recurs ? NGHTTP2_NV_FLAG_NONE : NGHTTP2_NV_FLAG_NO_INDEX
                pairs.initializeElement(
                    at: index,
                    to: nghttp2_nv(
                        name: base.map { $0 + start }, value: base.map { $0 + entry.nameEnd },
                        namelen: entry.nameEnd - start, valuelen: entry.valueEnd - entry.nameEnd,
                        flags: UInt8(truncatingIfNeeded: flags.rawValue)))
                start = entry.valueEnd
            }
            return body(UnsafeBufferPointer(pairs))
        }
    }
}
