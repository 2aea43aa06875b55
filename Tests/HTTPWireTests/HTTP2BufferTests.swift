import HTTPTypes
import Testing

@testable import HTTPWire

/// The memory that HTTP/2 uses again and again.
@Suite struct HTTP2BufferTests {
    @Test func aBlockKeepsWhatWasAddedHoweverOftenItGrows() {
        var block = ByteBlock(capacity: 1)
        var expected: [UInt8] = []
        for length in 0..<200 {
            let piece = [UInt8](repeating: UInt8(truncatingIfNeeded: length), count: length)
            piece.withUnsafeBytes { block.append($0) }
            expected += piece
        }
        block.append("seven")
        block.append(String(repeating: "é", count: 20))
        expected += Array("seven".utf8) + Array(String(repeating: "é", count: 20).utf8)
        #expect(Array(block.bytes) == expected)
    }

    @Test func aBlockForgetsFromTheEndAndAltogether() {
        var block = ByteBlock(capacity: 4)
        block.append("abcdef")
        block.truncate(to: 2)
        block.append("x")
        #expect(Array(block.bytes) == Array("abx".utf8))
        block.removeAll(capacityKept: 2)
        #expect(block.bytes.isEmpty)
        block.append("again")
        #expect(Array(block.bytes) == Array("again".utf8))
    }

    @Test(arguments: [1, 15, 16, 17, 1000])
    func eventsComeOutInTheirOrderWhileOthersComeIn(_ count: Int) {
        var queue = EventQueue()
        var found: [Int32] = []
        func take() {
            if case .end(let stream, _)? = queue.popFirst() { found.append(stream) }
        }
        for number in 0..<Int32(count) {
            queue.append(.end(stream: number, trailers: [:]))
            if number % 3 == 2 { take() }
        }
        for _ in 0..<count { take() }
        #expect(found == Array(0..<Int32(count)))
        #expect(queue.popFirst() == nil)
    }
}
