import CNghttp2
package import HTTPTypes

/// The fields of a response, laid out for nghttp2 in one buffer.
package struct HTTP2FieldBlock {
    private struct Entry {
        var nameEnd: Int
        var valueEnd: Int
        /// Whether the value is likely to come again, so that HPACK should remember it.
        var recurs = true
    }
    private var bytes: [UInt8] = []
    private var entries: [Entry] = []

    package init() {}

    /// The fields of `response` but those that HTTP/2 has no use for or the server writes itself.
    package init(_ response: HTTPResponse) {
        bytes.reserveCapacity(256)
        entries.reserveCapacity(response.headerFields.count + 4)
        for field in response.headerFields where !HTTP1Serializer.isFraming(field.name) {
            bytes.append(contentsOf: field.name.canonicalName.utf8)
            let nameEnd = bytes.count
            field.withUnsafeBytesOfValue { bytes.append(contentsOf: $0) }
            entries.append(Entry(nameEnd: nameEnd, valueEnd: bytes.count))
        }
    }

    /// Adds a field whose name is lower case and whose value is free of control characters.
    /// - Parameter recurs: false for a value that is new each time, which would only push others out of HPACK's table.
    package mutating func add(_ name: StaticString, _ value: some Collection<UInt8>, recurs: Bool = true) {
        HTTP1Serializer.append(name, to: &bytes)
        let nameEnd = bytes.count
        bytes.append(contentsOf: value)
        entries.append(Entry(nameEnd: nameEnd, valueEnd: bytes.count, recurs: recurs))
    }

    package mutating func add(_ name: StaticString, _ number: Int) {
        HTTP1Serializer.append(name, to: &bytes)
        let nameEnd = bytes.count
        HTTP1Serializer.appendDecimal(number, to: &bytes)
        entries.append(Entry(nameEnd: nameEnd, valueEnd: bytes.count))
    }

    /// Lends the fields to the library, `:status` first.
    func withNameValues<Result>(status: Int, _ body: (UnsafeBufferPointer<nghttp2_nv>) -> Result) -> Result {
        var head: [UInt8] = Array(":status".utf8)
        HTTP1Serializer.appendDecimal(status, to: &head)
        return head.withUnsafeMutableBufferPointer { head in
            var bytes = bytes
            return bytes.withUnsafeMutableBufferPointer { bytes in
                let pairs = Self.pairs(head: head, bytes: bytes, entries: entries)
                return pairs.withUnsafeBufferPointer(body)
            }
        }
    }

    private static func pairs(
        head: UnsafeMutableBufferPointer<UInt8>, bytes: UnsafeMutableBufferPointer<UInt8>, entries: [Entry]
    ) -> [nghttp2_nv] {
        let statusName = 7
        let flags = UInt8(NGHTTP2_NV_FLAG_NONE.rawValue)
        let passing = UInt8(NGHTTP2_NV_FLAG_NO_INDEX.rawValue)
        var pairs: [nghttp2_nv] = []
        pairs.reserveCapacity(entries.count + 1)
        pairs.append(
            nghttp2_nv(
                name: head.baseAddress, value: head.baseAddress.map { $0 + statusName }, namelen: statusName,
                valuelen: head.count - statusName, flags: flags))
        var start = 0
        for entry in entries {
            pairs.append(
                nghttp2_nv(
                    name: bytes.baseAddress.map { $0 + start }, value: bytes.baseAddress.map { $0 + entry.nameEnd },
                    namelen: entry.nameEnd - start, valuelen: entry.valueEnd - entry.nameEnd,
                    flags: entry.recurs ? flags : passing))
            start = entry.valueEnd
        }
        return pairs
    }
}
