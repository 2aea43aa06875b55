/// All a strategy remembers between batches, as plain arrays by name, so that a checkpoint restores it bit for bit.
package struct StrategyState: Sendable, Equatable {
    /// Small: a few numbers a task. NaN stands for "not yet known".
    package var numbers: [String: [Double]]
    /// Large: rows of the shared parameters' length, one a task, row-major.
    package var vectors: [String: [Float]]

    package init(numbers: [String: [Double]] = [:], vectors: [String: [Float]] = [:]) {
        self.numbers = numbers
        self.vectors = vectors
    }

    /// Bit for bit, so that one "not yet known" equals another.
    package static func == (a: StrategyState, b: StrategyState) -> Bool {
        a.numbers.mapValues { $0.map(\.bitPattern) } == b.numbers.mapValues { $0.map(\.bitPattern) }
            && a.vectors.mapValues { $0.map(\.bitPattern) } == b.vectors.mapValues { $0.map(\.bitPattern) }
    }

    /// - Throws: `StateError.missing` or `.wrongCount`.
    func numbers(_ name: String, count: Int) throws(StateError) -> [Double] {
        guard let found = numbers[name] else { throw .missing(name) }
        guard found.count == count else { throw .wrongCount(name, found: found.count, expected: count) }
        return found
    }

    /// A single number.
    func number(_ name: String) throws(StateError) -> Double {
        try numbers(name, count: 1)[0]
    }

    /// A count kept as a number.
    func count(_ name: String) throws(StateError) -> Int {
        let number = try number(name)
        guard let count = Int(exactly: number), count >= 0 else { throw .notACount(name, number) }
        return count
    }

    /// Numbers of which some may not be known yet.
    func optionals(_ name: String, count: Int) throws(StateError) -> [Double?] {
        try numbers(name, count: count).map { $0.isNaN ? nil : $0 }
    }

    /// Rows of equal length, one a task; none before the first step.
    func rows(_ name: String, tasks: Int) throws(StateError) -> [Float] {
        guard let found = vectors[name] else { throw .missing(name) }
        guard found.count.isMultiple(of: max(tasks, 1)) else {
            throw .wrongCount(name, found: found.count, expected: tasks)
        }
        return found
    }
}

/// Why a saved state does not fit the strategy it is given to.
package enum StateError: Error, Hashable {
    case missing(String)
    case wrongCount(String, found: Int, expected: Int)
    case notACount(String, Double)
}

extension StateError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .missing(let name): "the weighting's state has no \(name)"
        case .wrongCount(let name, let found, let expected):
            "the weighting's state has \(found) numbers in \(name) where \(expected) are needed"
        case .notACount(let name, let number): "the weighting's state has \(number) in \(name), not a count"
        }
    }
}

extension [Double?] {
    /// As kept in a state: NaN for what is not known.
    var known: [Double] { map { $0 ?? .nan } }
}
