/// Reads one response from a connection.
package struct ResponseReader {
    private let connection: ClientConnection
    private let isHead: Bool
    private let bodyBytesMax: Int

    package init(
        _ connection: ClientConnection, isHead: Bool, bodyBytesMax: Int = HTTPClient.Limits.bodyBytesDefault
    ) {
        self.connection = connection
        self.isHead = isHead
        self.bodyBytesMax = bodyBytesMax
    }

    /// Takes the pieces of a content.
    package typealias Receiver = (ArraySlice<UInt8>) throws(ClientError) -> Void

    /// The final response, and whether the connection can be used again. The content of a 200 goes to `receive` if there
    /// is one, any other is gathered.
    ///
    /// - Throws: `ClientError.tooLarge` when more has to be gathered than the limit allows.
    package func response(
        _ receive: Receiver? = nil
    ) throws(ClientError) -> (HTTPClient.Response, keepsOpen: Bool) {
        var parser = ResponseParser(to: isHead ? .head : .other)
        var head: ResponseHead?
        var body: [UInt8] = []
        while true {
            var input = try connection.read(atMost: .max)
            var last = input.isEmpty ? try parser.close() : try parser.next(&input)
            while let event = last {
                switch event {
                case .head(let found): head = found
                case .content(let piece):
                    if let receive, head?.status == 200 {
                        try receive(piece)
                    } else {
                        guard piece.count <= bodyBytesMax - body.count else { throw .tooLarge(bytesMax: bodyBytesMax) }
                        body += piece
                    }
                case .end(let keepsOpen):
                    // Whatever stands behind the response makes the connection stale.
                    connection.putBack(input.count)
                    let response = HTTPClient.Response(
                        status: head?.status ?? 0, fields: head?.fields ?? [:], body: body)
                    return (response, keepsOpen)
                }
                last = try parser.next(&input)
            }
        }
    }
}
