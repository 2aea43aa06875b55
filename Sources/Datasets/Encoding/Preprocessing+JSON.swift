package import Jobs

extension Preprocessing {
    /// Everything, so that `init(json:)` gives the same value again, to the last bit of every number.
    package var json: JSONValue {
        .object([.init("inputs", inputs.json), .init("targets", .array(targets.map(\.json)))])
    }

    /// Reads what `json` wrote; throws when anything is missing or does not fit together.
    package init(json: JSONValue) throws(DatasetError) {
        inputs = try InputPreprocessing(json: try json.member("inputs"))
        targets = try json.list("targets") { value throws(DatasetError) in try TargetPreprocessing(json: value) }
    }
}

extension InputPreprocessing {
    var json: JSONValue {
        switch self {
        case .columns(let columns):
            .object([.init("kind", .string("columns")), .init("columns", .array(columns.map(\.json)))])
        case .images(let images): images.json
        case .text(let text): text.json
        }
    }

    init(json: JSONValue) throws(DatasetError) {
        switch try json.string("kind") {
        case "columns":
            self = .columns(
                try json.list("columns") { value throws(DatasetError) in try ColumnPreprocessing(json: value) })
        case "images": self = .images(try ImagePreprocessing(json: json))
        case "text": self = .text(try TextPreprocessing(json: json))
        default: throw JSONValue.damaged("inputs.kind")
        }
    }
}

extension ColumnPreprocessing {
    var json: JSONValue {
        var members: [JSONValue.Member] = [.init("name", .string(name))]
        switch treatment {
        case .numeric(let mean, let deviation, let indicator):
            members += [
                .init("kind", .string("numeric")), .init("mean", .number(mean)), .init("deviation", .number(deviation)),
                .init("indicator", .bool(indicator)),
            ]
        case .oneHot(let categories, let missing):
            members += [
                .init("kind", .string("one_hot")), .init("categories", .strings(categories)),
                .init("missing", .bool(missing)),
            ]
        case .embedded(let categories, let missing, let width):
            members += [
                .init("kind", .string("embedded")), .init("categories", .strings(categories)),
                .init("missing", .bool(missing)), .init("width", JSONValue(width)),
            ]
        case .vector(let means, let deviations):
            members += [
                .init("kind", .string("vector")), .init("means", .numbers(means)),
                .init("deviations", .numbers(deviations)),
            ]
        }
        return .object(members)
    }

    init(json: JSONValue) throws(DatasetError) {
        name = try json.string("name")
        switch try json.string("kind") {
        case "numeric":
            treatment = .numeric(
                mean: try json.finite("mean"), deviation: try json.scale("deviation"),
                indicator: try json.flag("indicator"))
        case "one_hot":
            treatment = .oneHot(categories: try json.strings("categories"), missing: try json.flag("missing"))
        case "embedded":
            let width = try json.whole("width")
            guard (1...ColumnEncoding.widthMax).contains(width) else { throw JSONValue.damaged("columns.width") }
            treatment = .embedded(
                categories: try json.strings("categories"), missing: try json.flag("missing"), width: width)
        case "vector":
            let (means, deviations) = try json.standardisation()
            treatment = .vector(means: means, deviations: deviations)
        default: throw JSONValue.damaged("columns.kind")
        }
    }
}

extension ImagePreprocessing {
    var json: JSONValue {
        .object([
            .init("kind", .string("images")), .init("column", .string(column)),
            .init("height", JSONValue(shape.height)),
            .init("width", JSONValue(shape.width)), .init("channels", JSONValue(shape.channels)),
            .init("storage", .string(storage.rawValue)), .init("scale", .number(scale)),
            .init("means", .numbers(means)),
            .init("deviations", .numbers(deviations)),
        ])
    }

    init(json: JSONValue) throws(DatasetError) {
        let sizes = [try json.whole("height"), try json.whole("width"), try json.whole("channels")]
        let (means, deviations) = try json.standardisation()
        guard let shape = ImageShape(sizes), let storage = Storage(rawValue: try json.string("storage")),
            means.count == shape.channels, shape.isPlausible
        else { throw JSONValue.damaged("inputs") }
        self.init(
            column: try json.string("column"), shape: shape, storage: storage, scale: try json.finite("scale"),
            means: means, deviations: deviations)
    }
}

extension TextPreprocessing {
    var json: JSONValue {
        .object([
            .init("kind", .string("text")), .init("column", .string(column)), .init("options", options.json),
            .init("vocabulary", .strings(vocabulary)),
        ])
    }

    init(json: JSONValue) throws(DatasetError) {
        self.init(
            column: try json.string("column"), options: try TextOptions(json: try json.member("options")),
            vocabulary: try json.strings("vocabulary"))
    }
}

extension TextOptions {
    var json: JSONValue {
        .object([
            .init("column", JSONValue(column)), .init("tokens", .string(tokens.rawValue)),
            .init("lowercase", .bool(lowercase)), .init("ngrams_min", JSONValue(ngramsMin)),
            .init("ngrams_max", JSONValue(ngramsMax)), .init("vocabulary_max", JSONValue(vocabularyMax)),
            .init("count_min", JSONValue(countMin)), .init("tokens_max", JSONValue(tokensMax)),
        ])
    }

