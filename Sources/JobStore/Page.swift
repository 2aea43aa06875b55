import Jobs

/// A page that a client asks for.
package struct PageRequest: Sendable, Hashable {
    /// Nil for the default; larger than allowed is cut to what is.
    package var size: Int?
    /// From the page before; nil for the first.
    package var token: String?

    package init(size: Int? = nil, token: String? = nil) {
        self.size = size
        self.token = token
    }

    func size(within limits: StoreLimits) -> Int {
        min(max(1, size ?? limits.pageSizeDefault), limits.pageSizeMax)
    }
}

/// Some items of a list, newest first, and the way to the next ones.
package struct Page<Item: Sendable>: Sendable {
    package var items: [Item]
    /// Nil at the end.
    package var nextToken: String?

    package init(items: [Item], nextToken: String?) {
        self.items = items
        self.nextToken = nextToken
    }
}

/// A position in a list, as text that clients hand back untouched (AIP-158): the number of the last item seen, its key where
/// the list is ordered by something else, and a digest of the list's filters and order so that it fits no other list.
///
/// Items are numbered as they are made, so what is inserted meanwhile moves nothing.
struct PageToken {
    var after: Int
    var key: ListKey?

    init(after: Int, key: ListKey? = nil) {
        self.after = after
        self.key = key
    }

    init(_ text: String, list: String) throws(StoreError) {
        let parts = text.split(separator: "-", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2, let after = Int(parts[0], radix: 36), after > 0, parts[1] == Self.digest(of: list)
        else {
            throw .badPageToken
        }
        self.after = after
        if parts.count == 3 {
            guard let key = ListKey(token: parts[2]) else { throw .badPageToken }
            self.key = key
        }
    }

    func text(list: String) -> String {
        String(after, radix: 36) + "-" + Self.digest(of: list) + (key.map { "-" + $0.token } ?? "")
    }

    private static func digest(of list: String) -> Substring {
        FileStore.digest(of: Array(list.utf8)).prefix(16)
    }
}

extension ListKey {
    /// A letter for the kind, then a number or the text's bytes in hexadecimal: nothing that a query would have to escape.
    fileprivate var token: String {
        switch self {
        case .integer(let value): "n" + String(value, radix: 36)
        case .text(let text): "t" + String(hexadecimal: text.utf8)
        }
    }

    fileprivate init?(token: Substring) {
        let rest = token.dropFirst()
        switch token.first {
        case "n":
            guard let value = Int(rest, radix: 36) else { return nil }
            self = .integer(value)
        case "t":
            let digits = rest.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
            guard digits.count == rest.utf8.count, digits.count.isMultiple(of: 2) else { return nil }
            let bytes = stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
            guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
            self = .text(text)
        default: return nil
        }
    }
}

extension Store {
    /// Builds a page from one row more than it holds. `list` names the list and its filters.
    func page<Item: Sendable>(
        _ request: PageRequest, list: String,
        fetch: (_ before: Int, _ limit: Int) throws(StoreError) -> [(number: Int, item: Item)]
    ) throws(StoreError) -> Page<Item> {
        let before = try request.token.map { token throws(StoreError) in try PageToken(token, list: list).after }
        let size = request.size(within: configuration.limits)
        let rows = try fetch(before ?? Int.max, size + 1)
        let last = rows.count > size ? rows[size - 1].number : nil
        return Page(
            items: rows.prefix(size).map(\.item), nextToken: last.map { PageToken(after: $0).text(list: list) })
    }
}
