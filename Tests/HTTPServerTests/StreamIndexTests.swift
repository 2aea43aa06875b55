import Testing

@testable import HTTPServer

@Suite struct StreamIndexTests {
    /// The index and the array it leads into, as its users keep them.
    private struct Table {
        var index = StreamIndex()
        var values: [Int] = []

        subscript(stream: Int32) -> Int? { index.position(of: stream).map { values[$0] } }

        mutating func insert(_ value: Int, for stream: Int32) {
            if let position = index.position(of: stream) {
                values[position] = value
            } else {
                index.append(stream)
                values.append(value)
            }
        }

        mutating func remove(_ stream: Int32) -> Int? {
            guard let position = index.remove(stream) else { return nil }
            values.swapAt(position, values.count - 1)
            return values.removeLast()
        }
    }

    @Test(arguments: [2, 32, 1 << 10] as [Int32])
    func itHoldsWhatADictionaryWouldHold(_ stride: Int32) {
        var table = Table()
        var model: [Int32: Int] = [:]
        for step in 0..<5_000 {
            let stream = Int32.random(in: 0..<60) * stride + 1
            if Bool.random() {
                #expect(table.remove(stream) == model.removeValue(forKey: stream))
            } else {
                table.insert(step, for: stream)
                model[stream] = step
            }
            #expect(table.index.streams.count == model.count && table[stream] == model[stream])
        }
        #expect(model.allSatisfy { table[$0.key] == $0.value })
        #expect(Set(table.index.streams) == Set(model.keys) && table.values.sorted() == model.values.sorted())
    }

    @Test func thousandsOfStreamsFit() {
        var table = Table()
        let streams = (0..<10_000).map { Int32($0 * 2 + 1) }
        for stream in streams { table.insert(Int(stream), for: stream) }
        #expect(table[19_999] == 19_999 && table[20_001] == nil)
        for stream in streams.shuffled() { #expect(table.remove(stream) == Int(stream)) }
        #expect(table.index.isEmpty && table.remove(1) == nil)
    }

    @Test func aStreamIsAppendedOnce() {
        var index = StreamIndex()
        for _ in 0..<2 { index.append(5) }
        #expect(index.streams == [5])
    }
}
