/// Where the things of each stream lie in an array that keeps no order: the stream's number leads to a position.
///
/// Numbers are their own hashes: those of one connection count up by two, so they spread by themselves, and a client that picks
/// others only slows its own connection down, by as much as it may have streams open.
struct StreamIndex {
    /// For each place in the table the position, from 1 on; 0 where it is free. Collisions go to the next place.
    private var places = [UInt32](repeating: 0, count: 16)
    /// The streams in the order of their positions.
    private(set) var streams: [Int32] = []

    init() {}

    var isEmpty: Bool { streams.isEmpty }

    private var mask: Int { places.count &- 1 }

    private func home(_ stream: Int32) -> Int { Int(stream >> 1) & mask }

    /// The place that leads to the stream's position.
    private func place(of stream: Int32) -> Int? {
        var place = home(stream)
        while places[place] != 0 {
            if streams[Int(places[place]) &- 1] == stream { return place }
            place = (place &+ 1) & mask
        }
        return nil
    }

    func position(of stream: Int32) -> Int? {
        guard let place = place(of: stream) else { return nil }
        return Int(places[place]) &- 1
    }

    /// Gives a stream that has none the position behind the last.
    mutating func append(_ stream: Int32) {
        guard place(of: stream) == nil else { return }
        if (streams.count + 1) * 2 > places.count { grow() }
        streams.append(stream)
        settle(stream, at: streams.count)
    }

    private mutating func settle(_ stream: Int32, at position: Int) {
        var place = home(stream)
        while places[place] != 0 { place = (place &+ 1) & mask }
        places[place] = UInt32(truncatingIfNeeded: position)
    }

    private mutating func grow() {
        places = [UInt32](repeating: 0, count: places.count * 2)
        for (index, stream) in streams.enumerated() { settle(stream, at: index + 1) }
    }

    /// Takes a stream out. Its position, to which the last one moves, is for the caller to fill with the last thing there.
    mutating func remove(_ stream: Int32) -> Int? {
        guard let place = place(of: stream), let last = streams.last else { return nil }
        let position = Int(places[place])
        if last != stream, let moved = self.place(of: last) {
            places[moved] = UInt32(truncatingIfNeeded: position)
            streams[position - 1] = last
        }
        streams.removeLast()
        free(place)
        return position - 1
    }

    /// Frees a place and moves up those behind it that had been pushed along.
    private mutating func free(_ freed: Int) {
        var hole = freed
        var place = (hole &+ 1) & mask
        while places[place] != 0 {
            let home = home(streams[Int(places[place]) &- 1])
            // It may move when the hole lies between its home and where it is, around the end of the table.
            if (place &- home) & mask >= (place &- hole) & mask {
                places[hole] = places[place]
                hole = place
            }
            place = (place &+ 1) & mask
        }
        places[hole] = 0
    }
}
