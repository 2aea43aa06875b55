import HTTPServer
import HTTPWire
import Logging

/// Writes a line for each answered request.
struct AccessLog {
    let logger: Logger

    @Sendable func record(_ record: AccessRecord) {
        logger.info("request", metadata: Self.metadata(of: record))
    }

    /// The target stands for the route where there is none, without the query: it may hold what a log must not.
    static func metadata(of record: AccessRecord) -> Logger.Metadata {
        var metadata: Logger.Metadata = [
            "method": "\(record.method)",
            "route": "\(record.route ?? String(record.target.prefix { $0 != "?" }))",
            "status": .stringConvertible(record.status), "bytes": .stringConvertible(record.bytes),
            "seconds": .stringConvertible(record.seconds),
            "request_id": "\(record.requestID)", "peer": "\(record.peer)", "version": "\(record.version.inWords)",
        ]
        // What is open to everybody is asked for by nobody in particular.
        if let principal = record.principal, !principal.isEmpty { metadata["principal"] = "\(principal)" }
        if let traceParent = record.traceParent { metadata["traceparent"] = "\(traceParent)" }
        if !record.isComplete { metadata["complete"] = "false" }
        return metadata
    }
}
