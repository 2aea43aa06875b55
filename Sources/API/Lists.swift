import HTTPTypes
import HTTPWire
import JobStore
import Jobs

extension APIRequest {
    /// Query parameters of every list.
    static let pageParameters = ["page_size", "page_token"]

    /// The page asked for. A size above the cap is cut to it (AIP-158).
    func page() throws(APIError) -> PageRequest {
        PageRequest(size: try query.integer("page_size", in: 1...1_000_000_000), token: query["page_token"])
    }

    /// `{items, next_page_token}` with a `Link` to the next page.
    func list<Item>(_ page: Page<Item>, _ write: (Item, inout JSONWriter) -> Void) -> Reply {
        let reply = Reply.json { writer in
            writer.object { writer in
                writer.name("items")
                writer.array { writer in page.items.forEach { write($0, &writer) } }
                writer.name("next_page_token")
                writer.value(page.nextToken)
            }
        }
        guard let token = page.nextToken else { return reply }
        return reply.with(.link, "<\(target(nextPage: token))>; rel=\"next\"")
    }

    /// This request's target with another page token. Tokens need no escaping.
    private func target(nextPage token: String) -> String {
        let parts = (head.request.path ?? "").split(separator: "?", maxSplits: 1)
        let items = (parts.count > 1 ? parts[1] : "").split(separator: "&").filter { !$0.hasPrefix("page_token=") }
        return parts[0] + "?" + (items + ["page_token=\(token)"]).joined(separator: "&")
    }
}
