package import Jobs
import Locks

/// Why a data set, or rows sent for prediction, cannot be used: what, where, and what would be accepted.
package struct DatasetError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Kind: Sendable, Hashable {
        /// The content is not what it should be; the client can mend it.
        case invalid
        /// The content is beyond a limit of this server.
        case tooLarge
        /// The file cannot be read; `errno` of the failed call.
        case unreadable(Int32)
        /// The stored file is not the one that was uploaded; the disk or somebody has changed it.
        case damaged
        /// Too much of the kind is read at the moment; the same file may be sent again.
        case busy
        /// Whoever wanted the content has changed their mind.
        case interrupted
        /// The server has no memory for it now.
        case outOfMemory
    }

    package var kind: Kind
    /// At least one, in the order they were found, and at most `ProblemList.countMax`.
    package private(set) var problems: [Problem]

    package init(_ kind: Kind, _ problem: Problem) {
        self.kind = kind
        problems = [problem]
    }

    package init(
        _ detail: String, kind: Kind = .invalid, pointer: String = "", row: Int? = nil, line: Int? = nil,
        column: String? = nil
    ) {
        self.init(kind, Problem(pointer: pointer, detail: detail, row: row, line: line, column: column))
    }

    /// Whether the content itself is at fault, so that the same content is refused again.
    package var isAboutContent: Bool { kind == .invalid || kind == .tooLarge }

    /// Throws `.interrupted` where the data set is not wanted any more.
    static func check(_ isWanted: () -> Bool) throws(DatasetError) {
        guard isWanted() else { throw DatasetError("the data set is not wanted any more", kind: .interrupted) }
    }

    /// Throws `.outOfMemory` where memory for so many elements cannot be had; see `MemoryRoom`.
    static func claim<Element>(_ count: Int, of: Element.Type) throws(DatasetError) {
        let (bytes, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
        do throws(OutOfMemory) {
            try MemoryRoom.claim(overflow ? .max : bytes)
        } catch {
            throw DatasetError("\(error)", kind: .outOfMemory)
        }
    }

    /// Several problems at once; nil when there are none.
    package init?(_ kind: Kind = .invalid, problems: ProblemList) {
        guard !problems.isEmpty else { return nil }
        self.kind = kind
        self.problems = problems.problems
    }

    package var description: String {
        problems.map { problem in
            var place: [String] = []
            if !problem.pointer.isEmpty { place.append(problem.pointer) }
            if let row = problem.row { place.append("row \(row)") }
            if let line = problem.line { place.append("line \(line)") }
            if let column = problem.column { place.append("column '\(column)'") }
            return place.isEmpty ? problem.detail : place.joined(separator: ", ") + ": " + problem.detail
        }.joined(separator: "; ")
    }
}
