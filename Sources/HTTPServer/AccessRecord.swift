package import HTTPWire

/// One answered request, as the access log wants it.
package struct AccessRecord: Sendable, Hashable {
    /// Empty when the request could not be read.
    package var method: String
    /// The target as it was asked for, query included.
    package var target: String
    /// The template of the route that answered, when the handler told.
    package var route: String?
    package var status: Int
    /// Content bytes handed to the connection.
    package var bytes: Int
    /// From the complete head to the last byte handed to the connection.
    package var seconds: Double
    package var requestID: String
    /// The W3C `traceparent` the client sent.
    package var traceParent: String?
    package var principal: String?
    package var peer: String
    package var version: HTTPVersion
    /// Whether the answer was handed over whole; false when the reader went away or the content failed.
    package var isComplete: Bool
}
