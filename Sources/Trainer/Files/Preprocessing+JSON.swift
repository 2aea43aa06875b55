import Datasets
import Jobs

/// The fitted preprocessing as it stands in a model file.
extension Preprocessing {
    var json: JSONValue {
        .object([
            .init("inputs", inputs.json),
            .init("targets", .array(targets.map(\.json))),
        ])
    }

    init(json: JSONValue) throws(ArchiveError) {
        var targets: [TargetPreprocessing] = []
        for target in try json.required("targets").array() { targets.append(try TargetPreprocessing(json: target)) }
        self.init(inputs: try InputPreprocessing(json: try json.required("inputs")), targets: targets)
    }
}

extension InputPreprocessing {
    fileprivate var json: JSONValue {
        switch self {
        case .columns(let columns): .object([.init("columns", .array(columns.map(\.json)))])
        case .images(let images): .object([.init("images", images.json)])
        case .text(let text): .object([.init("text", text.json)])
        }
    }

    fileprivate init(json: JSONValue) throws(ArchiveError) {
        if let columns = json["columns"] {
            var fitted: [ColumnPreprocessing] = []
            for column in try columns.array() { fitted.append(try ColumnPreprocessing(json: column)) }
            self = .columns(fitted)
        } else if let images = json["images"] {
            self = .images(try ImagePreprocessing(json: images))
        } else {
            self = .text(try TextPreprocessing(json: try json.required("text")))
        }
    }
}

extension ColumnPreprocessing {
    fileprivate var json: JSONValue {
        let name = JSONValue.Member("name", .string(name))
        switch treatment {
        case .numeric(let mean, let deviation, let indicator):
            return .object([
                name, .init("treatment", .string("numeric")), .init("mean", JSONValue(mean)),
                .init("deviation", JSONValue(deviation)), .init("indicator", .bool(indicator)),
            ])
        case .oneHot(let categories, let missing):
            return .object([
                name, .init("treatment", .string("one_hot")), .init("categories", JSONValue(categories)),
                .init("missing", .bool(missing)),
            ])
        case .embedded(let categories, let missing):
            return .object([
                name, .init("treatment", .string("embedded")), .init("categories", JSONValue(categories)),
                .init("missing", .bool(missing)),
            ])
        case .vector(let means, let deviations):
            return .object([
                name, .init("treatment", .string("vector")), .init("means", JSONValue(numbers: means)),
                .init("deviations", JSONValue(numbers: deviations)),
            ])
        }
    }

    fileprivate init(json: JSONValue) throws(ArchiveError) {
        let treatment: Treatment
        switch json["treatment"]?.text {
        case "numeric":
            treatment = .numeric(
                mean: try json.required("mean").number(), deviation: try json.required("deviation").number(),
                indicator: json["indicator"] == .bool(true))
        case "one_hot":
            treatment = .oneHot(
                categories: try json.required("categories").texts(), missing: json["missing"] == .bool(true))
        case "embedded":
            treatment = .embedded(
                categories: try json.required("categories").texts(), missing: json["missing"] == .bool(true))
        case "vector":
            let (means, deviations) = (
                try json.required("means").numbers(), try json.required("deviations").numbers()
            )
            guard means.count == deviations.count else { throw .damaged("a column has more means than deviations") }
            treatment = .vector(means: means, deviations: deviations)
        default: throw .damaged("a column has no known treatment")
        }
        self.init(name: try json.required("name").string(), treatment: treatment)
    }
}

extension ImagePreprocessing {
    fileprivate var json: JSONValue {
        .object([
            .init("column", .string(column)),
            .init("shape", JSONValue([shape.height, shape.width, shape.channels])),
            .init("storage", .string(storage.rawValue)), .init("scale", JSONValue(scale)),
            .init("means", JSONValue(numbers: means)), .init("deviations", JSONValue(numbers: deviations)),
        ])
    }

    fileprivate init(json: JSONValue) throws(ArchiveError) {
        let sizes = try json.required("shape").array().compactMap(\.int)
        guard let shape = ImageShape(sizes),
            let storage = Storage(rawValue: try json.required("storage").string())
        else { throw .damaged("its images have no known shape") }
        let (means, deviations) = (try json.required("means").numbers(), try json.required("deviations").numbers())
        guard means.count == shape.channels, deviations.count == shape.channels else {
            throw .damaged("its images have other channels than their means")
        }
        self.init(
            column: try json.required("column").string(), shape: shape, storage: storage,
            scale: try json.required("scale").number(), means: means, deviations: deviations)
    }
}

