import Kernels
import Locks
import Testing

struct AlignedBufferTests {
    /// Of sizes below and above a page, from memory that has held something else before.
    @Test(arguments: [0, 1, 15, 1_000, 300_000])
    func aBufferBeginsWithZerosOnACacheLine(count: Int) throws {
        for _ in 0..<8 {
            let buffer = try AlignedBuffer<Float>(count: count)
            #expect(buffer.count == count)
            #expect(Int(bitPattern: buffer.pointer) % AlignedBuffer<Float>.alignmentBytes == 0)
            #expect(buffer.elements.allSatisfy { $0.bitPattern == 0 })
            buffer.span.update(repeating: 1)
        }
    }

    @Test(arguments: [1 << 50, .max / 8, .max])
    func whereThereIsNoMemoryABufferThrows(count: Int) {
        #expect(throws: OutOfMemory.self) { _ = try AlignedBuffer<Double>(count: count) }
    }

    @Test func aBufferTakesTheElementsItIsGiven() throws {
        let buffer = try AlignedBuffer([1.0, 2, 3])
        buffer[1] = 5
        buffer.copy(from: [4.0])
        #expect(buffer.elements == [4, 5, 3])
        #expect(try AlignedBuffer<Double>(count: 3, repeating: 0.5).elements == [0.5, 0.5, 0.5])
    }
}
