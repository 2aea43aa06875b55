import ArgumentParser

/// What somebody may have meant who named a command that does not exist.
enum Suggestion {
    /// A line that names the nearest command; nil when every word that can name a command does.
    static func line(for words: [String], below root: any ParsableCommand.Type) -> String? {
        var (command, path) = (root, [root.configuration.commandName ?? "tenbin"])
        for word in words {
            let below = command.configuration.subcommands
            guard !below.isEmpty, !word.hasPrefix("-") else { return nil }
            if word == "help" { return nil }
            guard let next = below.first(where: { name(of: $0) == word }) else {
                return line(for: word, among: below.map(name), path: path.joined(separator: " "))
            }
            command = next
            path.append(word)
        }
        return nil
    }

    private static func name(of command: any ParsableCommand.Type) -> String {
        command.configuration.commandName ?? command._commandName
    }

    private static func line(for word: String, among names: [String], path: String) -> String {
        let nearest = names.map { (name: $0, steps: steps(from: word, to: $0)) }.min { $0.steps < $1.steps }
        let isNear = nearest.map { $0.steps <= max(1, $0.name.count / 3) } ?? false
        let meant = isNear ? nearest.map { "Did you mean: \(path) \($0.name)\n" } ?? "" : ""
        return """
            tenbin: there is no command "\(path) \(word.prefix(40))"
            \(meant)The commands are \(names.joined(separator: ", ")); more: \(path) --help
            """
    }

    /// How many letters have to be added, removed or changed (Levenshtein).
    static func steps(from word: String, to name: String) -> Int {
        // A word as long as a novel is near to nothing.
        let (word, name) = (Array(word.lowercased().prefix(40)), Array(name))
        var row = Array(0...name.count)
        for (index, letter) in word.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in name.indices {
                let changed = diagonal + (letter == name[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(changed, diagonal + 1, row[column] + 1)
            }
        }
        return row[name.count]
    }
}
