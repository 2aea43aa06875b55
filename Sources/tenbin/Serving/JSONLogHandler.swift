import Jobs
import Logging

/// Writes each event as one line of JSON on standard error: `time`, `level`, `label`, `message`, then the metadata, which
/// gives way when a name is taken.
struct JSONLogHandler: LogHandler {
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

    private static let own: Set = ["time", "level", "label", "message"]

    /// Numbers stay numbers; everything else is text.
    private static func append(_ value: Logger.Metadata.Value, to writer: inout JSONWriter) {
        switch value {
        case .stringConvertible(let number as Int): writer.value(number)
        case .stringConvertible(let number as Double): writer.value(number)
        default: writer.value(value.description)
        }
    }

    func line(for event: LogEvent, at time: Timestamp) -> [UInt8] {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
        if let given = event.metadata { all.merge(given) { $1 } }
        var writer = JSONWriter()
        writer.object { writer in
            writer.name("time")
            writer.value(time.description)
            writer.name("level")
            writer.value(event.level.rawValue)
            writer.name("label")
            writer.value(label)
            writer.name("message")
            writer.value(event.message.description)
            for (name, value) in all.sorted(by: { $0.key < $1.key }) where !Self.own.contains(name) {
                writer.name(escaping: name)
                Self.append(value, to: &writer)
            }
        }
        return writer.bytes
    }
}

/// How the log is written.
enum LogFormat: String, CaseIterable, Sendable {
    /// One line of text an event.
    case text
    /// One JSON object an event, on a line of its own.
    case json

    func handler(label: String, level: Logger.Level) -> any LogHandler {
        switch self {
        case .text:
            return OneLineLogHandler(label: label, logLevel: level)
        case .json:
            return JSONLogHandler(label: label, logLevel: level)
        }
    }
}

extension LogEvent {
    /// Tells of lines that nobody read in time.
    static func dropped(_ count: Int) -> LogEvent {
        LogEvent(
            level: .warning, message: "log lines were dropped because standard error was full",
            metadata: ["lines": "\(count)"], source: "tenbin", file: #fileID, function: #function, line: #line)
    }
}
