import HTTPClient

/// Reads server-sent events (WHATWG HTML section 9.2.6): pieces of a stream in, events out.
struct EventStreamReader {
    struct Event: Equatable {
        var type = "message"
        /// The last id that the stream has named, whatever it looks like.
        var id: String?
        var data = ""
    }

    /// Bytes of one line, and of one event's data.
    static let bytesMax = 1 << 20

    private var line: [UInt8] = []
    private var type = ""
    private var data: [String] = []
    private var dataBytes = 0
    private var lastID: String?
    private var endsInCarriageReturn = false

    /// - Throws: `ClientError.tooLarge` for a line or an event beyond the bound.
    mutating func take(_ bytes: ArraySlice<UInt8>) throws(ClientError) -> [Event] {
        var events: [Event] = []
        for byte in bytes {
            // CR, LF and CR LF all end a line.
            let isSecondHalf = byte == 0x0A && endsInCarriageReturn
            endsInCarriageReturn = byte == 0x0D
            if isSecondHalf { continue }
            guard byte == 0x0A || byte == 0x0D else {
                guard line.count < Self.bytesMax else { throw .tooLarge(bytesMax: Self.bytesMax) }
                line.append(byte)
                continue
            }
            let text = String(decoding: line, as: UTF8.self)
            line.removeAll(keepingCapacity: true)
            if let event = try take(line: text) { events.append(event) }
        }
        return events
    }

    private mutating func take(line: String) throws(ClientError) -> Event? {
        if line.isEmpty { return takeEvent() }
        let name = line.prefix { $0 != ":" }
        var value = line.dropFirst(name.count + 1)
        if value.first == " " { value = value.dropFirst() }
        switch name {
        case "event": type = String(value)
        case "id": if !value.utf8.contains(0) { lastID = String(value) }
        case "data":
            dataBytes += value.utf8.count + 1
            guard dataBytes <= Self.bytesMax else { throw .tooLarge(bytesMax: Self.bytesMax) }
            data.append(String(value))
        default: break  // Comments have no name; others are of no use here.
        }
        return nil
    }

    private mutating func takeEvent() -> Event? {
        defer { (type, data, dataBytes) = ("", [], 0) }
        guard !data.isEmpty else { return nil }
        return Event(type: type.isEmpty ? "message" : type, id: lastID, data: data.joined(separator: "\n"))
    }
}
