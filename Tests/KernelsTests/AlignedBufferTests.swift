import Kernels
import Testing

struct AlignedBufferTests {
    /// Of sizes below and above a page, from memory that has held something else before.
    @Test(arguments: [0, 1, 15, 1_000, 300_000])
    func aBufferBeginsWithZerosOnACacheLine(count: Int) {
        for _ in 0..<8 {
            let buffer = AlignedBuffer<Float>(count: count)
            #expect(buffer.count == count)
            #expect(Int(bitPattern: buffer.pointer) % AlignedBuffer<Float>.alignmentBytes == 0)
            #expect(buffer.elements.allSatisfy { $0.bitPattern == 0 })
            buffer.span.update(repeating: 1)
        }
    }

    @Test func aBufferTakesTheElementsItIsGiven() {
        let buffer = AlignedBuffer([1.0, 2, 3])
        buffer[1] = 5
        buffer.copy(from: [4.0])
        #expect(buffer.elements == [4, 5, 3])
        #expect(AlignedBuffer<Double>(count: 3, repeating: 0.5).elements == [0.5, 0.5, 0.5])
    }
}
