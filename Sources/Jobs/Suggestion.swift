extension JSONValue {
    /// `; did you mean "…"?` when one of the names is close, otherwise nothing.
    func suggestion(from names: some Collection<String>) -> String {
        guard let text, text.utf8.count <= 256, text.count <= 64, let closest = text.closest(in: names) else {
            return ""
        }
        return "; did you mean \"\(closest)\"?"
    }
}

extension String {
    /// Names that are looked at for one suggestion.
    private static let candidatesMax = 1_000

    /// The candidate with the smallest edit distance, if that is at most a third of the length (and at least one edit).
    func closest(in candidates: some Collection<String>) -> String? {
        let own = lowercased().unicodeScalars.map(\.value)
        // No later candidate counts unless it is closer than the best one before it.
        var limit = max(1, own.count / 3)
        var best: String?
        for candidate in candidates.prefix(Self.candidatesMax) where candidate.utf8.count <= 4 * (own.count + limit) {
            let other = candidate.lowercased().unicodeScalars.map(\.value)
            guard let distance = own.editDistance(to: other, atMost: limit) else { continue }
            best = candidate
            if distance == 0 { break }
            limit = distance - 1
        }
        return best
    }
}

extension [UInt32] {
    /// Levenshtein's distance; nil where it is more than `limit`.
    ///
    /// Only the cells that are at most `limit` beside the diagonal can count, and a row without one that does ends it
    /// (Ukkonen 1985, "Algorithms for approximate string matching").
    func editDistance(to other: [UInt32], atMost limit: Int) -> Int? {
        guard abs(count - other.count) <= limit else { return nil }
        guard !other.isEmpty else { return count }
        let beyond = limit + 1
        var row = (0...other.count).map { Swift.min($0, beyond) }
        for (i, value) in enumerated() {
            let first = Swift.max(0, i - limit)
            let last = Swift.min(other.count - 1, i + limit)
            var diagonal = row[first]
            row[first] = first == 0 ? Swift.min(i + 1, beyond) : beyond
            var smallest = row[first]
            for j in first...last {
                let substitution = diagonal + (value == other[j] ? 0 : 1)
                diagonal = row[j + 1]
                // The cell above the last one of this row lies outside the row before.
                let above = j == i + limit ? beyond : row[j + 1] + 1
                row[j + 1] = Swift.min(substitution, row[j] + 1, above, beyond)
                smallest = Swift.min(smallest, row[j + 1])
            }
            if smallest > limit { return nil }
        }
        return row[other.count] <= limit ? row[other.count] : nil
    }
}
