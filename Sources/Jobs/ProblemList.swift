/// What is wrong with a document, in the order in which it was found.
///
/// It keeps the first `countMax` problems: a document may be wrong a million times, and nobody reads a million problems.
package struct ProblemList: Sendable, Hashable {
    package static let countMax = 100
    /// Later problems come without a guess at what was meant, because a guess looks at every name there is.
    static let suggestionsMax = 10

    package private(set) var problems: [Problem] = []

    package init() {}

    package init(_ problems: some Sequence<Problem>) {
        add(contentsOf: problems)
    }

    package var isEmpty: Bool { problems.isEmpty }

    /// No more is kept; whoever looks for problems may stop.
    package var isFull: Bool { problems.count >= Self.countMax }

    var takesSuggestions: Bool { problems.count < Self.suggestionsMax }

    /// Keeps a problem. It is not even made when the list is full.
    package mutating func add(_ problem: @autoclosure () -> Problem) {
        if !isFull { problems.append(problem()) }
    }

    package mutating func add(contentsOf others: some Sequence<Problem>) {
        for problem in others {
            if isFull { return }
            problems.append(problem)
        }
    }
}
