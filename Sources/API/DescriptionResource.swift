import CResources
import HTTPTypes
import HTTPWire

/// The API's own description, and the dashboard.
enum DescriptionResource {
    static func routes() -> [Route] {
        [
            Route(.get, "/", scope: .open, offers: [.html], .inline { _ in dashboard }),
            Route(.get, "/openapi.yaml", scope: .open, .inline { _ in Reply(bytes: openAPIYAML, type: .yaml) }),
            Route(.get, "/openapi.json", scope: .open, .inline { _ in Reply(bytes: openAPIJSON, type: .json) }),
        ]
    }

    /// Byte for byte the file in the source.
    static let openAPIYAML = bytes(of: tenbin_openapi_yaml())

    /// The same document, made from it by `make openapi`.
    static let openAPIJSON = bytes(of: tenbin_openapi_json())

    private static let dashboard: Reply = {
        let html = bytes(of: tenbin_dashboard_html())
        return Reply(bytes: html, type: .html).with(
            .contentSecurityPolicy, SecurityFields.policy(ofPage: html))
    }()

    private static func bytes(of resource: tenbin_resource) -> [UInt8] {
        Array(UnsafeBufferPointer(start: resource.bytes, count: resource.count))
    }
}
