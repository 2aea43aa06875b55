import Jobs
import Logging

/// Writes each event as one line of text, whatever is in it: a line break in a name would make a line of its own, which
/// somebody else could have written, and an escape sequence would steer the terminal of whoever reads it.
struct OneLineLogHandler: LogHandler {
    let label: String
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    init(label: String, logLevel: Logger.Level) {
        self.label = label
        self.logLevel = logLevel
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        LogOutput.standardError.write(line(for: event, at: .now)) { dropped in
            line(for: .dropped(dropped), at: .now)
        }
    }

    /// `TIME level label: name=value [source] message`.
    func line(for event: LogEvent, at time: Timestamp) -> [UInt8] {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
        if let given = event.metadata { all.merge(given) { $1 } }
        let pairs = all.sorted { $0.key < $1.key }.map { "\($0.key)=\(Self.escaped($0.value.description)) " }.joined()
        let message = Self.escaped(event.message.description)
        return Array("\(time) \(event.level) \(label): \(pairs)[\(event.source)] \(message)".utf8)
    }

    /// Control characters as `\u{1b}`; nothing else changes.
    static func escaped(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        return text.unicodeScalars.reduce(into: "") { line, scalar in
            if isControl(scalar) {
                line += "\\u{" + String(scalar.value, radix: 16) + "}"
            } else {
                line.unicodeScalars.append(scalar)
            }
        }
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value) || scalar.value == 0x2028 || scalar.value == 0x2029
    }
}
