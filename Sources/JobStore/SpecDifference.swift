import Jobs

/// How one spec differs from another of nearly the same shape: which bytes of the other's text give way to what.
struct SpecDifference: Sendable, Hashable {
    struct Splice: Sendable, Hashable {
        /// Of the first byte that gives way, in the text told against.
        var offset: Int
        var length: Int
        var replacement: String
    }

    /// In the order of their offsets, none overlapping another.
    private(set) var splices: [Splice] = []

    /// What turns `base` as text into `spec` as text; nil where the text cannot be told exactly so.
    init?(of spec: JSONValue, text: String, from base: JSONValue, baseText: String) {
        var offset = 0
        compare(base, spec, &offset)
        guard (try? applied(to: baseText)).map({ $0.utf8.elementsEqual(text.utf8) }) == true else { return nil }
    }

    /// Moves `offset` over `base`, and notes where `spec` is another.
    private mutating func compare(_ base: JSONValue, _ spec: JSONValue, _ offset: inout Int) {
        switch (base, spec) {
        case (.object(let left), .object(let right)) where left != right && left.map(\.name) == right.map(\.name):
            for (left, right) in zip(left, right) {
                // An opening brace or a comma, the name, a colon.
                offset += 1 + JSONValue.string(left.name).encoded.count + 1
                compare(left.value, right.value, &offset)
            }
            offset += 1
        case (.array(let left), .array(let right)) where left != right && left.count == right.count:
            for (left, right) in zip(left, right) {
                offset += 1
                compare(left, right, &offset)
            }
            offset += 1
        default:
            let length = base.encoded.count
            if base != spec {
                splices.append(Splice(offset: offset, length: length, replacement: spec.jsonText))
            }
            offset += length
        }
    }

    /// The text that differs so from `base`. Throws `.corrupt` when `base` is not the text told against.
    func applied(to base: String) throws(StoreError) -> String {
        let bytes = Array(base.utf8)
        var result: [UInt8] = []
        var place = 0
        for splice in splices {
            guard splice.offset >= place, splice.offset <= bytes.count, splice.length >= 0,
                splice.length <= bytes.count - splice.offset
            else { throw .corrupt("a spec and the base of its comparison do not fit") }
            result += bytes[place..<splice.offset]
            result += splice.replacement.utf8
            place = splice.offset + splice.length
        }
        result += bytes[place...]
        guard let text = String(validating: result, as: UTF8.self) else {
            throw .corrupt("a spec and the base of its comparison do not fit")
        }
        return text
    }
}

extension SpecDifference {
    /// As a row holds it: a JSON array of `[offset, length, replacement]`.
    var text: String {
        let splices = splices.map { splice in
            JSONValue.array([JSONValue(splice.offset), JSONValue(splice.length), .string(splice.replacement)])
        }
        return JSONValue.array(splices).jsonText
    }

    init(text: String) throws(StoreError) {
        guard let elements = (try? JSONValue(parsing: Array(text.utf8)))?.elements else {
            throw .corrupt("the spec of a comparison's run is no array")
        }
        for element in elements {
            guard let parts = element.elements, parts.count == 3, let offset = parts[0].int, let length = parts[1].int,
                let replacement = parts[2].text
            else { throw .corrupt("the spec of a comparison's run is no array of changes") }
            splices.append(Splice(offset: offset, length: length, replacement: replacement))
        }
    }
}

/// The specs of a comparison's runs as its rows hold them: each text that many are told against stands once.
struct SharedSpecs: Sendable {
    private(set) var bases: [String] = []
    /// In the order of the runs; `base` is an index into `bases`.
    private(set) var runs: [JobTexts] = []
    private var parsed: [JSONValue] = []

    /// Bases that a spec is compared with, the last ones first. Runs of one kind follow one another.
    private static let basesTriedMax = 4

    init(_ runs: [NewComparison.Run]) {
        for run in runs { add(run.job.spec) }
        parsed = []
    }

    private mutating func add(_ spec: TrainingSpec) {
        let (json, text) = (spec.json, spec.json.jsonText)
        for index in bases.indices.suffix(Self.basesTriedMax).reversed() {
            let difference = SpecDifference(of: json, text: text, from: parsed[index], baseText: bases[index])
            guard let stored = difference?.text, stored.utf8.count <= text.utf8.count / 2 else { continue }
            return runs.append(JobTexts(spec, text: text, stored: stored, base: index))
        }
        bases.append(text)
        parsed.append(json)
        runs.append(JobTexts(spec, text: text, stored: "[]", base: bases.count - 1))
    }

    var basesBytes: Int { bases.reduce(0) { $0 + $1.utf8.count } }
    /// What they count for in their owner's quota.
    var bytes: Int { runs.reduce(basesBytes) { $0 + $1.bytes } }
}

/// What a job's row holds of its owner's words.
struct JobTexts: Sendable {
    /// The spec, whole, as JSON text.
    let spec: String
    /// The spec as the row holds it.
    let stored: String
    /// What `stored` is told against; nil where it is whole.
    var base: Int?
    let labels: String
    /// What they count for in the owner's quota.
    let bytes: Int

    init(spec: String, stored: String? = nil, base: Int? = nil, name: String?, labels: [String: String]) {
        self.spec = spec
        self.stored = stored ?? spec
        self.base = base
        self.labels = labels.jsonText
        bytes = self.stored.utf8.count + self.labels.utf8.count + (name?.utf8.count ?? 0)
    }

    init(_ spec: TrainingSpec) {
        self.init(spec: spec.json.jsonText, name: spec.name, labels: spec.labels)
    }

    fileprivate init(_ spec: TrainingSpec, text: String, stored: String, base: Int) {
        self.init(spec: text, stored: stored, base: base, name: spec.name, labels: spec.labels)
    }
}
