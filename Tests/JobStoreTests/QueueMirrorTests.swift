import Testing

@testable import JobStore

struct QueueMirrorTests {
    @Test func positionsAreThoseOfASortedList() {
        var mirror = QueueMirror()
        var list: [QueuePlace] = []
        var generator = SystemRandomNumberGenerator()
        for number in 0..<500 {
            let place = QueuePlace(rank: Int.random(in: 0..<20, using: &generator), number: number)
            mirror.insert(place)
            mirror.insert(place)
            list.append(place)
            if number % 3 == 0, let gone = list.randomElement(using: &generator) {
                mirror.remove(gone)
                mirror.remove(gone)
                list.removeAll { $0 == gone }
            }
        }
        list.sort()
        #expect(mirror.count == list.count)
        for (index, place) in list.enumerated() { #expect(mirror.position(of: place) == index + 1) }
    }
}
