import Testing

@testable import HTTPWire

@Suite struct HTTP2FrameScannerTests {
    private typealias Header = HTTP2FrameScanner.Header

    private static let headers = [
        Header(length: 0, type: 4, flags: 0, stream: 0), Header(length: 20, type: 1, flags: 1, stream: 1),
        Header(length: 7, type: 9, flags: 4, stream: 1), Header(length: 300, type: 0, flags: 1, stream: 0x7FFF_FFFF),
        Header(length: 4, type: 3, flags: 0, stream: 3),
    ]

    private static func bytes(_ header: Header) -> [UInt8] {
        // The reserved bit is set, and must not matter.
        let stream = UInt32(header.stream) | 1 << 31
        return [UInt8(header.length >> 16), UInt8(header.length >> 8 & 255), UInt8(header.length & 255)]
            + [header.type, header.flags] + (0..<4).map { UInt8(stream >> (24 - 8 * $0) & 255) }
            + [UInt8](repeating: 0xEE, count: header.length)
    }

    private static let connection = HTTP2Library.preface + headers.flatMap(bytes)

    @Test(arguments: [1, 2, 5, 9, 10, 64, 10_000])
    func framesAreFoundHoweverTheBytesAreCut(_ size: Int) {
        var scanner = HTTP2FrameScanner()
        var found: [Header] = []
        for start in stride(from: 0, to: Self.connection.count, by: size) {
            Array(Self.connection[start..<min(start + size, Self.connection.count)]).withUnsafeBytes { bytes in
                var offset = 0
                while let header = scanner.next(bytes, at: &offset) { found.append(header) }
                #expect(offset == bytes.count)
            }
        }
        #expect(found == Self.headers)
    }

    @Test func aHeaderBlockLastsUntilItsLastByte() {
        var scanner = HTTP2FrameScanner()
        let end = HTTP2Library.preface.count + 9 + (9 + 20) + (9 + 7)
        for (index, byte) in Self.connection.enumerated() {
            withUnsafeBytes(of: byte) { bytes in
                var offset = 0
                _ = scanner.next(bytes, at: &offset)
            }
            let hasBegun = index >= HTTP2Library.preface.count + 9 + 8
            #expect(scanner.isInHeaderBlock == (hasBegun && index < end - 1), "byte \(index)")
        }
    }
}
