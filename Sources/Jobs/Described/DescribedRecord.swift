/// A value that clients write as a closed JSON object. Its table of members makes the decoder, the encoder and the schema.
package protocol DescribedRecord: Sendable {
    /// The record's name among the schemas of the API's description.
    static var schemaName: String { get }
    /// One sentence for people.
    static var summary: String { get }
    /// Where reading starts: every member has its default.
    static var standard: Self { get }
    static var members: [Member<Self>] { get }
    /// Applies what one member means for another, and reports what does not fit together. Called after all members were read.
    mutating func settle(_ reader: SpecReader)
}

/// One row of a record's table.
package struct Member<Record: Sendable>: Sendable {
    package let name: String
    /// One sentence for people.
    package let summary: String
    package let isRequired: Bool
    package let shape: Shape
    fileprivate let read: @Sendable (inout SpecReader, inout Record) -> Void
    fileprivate let write: @Sendable (Record) -> JSONValue

    /// A member that has a default.
    package init<Value: Sendable>(
        _ name: String, _ path: any (WritableKeyPath<Record, Value> & Sendable), _ domain: Domain<Value>,
        _ summary: String
    ) {
        self.init(name, domain.shape, summary) { value, record, pointer, log in
            if let read = domain.read(value, pointer, log) { record[keyPath: path] = read }
        } write: {
            domain.write($0[keyPath: path])
        }
    }

    /// A member that may be unset.
    package init<Value: Sendable>(
        _ name: String, _ path: any (WritableKeyPath<Record, Value?> & Sendable), _ domain: Domain<Value>,
        _ summary: String
    ) {
        self.init(name, domain.shape, summary) { value, record, pointer, log in
            record[keyPath: path] = domain.read(value, pointer, log)
        } write: {
            $0[keyPath: path].map(domain.write) ?? .null
        }
    }

    /// A member that must be there.
    package static func required<Value: Sendable>(
        _ name: String, _ path: any (WritableKeyPath<Record, Value> & Sendable), _ domain: Domain<Value>,
        _ summary: String
    ) -> Member {
        Member(name, domain.shape, summary, isRequired: true) { value, record, pointer, log in
            if let read = domain.read(value, pointer, log) { record[keyPath: path] = read }
        } write: {
            domain.write($0[keyPath: path])
        }
    }

    private init(
        _ name: String, _ shape: Shape, _ summary: String, isRequired: Bool = false,
        set: @escaping @Sendable (JSONValue, inout Record, String, ProblemLog) -> Void,
        write: @escaping @Sendable (Record) -> JSONValue
    ) {
        self.name = name
        self.summary = summary
        self.shape = shape
        self.isRequired = isRequired
        self.write = write
        read = { reader, record in
            if let value = reader.value(name) {
                set(value, &record, reader.pointer(to: name), reader.log)
            } else if isRequired {
                reader.report(name, "missing; expected \(shape.words)")
            }
        }
    }
}

extension DescribedRecord {
    package mutating func settle(_ reader: SpecReader) {}

    /// Reads the members of an object that may have others: whoever owns the reader ends it with `finish()`.
    static func read(_ reader: inout SpecReader) -> Self {
        var record = standard
        for member in members { member.read(&reader, &record) }
        record.settle(reader)
        return record
    }

    var jsonMembers: [JSONValue.Member] {
        Self.members.map { .init($0.name, $0.write(self)) }
    }

    package var json: JSONValue { .object(jsonMembers) }

    /// The record's schema.
    ///
    /// - Parameter tag: a member that tells the record from others of a union, and the value that stands for this one.
    package static func schema(tag: (name: String, value: String)? = nil) -> JSONValue {
        let defaults = standard
        let required = members.filter(\.isRequired).map { JSONValue.string($0.name) }
        let tags = tag.map { [JSONValue.Member($0.name, .object([.init("const", .string($0.value))]))] } ?? []
        let properties = members.map { member in
            var keywords = member.shape.keywords(acceptsNull: !member.isRequired)
            let value = member.write(defaults)
            // Generators of clients take no default of a member that refers to another schema.
            if !member.isRequired, !value.isNull, !member.shape.hasRecords { keywords.append(.init("default", value)) }
            keywords.append(.init("description", .string(member.summary)))
            return JSONValue.Member(member.name, .object(keywords))
        }
        return .object(
            [.init("type", .string("object")), .init("description", .string(summary))]
                + [.init("additionalProperties", .bool(false))]
                + (required.isEmpty ? [] : [.init("required", .array(required))])
                + [.init("properties", .object(tags + properties))])
    }
}

extension SpecReader {
    /// Reads a member that is a described record; nil where it is absent.
    mutating func record<Record: DescribedRecord>(_ name: String) -> Record? {
        value(name).flatMap { Domain.record(Record.self).read($0, pointer(to: name), log) }
    }
}
