/// A job's place in the order of the queue.
struct QueuePlace: Sendable, Hashable, Comparable {
    /// Smaller is claimed first.
    var rank: Int
    var number: Int

    static func < (left: QueuePlace, right: QueuePlace) -> Bool {
        (left.rank, left.number) < (right.rank, right.number)
    }
}

/// The order of the queue in memory, so that a position is found without counting rows.
struct QueueMirror: Sendable {
    private var places: [QueuePlace] = []

    var count: Int { places.count }

    /// From 1; where the job would stand if it is not there yet.
    func position(of place: QueuePlace) -> Int {
        index(of: place) + 1
    }

    mutating func insert(_ place: QueuePlace) {
        let index = index(of: place)
        if index < places.count, places[index] == place { return }
        places.insert(place, at: index)
    }

    mutating func remove(_ place: QueuePlace) {
        let index = index(of: place)
        if index < places.count, places[index] == place { places.remove(at: index) }
    }

    /// How many places come before this one.
    private func index(of place: QueuePlace) -> Int {
        var (low, high) = (0, places.count)
        while low < high {
            let middle = (low + high) / 2
            if places[middle] < place { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
