import HTTPTypes
import HTTPWire
import Jobs

/// `/healthz`: the process answers. `/readyz`: it can take work.
enum HealthResource {
    static func routes(_ services: Services) -> [Route] {
        [
            Route(.get, "/healthz", scope: .open, .inline { _ in healthy })
        ]
    }

    private static let healthy = Reply.json { writer in
        writer.object { writer in
            writer.name("status")
            writer.value("ok")
        }
    }
}
