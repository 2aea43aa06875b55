import Jobs

/// Reading what this room has written itself: anything else is damage.
extension JSONValue {
    func required(_ name: String) throws(ArchiveError) -> JSONValue {
        guard let value = self[name] else { throw .damaged("it has no \(name)") }
        return value
    }

    func integer() throws(ArchiveError) -> Int {
        guard let int else { throw .damaged("a whole number is \(kindInWords)") }
        return int
    }
}