    init(json: JSONValue) throws(DatasetError) {
        guard let tokens = TextSpec.Tokens(rawValue: try json.string("tokens")) else {
            throw JSONValue.damaged("options.tokens")
        }
        let ngramsMin = try json.whole("ngrams_min")
        let ngramsMax = try json.whole("ngrams_max")
        let tokensMax = try json.whole("tokens_max")
        guard ngramsMin >= 1, ngramsMin <= ngramsMax, ngramsMax <= 64, tokensMax >= 1, tokensMax <= 1 << 20 else {
            throw JSONValue.damaged("options")
        }
        self.init(
            TextSpec(
                column: json["column"]?.text, tokens: tokens, lowercase: try json.flag("lowercase"),
                ngrams: .init(min: ngramsMin, max: ngramsMax), vocabularyMax: try json.whole("vocabulary_max"),
                countMin: try json.whole("count_min"), tokensMax: tokensMax))
    }
}

extension TargetPreprocessing {
    var json: JSONValue {
        var members: [JSONValue.Member] = [.init("task", .string(task)), .init("columns", .strings(columns))]
        switch kind {
        case .classes(let classes):
            members += [.init("kind", .string("classes")), .init("classes", .strings(classes))]
        case .binary(let negative, let positive):
            members += [.init("kind", .string("binary")), .init("classes", .strings([negative, positive]))]
        case .multilabel(let outputs):
            members += [.init("kind", .string("multilabel")), .init("outputs", .strings(outputs))]
        case .regression(let outputs, let means, let deviations):
            members += [
                .init("kind", .string("regression")), .init("outputs", .strings(outputs)),
                .init("means", .numbers(means)), .init("deviations", .numbers(deviations)),
            ]
        }
        return .object(members)
    }

    init(json: JSONValue) throws(DatasetError) {
        task = try json.string("task")
        columns = try json.strings("columns")
        switch try json.string("kind") {
        case "classes":
            kind = .classes(try json.strings("classes"))
        case "binary":
            let classes = try json.strings("classes")
            guard classes.count == 2 else { throw JSONValue.damaged("targets.classes") }
            kind = .binary(negative: classes[0], positive: classes[1])
        case "multilabel":
            kind = .multilabel(outputs: try json.strings("outputs"))
        case "regression":
            let outputs = try json.strings("outputs")
            let (means, deviations) = try json.standardisation()
            guard means.count == outputs.count else { throw JSONValue.damaged("targets.means") }
            kind = .regression(outputs: outputs, means: means, deviations: deviations)
        default: throw JSONValue.damaged("targets.kind")
        }
        guard outputs > 0 else { throw JSONValue.damaged("targets") }
    }
}

extension ImageShape {
    /// Whether an image's values can be counted, and held.
    var isPlausible: Bool {
        let area = height.multipliedReportingOverflow(by: width)
        let count = area.partialValue.multipliedReportingOverflow(by: channels)
        return !area.overflow && !count.overflow && count.partialValue <= 1 << 28
    }
}

/// Members of a preprocessing as they must be.
extension JSONValue {
    fileprivate static func damaged(_ place: String) -> DatasetError {
        DatasetError("the preprocessing stored with the model is damaged: \(place)")
    }

    fileprivate static func strings(_ values: [String]) -> JSONValue { .array(values.map(JSONValue.string)) }

    fileprivate static func numbers(_ values: [Double]) -> JSONValue { .array(values.map(JSONValue.number)) }

    fileprivate func member(_ name: String) throws(DatasetError) -> JSONValue {
        guard let value = self[name] else { throw Self.damaged(name) }
        return value
    }

    fileprivate func string(_ name: String) throws(DatasetError) -> String {
        guard let text = self[name]?.text else { throw Self.damaged(name) }
        return text
    }

    fileprivate func finite(_ name: String) throws(DatasetError) -> Double {
        guard let number = self[name]?.double, number.isFinite else { throw Self.damaged(name) }
        return number
    }

    /// A number that can be divided by.
    fileprivate func scale(_ name: String) throws(DatasetError) -> Double {
        let number = try finite(name)
        guard number > 0 else { throw Self.damaged(name) }
        return number
    }

    fileprivate func whole(_ name: String) throws(DatasetError) -> Int {
        guard let number = self[name]?.int, number >= 0 else { throw Self.damaged(name) }
        return number
    }

    fileprivate func flag(_ name: String) throws(DatasetError) -> Bool {
        guard case .bool(let flag)? = self[name] else { throw Self.damaged(name) }
        return flag
    }

    fileprivate func list<Element>(
        _ name: String, _ element: (JSONValue) throws(DatasetError) -> Element
    ) throws(DatasetError) -> [Element] {
        guard let values = self[name]?.elements else { throw Self.damaged(name) }
        var elements: [Element] = []
        elements.reserveCapacity(values.count)
        for value in values { elements.append(try element(value)) }
        return elements
    }

    fileprivate func strings(_ name: String) throws(DatasetError) -> [String] {
        try list(name) { value throws(DatasetError) in
            guard let text = value.text else { throw Self.damaged(name) }
            return text
        }
    }

    /// `means` and `deviations`, as many of each, all finite and the latter above 0.
    fileprivate func standardisation() throws(DatasetError) -> (means: [Double], deviations: [Double]) {
        let means = try list("means") { value throws(DatasetError) in try value.finite(as: "means") }
        let deviations = try list("deviations") { value throws(DatasetError) in try value.finite(as: "deviations") }
        guard means.count == deviations.count, deviations.allSatisfy({ $0 > 0 }) else {
            throw Self.damaged("deviations")
        }
        return (means, deviations)
    }

    private func finite(as name: String) throws(DatasetError) -> Double {
        guard let number = double, number.isFinite else { throw Self.damaged(name) }
        return number
    }
}
