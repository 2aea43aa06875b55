/// Single members of a spec, for a change of a job that is there already.
package enum SpecMember {
    package static func name(_ value: JSONValue) throws(InvalidSpec) -> String? {
        try read("name", value) { $0.text("name", lengthMax: TrainingSpec.nameLengthMax) }
    }

    package static func priority(_ value: JSONValue) throws(InvalidSpec) -> Int {
        try read("priority", value) { $0.integer("priority", in: JobLimits.priority) } ?? 0
    }

    package static func deadline(_ value: JSONValue, now: Timestamp) throws(InvalidSpec) -> Timestamp? {
        let deadline = try read("deadline", value) { $0.timestamp("deadline") }
        if let deadline, deadline <= now {
            throw InvalidSpec(problems: [
                Problem(pointer: "/deadline", detail: "has passed already; it is \(now) here")
            ])
        }
        return deadline
    }

    /// A merge patch of labels (RFC 7396): null takes one away, null as a whole takes all.
    package static func labels(
        merging value: JSONValue, into labels: [String: String]
    ) throws(InvalidSpec) -> [String: String] {
        guard let members = value.members else {
            if value == .null { return [:] }
            return try read("labels", value) { $0.labels("labels") } ?? [:]
        }
        let removed = members.filter { $0.value == .null }.map(\.name)
        let set = JSONValue.object(members.filter { $0.value != .null })
        var merged = labels.filter { !removed.contains($0.key) }
        merged.merge(try read("labels", set) { $0.labels("labels") } ?? [:]) { _, new in new }
        guard merged.count <= TrainingSpec.labelsMax else {
            throw InvalidSpec(problems: [
                Problem(
                    pointer: "/labels", detail: "would be \(merged.count); at most \(TrainingSpec.labelsMax) are kept")
            ])
        }
        return merged
    }

    private static func read<Value>(
        _ name: String, _ value: JSONValue, _ body: (inout SpecReader) -> Value?
    ) throws(InvalidSpec) -> Value? {
        let log = ProblemLog()
        var reader = SpecReader(.object([.init(name, value)]), at: "", log: log)
        let result = body(&reader)
        guard log.problems.isEmpty else { throw InvalidSpec(problems: log.problems) }
        return result
    }
}
