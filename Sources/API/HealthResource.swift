import Glibc
import HTTPTypes
import HTTPWire
import JobStore
import Jobs

/// `/healthz`: the process answers. `/readyz`: it can take work.
enum HealthResource {
    static func routes(_ services: Services) -> [Route] {
        [
            Route(.get, "/healthz", scope: .open, .inline { _ in healthy }),
            Route(.get, "/readyz", scope: .open, .blocking { _ in .reply(try readiness(services)) }),
        ]
    }

    private static let healthy = Reply.json { writer in
        writer.object { writer in
            writer.name("status")
            writer.value("ok")
        }
    }

    private static func readiness(_ services: Services) throws -> Reply {
        let reasons = reasonsAgainst(services)
        guard reasons.isEmpty else {
            let code: ProblemCode = services.isDraining() ? .draining : .overloaded
            var error = APIError(code, reasons.joined(separator: "; "), fields: [.retryAfter: "5"])
            error.reasons = reasons
            throw error
        }
        return Reply.json { writer in
            writer.object { writer in
                writer.name("status")
                writer.value("ready")
            }
        }
    }

    /// Why no work should be sent here; empty when it should.
    private static func reasonsAgainst(_ services: Services) -> [String] {
        var reasons = services.faults()
        if services.isDraining() { reasons.append("the server is going down") }
        if !services.store.disk.isWell { reasons.append("the database takes no writes") }
        let floor = services.settings.diskFreeBytesMin
        if let free = freeBytes(at: services.store.configuration.dataDirectory), free < floor {
            reasons.append("the disk has \(free) bytes left, less than \(floor)")
        }
        return reasons
    }

    /// Bytes of the disk that this process may still fill; nil when the system does not tell.
    private static func freeBytes(at path: String) -> UInt64? {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return nil }
        return UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue
    }
}