extension TextPreprocessing {
    fileprivate var json: JSONValue {
        .object([
            .init("column", .string(column)), .init("tokens", .string(options.tokens.rawValue)),
            .init("lowercase", .bool(options.lowercase)), .init("ngrams_min", JSONValue(options.ngramsMin)),
            .init("ngrams_max", JSONValue(options.ngramsMax)), .init("tokens_max", JSONValue(options.tokensMax)),
            .init("vocabulary_max", JSONValue(options.vocabularyMax)), .init("count_min", JSONValue(options.countMin)),
            .init("vocabulary", JSONValue(vocabulary)),
        ])
    }

    fileprivate init(json: JSONValue) throws(ArchiveError) {
        guard let tokens = TextSpec.Tokens(rawValue: try json.required("tokens").string()) else {
            throw .damaged("its tokens are of no known kind")
        }
        let column = try json.required("column").string()
        let spec = TextSpec(
            column: column, tokens: tokens, lowercase: json["lowercase"] == .bool(true),
            ngramsMin: try json.required("ngrams_min").integer(), ngramsMax: try json.required("ngrams_max").integer(),
            vocabularyMax: try json.required("vocabulary_max").integer(),
            countMin: try json.required("count_min").integer(), tokensMax: try json.required("tokens_max").integer())
        self.init(
            column: column, options: TextOptions(spec), vocabulary: try json.required("vocabulary").texts())
    }
}

extension TargetPreprocessing {
    fileprivate var json: JSONValue {
        let kind: [JSONValue.Member] =
            switch self.kind {
            case .classes(let classes): [.init("classes", JSONValue(classes))]
            case .binary(let negative, let positive): [.init("binary", JSONValue([negative, positive]))]
            case .multilabel(let outputs): [.init("labels", JSONValue(outputs))]
            case .regression(let outputs, let means, let deviations):
                [
                    .init("outputs", JSONValue(outputs)), .init("means", JSONValue(numbers: means)),
                    .init("deviations", JSONValue(numbers: deviations)),
                ]
            }
        return .object([.init("task", .string(task)), .init("columns", JSONValue(columns))] + kind)
    }

    fileprivate init(json: JSONValue) throws(ArchiveError) {
        let kind: Kind
        if let classes = json["classes"] {
            kind = .classes(try classes.texts())
        } else if let pair = try json["binary"]?.texts(), pair.count == 2 {
            kind = .binary(negative: pair[0], positive: pair[1])
        } else if let labels = json["labels"] {
            kind = .multilabel(outputs: try labels.texts())
        } else {
            let outputs = try json.required("outputs").texts()
            let (means, deviations) = (try json.required("means").numbers(), try json.required("deviations").numbers())
            guard means.count == outputs.count, deviations.count == outputs.count else {
                throw .damaged("a target has other outputs than means")
            }
            kind = .regression(outputs: outputs, means: means, deviations: deviations)
        }
        self.init(
            task: try json.required("task").string(), columns: try json.required("columns").texts(), kind: kind)
    }
}

/// Reading what this room has written itself: anything else is damage.
extension JSONValue {
    init(numbers: [Double]) {
        self = .array(numbers.map { JSONValue($0) })
    }

    func required(_ name: String) throws(ArchiveError) -> JSONValue {
        guard let value = self[name] else { throw .damaged("it has no \(name)") }
        return value
    }

    func array() throws(ArchiveError) -> [JSONValue] {
        guard let elements else { throw .damaged("a list is \(kindInWords)") }
        return elements
    }

    func string() throws(ArchiveError) -> String {
        guard let text else { throw .damaged("a text is \(kindInWords)") }
        return text
    }

    func number() throws(ArchiveError) -> Double {
        guard let double else { throw .damaged("a number is \(kindInWords)") }
        return double
    }

    func integer() throws(ArchiveError) -> Int {
        guard let int else { throw .damaged("a whole number is \(kindInWords)") }
        return int
    }

    func texts() throws(ArchiveError) -> [String] {
        var texts: [String] = []
        for element in try array() { texts.append(try element.string()) }
        return texts
    }

    func numbers() throws(ArchiveError) -> [Double] {
        var numbers: [Double] = []
        for element in try array() { numbers.append(try element.number()) }
        return numbers
    }
}
