import Jobs

/// The API as commands use it: JSON in, JSON out, anything else is a failure with the server's reason.
struct APIClient {
    private let http: any RequestSender

    init(_ http: any RequestSender) {
        self.http = http
    }

    /// - Parameter waitingSeconds: of a job, how long the server may hold the answer back until its state changes.
    func get(_ target: String, waitingSeconds: Int? = nil) throws -> JSONValue {
        try json(http.send("GET", target, fields: waitingSeconds.map { [("Prefer", "wait=\($0)")] } ?? []))
    }

    func post(_ target: String, _ body: JSONValue? = nil) throws -> JSONValue {
        let content = body.map { HTTPClient.Content.bytes($0.encoded, type: "application/json") }
        return try json(http.send("POST", target, content: content ?? .none))
    }

    /// Uploads a file as a data set.
    func upload(_ path: String, name: String, type: String) throws -> JSONValue {
        try json(http.send("POST", "/v1/datasets?name=\(name.escapedForQuery)", content: .file(path: path, type: type)))
    }

    func delete(_ target: String) throws {
        let response = try http.send("DELETE", target)
        guard response.status == 204 else { throw APIFailure(response) }
    }

    /// Content that is no JSON.
    func bytes(_ target: String) throws -> [UInt8] {
        let response = try http.send("GET", target)
        guard response.status == 200 else { throw APIFailure(response) }
        return response.body
    }

    /// Content that is no JSON and may be large, piece by piece.
    func download(
        _ target: String, receive: @escaping (ArraySlice<UInt8>) throws(ClientError) -> Void
    ) throws {
        let response = try http.download(target, receive: receive)
        guard response.status == 200 else { throw APIFailure(response) }
    }

    private func json(_ response: HTTPClient.Response) throws -> JSONValue {
        guard (200..<300).contains(response.status) else { throw APIFailure(response) }
        return try JSONValue(parsing: response.body)
    }
}

/// What the server said no to, in its own words.
struct APIFailure: Error, CustomStringConvertible {
    let description: String
    /// What kind of problem it is, by the server's own word.
    var code: String?

    init(_ response: HTTPClient.Response) {
        guard let problem = try? JSONValue(parsing: response.body), let title = problem["title"]?.text
        else {
            description = "the server answered \(response.status)"
            return
        }
        let errors = (problem["errors"]?.elements ?? []).map { error in
            "\n  \(error["pointer"]?.text ?? "") \(error["detail"]?.text ?? "")"
        }
        description = "\(title): \(problem["detail"]?.text ?? "")" + errors.joined()
        code = problem["code"]?.text
    }

    /// Of a job that did not succeed.
    init(reasonOf job: JSONValue) {
        let reason = job["error"]?["detail"]?.text ?? job["finish_reason"]?.text ?? "no reason given"
        description = "the job \(job["state"]?.text ?? "ended"): \(reason)"
    }
}

extension JSONValue {
    /// The member `id` of a resource.
    var identifier: String { self["id"]?.text ?? "" }
}
