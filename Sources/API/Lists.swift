import HTTPTypes
import HTTPWire
import JobStore
import Jobs

extension APIRequest {
    /// Query parameters of every list.
    static let pageParameters = ["page_size", "page_token"]

    /// The page asked for. A size above the cap is cut to it (AIP-158).
    func page() throws(APIError) -> PageRequest {
        PageRequest(size: try query.integer("page_size", in: 1...1_000_000_000), token: pageToken)
    }

    /// `order_by=name` or `order_by=name desc` (AIP-132): one member of those that this list can be ordered by.
    func order<Field: ListField>(by type: Field.Type) throws(APIError) -> ListOrder<Field> {
        guard let text = query["order_by"] else { return .newestFirst }
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        let direction = words.count > 1 ? words[1] : "asc"
        guard (1...2).contains(words.count), let field = Field(rawValue: String(words[0])),
            direction == "asc" || direction == "desc"
        else {
            let accepted = Field.allCases.map(\.rawValue).joined(separator: ", ")
            throw APIError(
                .malformedRequest, "order_by must be one of \(accepted), alone or with \"desc\", not \"\(text)\"")
        }
        return ListOrder(field, isDescending: direction == "desc")
    }

    /// Nil for the first page, which an empty token asks for too (AIP-158).
    fileprivate var pageToken: String? {
        query["page_token"].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// `{items, next_page_token}` with a `Link` to the next page, or the same as CSV, under an entity tag of its content.
    ///
    /// - Parameter columns: the members that a row of CSV shows; none where the list is not offered as CSV.
    func list<Item>(
        _ page: Page<Item>, columns: [String] = [], _ write: (Item, inout JSONWriter) -> Void
    ) throws -> Reply {
        let type = try negotiated()
        let reply = type == .csv ? try csv(page, columns: columns, write) : items(page, write)
        return try tagged(reply, type)
    }

    /// The reply under a tag of its content, for what has no revision of its own.
    func tagged(_ reply: Reply, _ type: MediaType = .json) throws -> Reply {
        guard case .bytes(let bytes) = reply.content else { return reply }
        return try conditional(EntityTag(content: bytes, type: type)) { reply }
    }

    /// `{items, next_page_token}` with a `Link` to the next page.
    func items<Item>(_ page: Page<Item>, _ write: (Item, inout JSONWriter) -> Void) -> Reply {
        let reply = Reply.json { writer in
            writer.object { writer in
                writer.name("items")
                writer.array { writer in page.items.forEach { write($0, &writer) } }
                writer.name("next_page_token")
                writer.value(page.nextToken)
            }
        }
        return linked(reply, to: page.nextToken)
    }

    /// Whether texts of a CSV table are wanted as they are, even those that begin like a formula.
    func wantsRaw() throws(APIError) -> Bool { try query.boolean(CSVWriter.rawParameter) }

    private func csv<Item>(
        _ page: Page<Item>, columns: [String], _ write: (Item, inout JSONWriter) -> Void
    ) throws -> Reply {
        var table = CSVWriter(isRaw: try wantsRaw())
        table.row(columns.map { .text($0) })
        for item in page.items {
            var writer = JSONWriter()
            write(item, &writer)
            let value = try JSONValue(parsing: writer.bytes)
            table.row(columns.map { CSVWriter.Cell(value[$0] ?? .null) })
        }
        return linked(Reply(bytes: table.bytes, type: .csv), to: page.nextToken)
    }

    private func linked(_ reply: Reply, to token: String?) -> Reply {
        guard let token else { return reply }
        return reply.with(.link, "<\(target(nextPage: token))>; rel=\"next\"")
    }

    /// This request's target with another page token. Tokens need no escaping.
    private func target(nextPage token: String) -> String {
        let parts = (head.path ?? "").split(separator: "?", maxSplits: 1)
        let items = (parts.count > 1 ? parts[1] : "").split(separator: "&").filter { !$0.hasPrefix("page_token=") }
        return parts[0] + "?" + (items + ["page_token=\(token)"]).joined(separator: "&")
    }
}

/// The part of a growing list that a client asks for: what came behind a position it knows.
struct Tail {
    /// The last position that the client has; 0 for none.
    let after: Int
    /// Items of a page.
    let size: Int
    /// Ends every page token of this list, so that it fits no other.
    fileprivate let seal: String

    /// What to read: one item more than the page holds tells whether there are more.
    var limit: Int { size + 1 }

    /// - Parameter newest: the position of the newest item that there is; 0 for none.
    /// - Throws: `malformedRequest` for a position that does not exist yet, as a client has it whose server was restored from
    ///   a backup: it would wait for what it takes for new, and miss what is.
    func check(newest: Int) throws(APIError) {
        guard after > newest else { return }
        let end = newest == 0 ? "there is nothing yet" : "the newest is \(newest)"
        throw APIError(
            .malformedRequest,
            "since is \(after), and \(end); read again without since if you have seen more: the server was then restored "
                + "from a backup")
    }

    /// A page of what was read under `limit`.
    func page<Item>(_ items: [Item], size: Int? = nil, position: (Item) -> Int) -> Page<Item> {
        let size = size ?? self.size
        let kept = Array(items.prefix(size))
        let next = items.count > size ? kept.last.map { String(position($0), radix: 36) + "-" + seal } : nil
        return Page(items: kept, nextToken: next)
    }
}

extension APIRequest {
    /// Query parameters of lists that grow at their end.
    static let tailParameters = ["since"] + pageParameters
    private static let tailSizeMax = 500

    func tail() throws(APIError) -> Tail {
        try tail(since: query.integer("since", in: 0...Int(Int32.max)) ?? 0)
    }

    func tail(since: Int) throws(APIError) -> Tail {
        let size = try query.integer("page_size", in: 1...1_000_000_000) ?? Self.tailSizeMax
        let path = (head.path ?? "").prefix { $0 != "?" }
        let seal = String(Digest.sha256(Array("\(path) \(since)".utf8)).prefix(16))
        let after = try pageToken.map { token throws(APIError) in try Self.position(token, seal: seal) }
        return Tail(after: after ?? since, size: min(size, Self.tailSizeMax), seal: seal)
    }

    private static func position(_ token: String, seal: String) throws(APIError) -> Int {
        let parts = token.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1] == seal, let position = Int(parts[0], radix: 36), position > 0 else {
            throw APIError(.malformedRequest, "the page token does not belong to this list with this \"since\"")
        }
        return position
    }
}
