import GRDB
package import Jobs

/// A member that a list can be ordered by.
package protocol ListField: RawRepresentable<String>, CaseIterable, Hashable, Sendable {
    associatedtype Item: Sendable
    /// Items are numbered in the order in which they were made, so this one needs nothing but the number.
    static var createdAt: Self { get }
    /// The column, with something for null.
    var expression: String { get }
    /// What `expression` gives for an item.
    func key(of item: Item) -> ListKey
}

/// Where an item stands in an order.
package enum ListKey: Sendable, Hashable {
    case integer(Int)
    case text(String)
}

/// The order of a list: a member, and which way. What is alike in it goes by the time it was made.
package struct ListOrder<Field: ListField>: Sendable, Hashable {
    package var field: Field
    package var isDescending: Bool

    package init(_ field: Field, isDescending: Bool) {
        self.field = field
        self.isDescending = isDescending
    }

    package static var newestFirst: ListOrder { ListOrder(.createdAt, isDescending: true) }

    /// Names the order in page tokens.
    fileprivate var name: String {
        // As it was before there were others, so that tokens stay good.
        self == .newestFirst ? "" : " by \(field.rawValue)\(isDescending ? " desc" : "")"
    }
}

package enum JobField: String, ListField {
    case createdAt = "created_at"
    case finishedAt = "finished_at"
    case name, priority

    package var expression: String {
        switch self {
        case .createdAt: "jobs.number"
        case .finishedAt: "coalesce(jobs.finished_at, \(Int64.max))"
        case .name: "coalesce(jobs.name, '')"
        case .priority: "jobs.priority"
        }
    }

    package func key(of job: Job) -> ListKey {
        switch self {
        case .createdAt: .integer(Int(job.createdAt.milliseconds))
        // Those that are not over will finish after all that are.
        case .finishedAt: .integer(job.finishedAt.map { Int($0.milliseconds) } ?? .max)
        case .name: .text(job.name ?? "")
        case .priority: .integer(job.priority)
        }
    }
}

package enum DatasetField: String, ListField {
    case createdAt = "created_at"
    case name, bytes, rows

    package var expression: String { self == .createdAt ? "number" : rawValue }

    package func key(of dataset: DatasetRecord) -> ListKey {
        switch self {
        case .createdAt: .integer(Int(dataset.createdAt.milliseconds))
        case .name: .text(dataset.name)
        case .bytes: .integer(dataset.bytes)
        case .rows: .integer(dataset.schema.rows)
        }
    }
}

package enum ModelField: String, ListField {
    case createdAt = "created_at"
    case name, bytes

    package var expression: String {
        switch self {
        case .createdAt: "number"
        case .name: "coalesce(name, '')"
        case .bytes: "bytes"
        }
    }

    package func key(of model: ModelRecord) -> ListKey {
        switch self {
        case .createdAt: .integer(Int(model.createdAt.milliseconds))
        case .name: .text(model.name ?? "")
        case .bytes: .integer(model.bytes)
        }
    }
}

/// The part of an ordered list that a page begins behind, as SQL.
struct ListPosition {
    /// True for what comes behind the position.
    var condition: String
    var arguments: StatementArguments
    /// What follows `ORDER BY`.
    var order: String
}

extension Store {
    /// Builds a page of an ordered list from one row more than it holds. `list` names the list and its filters.
    func page<Field: ListField>(
        _ request: PageRequest, _ order: ListOrder<Field>, list: String, number column: String = "number",
        fetch: (_ position: ListPosition, _ limit: Int) throws(StoreError) -> [(number: Int, item: Field.Item)]
    ) throws(StoreError) -> Page<Field.Item> {
        let list = list + order.name
        let token = try request.token.map { token throws(StoreError) in try PageToken(token, list: list) }
        let size = request.size(within: configuration.limits)
        let rows = try fetch(try Self.position(behind: token, order, number: column), size + 1)
        let next = rows.count > size ? rows[size - 1] : nil
        return Page(
            items: rows.prefix(size).map(\.item),
            nextToken: next.map { next in
                let key = order.field == .createdAt ? nil : order.field.key(of: next.item)
                return PageToken(after: next.number, key: key).text(list: list)
            })
    }

    private static func position<Field: ListField>(
        behind token: PageToken?, _ order: ListOrder<Field>, number: String
    ) throws(StoreError) -> ListPosition {
        let (direction, sign) = order.isDescending ? ("DESC", "<") : ("ASC", ">")
        let byNumber = order.field == .createdAt
        let expression = order.field.expression
        let orderBy = byNumber ? "\(number) \(direction)" : "\(expression) \(direction), \(number) \(direction)"
        guard let token else { return ListPosition(condition: "1", arguments: [], order: orderBy) }
        guard !byNumber else {
            return ListPosition(condition: "\(number) \(sign) ?", arguments: [token.after], order: orderBy)
        }
        let key: any DatabaseValueConvertible
        switch token.key {
        case .integer(let value): key = value
        case .text(let text): key = text
        case nil: throw .badPageToken
        }
        return ListPosition(
            condition: "(\(expression), \(number)) \(sign) (?, ?)", arguments: [key, token.after], order: orderBy)
    }
}
