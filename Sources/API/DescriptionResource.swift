import CResources
import HTTPTypes
import HTTPWire

/// The API's own description, and the dashboard.
enum DescriptionResource {
    static func routes() -> [Route] {
        [
            // Compressing them is too much for an event loop.
            Route(
                .get, "/", scope: .open, offers: [.html],
                .blocking {
                    .reply(try dashboard.reply(to: $0).with(.contentSecurityPolicy, pagePolicy))
                }),
            Route(.get, "/openapi.yaml", scope: .open, offers: [.yaml], .blocking { .reply(try yaml.reply(to: $0)) }),
            Route(.get, "/openapi.json", scope: .open, .blocking { .reply(try json.reply(to: $0)) }),
        ]
    }

    /// A document that is as old as the binary.
    private struct Document {
        let whole: Reply
        let tag: EntityTag

        init(_ bytes: [UInt8], _ type: MediaType) {
            whole = Reply(bytes: bytes, type: type)
            tag = EntityTag(content: bytes, type: type)
        }

        func reply(to request: APIRequest) throws -> Reply {
            try request.conditional(tag) { whole }
        }
    }

    /// Byte for byte the file in the source.
    static let openAPIYAML = bytes(of: tenbin_openapi_yaml())

    /// The same document, made from it by `make openapi`.
    static let openAPIJSON = bytes(of: tenbin_openapi_json())

    private static let yaml = Document(openAPIYAML, .yaml)
    private static let json = Document(openAPIJSON, .json)
    private static let page = bytes(of: tenbin_dashboard_html())
    private static let pagePolicy = SecurityFields.policy(ofPage: page)
    private static let dashboard = Document(page, .html)

    private static func bytes(of resource: tenbin_resource) -> [UInt8] {
        Array(UnsafeBufferPointer(start: resource.bytes, count: resource.count))
    }
}
