import HTTPClient

/// Takes requests to a server, wherever it is.
protocol RequestSender {
    /// Sends a request and reads its answer, whatever the status.
    ///
    /// - Throws: `ClientError` when there is no server, or none that speaks HTTP/1.1.
    func send(
        _ method: String, _ target: String, fields: [(String, String)], content: HTTPClient.Content
    ) throws(ClientError) -> HTTPClient.Response

    /// Sends a GET whose answer may be too large to be held: the content of a 200 goes to `receive` as it comes.
    ///
    /// - Parameter quietSeconds: how long the server may be silent; nil for the client's own limit.
    func download(
        _ target: String, fields: [(String, String)], quietSeconds: Double?,
        receive: @escaping (ArraySlice<UInt8>) throws(ClientError) -> Void
    ) throws(ClientError) -> HTTPClient.Response
}

extension HTTPClient: RequestSender {}

extension RequestSender {
    func send(
        _ method: String, _ target: String, fields: [(String, String)] = []
    ) throws(ClientError) -> HTTPClient.Response {
        try send(method, target, fields: fields, content: .none)
    }

    func send(_ method: String, _ target: String, content: HTTPClient.Content) throws(ClientError)
        -> HTTPClient.Response
    {
        try send(method, target, fields: [], content: content)
    }
}
