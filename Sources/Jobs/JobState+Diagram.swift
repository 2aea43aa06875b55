extension JobState {
    /// Every move between states as a Mermaid state diagram, found by asking the transition function.
    package static var diagram: String {
        var lines = ["stateDiagram-v2", "    [*] --> queued"]
        for (from, to, words) in moves {
            lines.append("    \(from.rawValue) --> \(to.rawValue): \(words.joined(separator: ", "))")
        }
        for state in allCases where state.isTerminal {
            lines.append("    \(state.rawValue) --> [*]")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Each pair of neighbouring states that some trigger leads through, with the names of those triggers.
    private static var moves: [(from: JobState, to: JobState, triggers: [String])] {
        var moves: [(from: JobState, to: JobState, triggers: [String])] = []
        for state in allCases {
            for (name, trigger) in namedTriggers {
                // Facts beyond the state only decide whether a move exists, so the most permissive ones show them all.
                let situation = JobSituation(state: state, hasBestModel: true)
                guard case .move(let path, _) = situation.transition(on: trigger) else { continue }
                for (from, to) in zip([state] + path, path) {
                    if let index = moves.firstIndex(where: { $0.from == from && $0.to == to }) {
                        if !moves[index].triggers.contains(name) { moves[index].triggers.append(name) }
                    } else {
                        moves.append((from, to, [name]))
                    }
                }
            }
        }
        return moves
    }

    private static let namedTriggers: [(String, JobTrigger)] =
        JobCommand.allCases.map { ($0.rawValue.replacing("_", with: " "), .command($0)) } + [
            ("claimed", .claimed), ("first batch", .started), ("succeeded", .succeeded), ("failed", .failed),
            ("worker obeyed", .obeyedCancel), ("checkpointed", .yielded), ("crash", .crashed),
            ("crashes = max_attempts", .crashedTooOften), ("deadline passed", .deadlinePassed),
        ]
}
