import HTTPClient
import Jobs

/// The API as commands use it: JSON in, JSON out, anything else is a failure with the server's reason.
struct APIClient {
    private let http: any RequestSender

    init(_ http: any RequestSender) {
        self.http = http
    }

    /// - Parameter waitingSeconds: of a job, how long the server may hold the answer back until its state changes.
    func get(_ target: String, waitingSeconds: Int? = nil) throws -> JSONValue {
        let fields = waitingSeconds.map { [("Prefer", "wait=\($0)")] } ?? []
        return try json(http.send("GET", target, fields: fields), target)
    }

    func post(_ target: String, _ body: JSONValue? = nil) throws -> JSONValue {
        let content = body.map { HTTPClient.Content.bytes($0.encoded, type: "application/json") }
        return try json(http.send("POST", target, content: content ?? .none), target)
    }

    /// Uploads a file as a data set.
    func upload(_ path: String, name: String, type: String) throws -> JSONValue {
        let target = "/v1/datasets?name=\(name.escapedForQuery)"
        return try json(http.send("POST", target, content: .file(path: path, type: type)), target)
    }

    func delete(_ target: String) throws {
        let response = try http.send("DELETE", target)
        guard response.status == 204 else { throw APIFailure(response, target: target) }
    }

    /// Content that is no JSON.
    func bytes(_ target: String) throws -> [UInt8] {
        let response = try http.send("GET", target)
        guard response.status == 200 else { throw APIFailure(response, target: target) }
        return response.body
    }

    /// Content that is no JSON and may be large, piece by piece.
    func download(
        _ target: String, receive: @escaping (ArraySlice<UInt8>) throws(ClientError) -> Void
    ) throws {
        let response = try http.download(target, fields: [], quietSeconds: nil, receive: receive)
        guard response.status == 200 else { throw APIFailure(response, target: target) }
    }

    /// Server-sent events as they come, to the end of the stream; at times none, when only a sign of life has come.
    ///
    /// - Parameter lastID: the last event that is known already.
    func events(
        _ target: String, after lastID: String?,
        receive: @escaping ([EventStreamReader.Event]) throws(ClientError) -> Void
    ) throws {
        var reader = EventStreamReader()
        let fields = [("Accept", "text/event-stream")] + (lastID.map { [("Last-Event-ID", $0)] } ?? [])
        let response = try http.download(target, fields: fields, quietSeconds: Self.quietSeconds) {
            piece throws(ClientError) in
            try receive(reader.take(piece))
        }
        // 204 says that nothing will ever follow.
        guard response.status == 200 || response.status == 204 else { throw APIFailure(response, target: target) }
    }

    /// The server sends a sign of life every 15 seconds.
    private static let quietSeconds = 50.0

    private func json(_ response: HTTPClient.Response, _ target: String) throws -> JSONValue {
        guard (200..<300).contains(response.status) else { throw APIFailure(response, target: target) }
        return try JSONValue(parsing: response.body)
    }
}

extension JSONValue {
    /// The member `id` of a resource.
    var identifier: String { self["id"]?.text ?? "" }
}
