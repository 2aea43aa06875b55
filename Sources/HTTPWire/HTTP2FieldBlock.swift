import CNghttp2
package import HTTPTypes

/// The fields of a response, laid out for nghttp2 in buffers that are used again for the next response.
package struct HTTP2FieldBlock {
    private struct Entry {
        var nameEnd: Int
        var valueEnd: Int
        /// Whether the value is likely to come again, so that HPACK should remember it.
        var recurs = true
    }
    private var bytes: [UInt8] = []
    private var entries: [Entry] = []
    private var pairs: [nghttp2_nv] = []

    package init() {}

    /// Starts over with `:status`.
    package mutating func begin(status: Int) {
        bytes.removeAll(keepingCapacity: true)
        entries.removeAll(keepingCapacity: true)
        add(":status", status)
    }

    /// Starts over with `:status` and those of a response's fields that HTTP/2 has a use for and the server does not write
    /// itself.
    package mutating func begin(status: Int, _ responseFields: HTTPFields) {
        begin(status: status)
        for field in responseFields where !HTTP1Serializer.isFraming(field.name) {
            bytes.append(contentsOf: field.name.canonicalName.utf8)
            let nameEnd = bytes.count
            field.withUnsafeBytesOfValue { bytes.append(contentsOf: $0) }
            entries.append(Entry(nameEnd: nameEnd, valueEnd: bytes.count))
        }
    }

    /// Adds a field whose name is lower case and whose value is free of control characters.
    /// - Parameter recurs: false for a value that is new each time, which would only push others out of HPACK's table.
    package mutating func add(_ name: StaticString, _ value: String, recurs: Bool = true) {
        HTTP1Serializer.append(name, to: &bytes)
        let nameEnd = bytes.count
        bytes.append(contentsOf: value.utf8)
        entries.append(Entry(nameEnd: nameEnd, valueEnd: bytes.count, recurs: recurs))
    }

    package mutating func add(_ name: StaticString, _ value: [UInt8]) {
        HTTP1Serializer.append(name, to: &bytes)
        let nameEnd = bytes.count
        bytes.append(contentsOf: value)
        entries.append(Entry(nameEnd: nameEnd, valueEnd: bytes.count))
    }

    package mutating func add(_ name: StaticString, _ number: Int) {
        HTTP1Serializer.append(name, to: &bytes)
        let nameEnd = bytes.count
        HTTP1Serializer.appendDecimal(number, to: &bytes)
        entries.append(Entry(nameEnd: nameEnd, valueEnd: bytes.count))
    }

    /// Lends the fields to the library, `:status` first. The library copies what it keeps.
    mutating func withNameValues<Result>(_ body: (UnsafeBufferPointer<nghttp2_nv>) -> Result) -> Result {
        pairs.removeAll(keepingCapacity: true)
        return bytes.withUnsafeMutableBufferPointer { bytes in
            var start = 0
            for entry in entries {
                let flags = entry.recurs ? NGHTTP2_NV_FLAG_NONE : NGHTTP2_NV_FLAG_NO_INDEX
                pairs.append(
                    nghttp2_nv(
                        name: bytes.baseAddress.map { $0 + start }, value: bytes.baseAddress.map { $0 + entry.nameEnd },
                        namelen: entry.nameEnd - start, valuelen: entry.valueEnd - entry.nameEnd,
                        flags: UInt8(truncatingIfNeeded: flags.rawValue)))
                start = entry.valueEnd
            }
            return pairs.withUnsafeBufferPointer(body)
        }
    }
}
