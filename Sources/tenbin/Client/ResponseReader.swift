/// Reads one response (RFC 9112 sections 4 to 7) from a connection.
struct ResponseReader {
    private let connection: ClientConnection
    private let isHead: Bool

    private static let lineBytesMax = 65_536
    private static let fieldsMax = 1_000

    init(_ connection: ClientConnection, isHead: Bool) {
        self.connection = connection
        self.isHead = isHead
    }

    /// Takes the pieces of a content.
    typealias Receiver = (ArraySlice<UInt8>) throws(ClientError) -> Void

    /// The final response, and whether the connection can be used again. The content of a 200 goes to `receive` if there
    /// is one, any other is gathered.
    func response(_ receive: Receiver? = nil) throws(ClientError) -> (HTTPClient.Response, keepsOpen: Bool) {
        var (status, fields) = try head()
        // Interim responses come before the one that counts.
        while status < 200 { (status, fields) = try head() }
        var body: [UInt8] = []
        let isDelimited: Bool
        if let receive, status == 200 {
            isDelimited = try content(status: status, fields, receive)
        } else {
            isDelimited = try content(status: status, fields) { piece throws(ClientError) in body += piece }
        }
        let closes = fields["connection"]?.lowercased().contains("close") ?? false
        return (
            HTTPClient.Response(status: status, fields: fields, body: body),
            keepsOpen: isDelimited && !closes
        )
    }

    private func head() throws(ClientError) -> (status: Int, fields: [String: String]) {
        let statusLine = try line()
        let parts = statusLine.split(separator: " ", maxSplits: 2)
        guard parts.count >= 2, parts[0].hasPrefix("HTTP/1."), let status = Int(parts[1]) else {
            throw .notHTTP("the status line is \"\(statusLine.prefix(100))\"")
        }
        var fields: [String: String] = [:]
        for _ in 0..<Self.fieldsMax {
            let line = try line()
            if line.isEmpty { return (status, fields) }
            guard let colon = line.firstIndex(of: ":") else { throw .notHTTP("a field has no colon") }
            let name = line[..<colon].lowercased()
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            fields[name] = fields[name].map { "\($0), \(value)" } ?? String(value)
        }
        throw .notHTTP("more than \(Self.fieldsMax) fields")
    }

    /// Reads the content; true when it had an end other than that of the connection.
    private func content(
        status: Int, _ fields: [String: String], _ receive: Receiver
    ) throws(ClientError) -> Bool {
        if isHead || status == 204 || status == 304 { return true }
        if let coding = fields["transfer-encoding"] {
            guard coding.lowercased() == "chunked" else {
                throw .notHTTP("the transfer coding is \(coding)")
            }
            try chunks(receive)
            return true
        }
        if let text = fields["content-length"] {
            guard let length = Int(text), length >= 0 else { throw .notHTTP("Content-Length is \(text)") }
            try bytes(length, receive)
            return true
        }
        try rest(receive)
        return false
    }

    private func chunks(_ receive: Receiver) throws(ClientError) {
        while true {
            let line = try line()
            guard let length = Int(line.prefix { $0 != ";" }, radix: 16), length >= 0 else {
                throw .notHTTP("a chunk's size is \"\(line.prefix(40))\"")
            }
            if length == 0 {
                while try !self.line().isEmpty {}
                return
            }
            try bytes(length, receive)
            guard try self.line().isEmpty else { throw .notHTTP("a chunk is longer than its size") }
        }
    }

    private func bytes(_ count: Int, _ receive: Receiver) throws(ClientError) {
        var left = count
        while left > 0 {
            let piece = try connection.read(atMost: left)
            guard !piece.isEmpty else { throw .closed }
            left -= piece.count
            try receive(piece)
        }
    }

    private func rest(_ receive: Receiver) throws(ClientError) {
        while true {
            let piece = try connection.read(atMost: Self.lineBytesMax)
            if piece.isEmpty { return }
            try receive(piece)
        }
    }

    private func line() throws(ClientError) -> String {
        var bytes: [UInt8] = []
        while let byte = try connection.next() {
            if byte == 0x0A {
                if bytes.last == 0x0D { bytes.removeLast() }
                return String(decoding: bytes, as: UTF8.self)
            }
            bytes.append(byte)
            guard bytes.count <= Self.lineBytesMax else { throw .notHTTP("a line is too long") }
        }
        throw .closed
    }
}
