import Weighting

extension ModelSpec {
    /// Reads `model`; the default encoder fits the data set: convolutions for images that are not tiny, dense
    /// layers for all else.
    static func read(_ reader: inout SpecReader, schema: DatasetSchema?) -> ModelSpec {
        let standard = EncoderSpec.standard(for: schema)
        guard var part = reader.object("model") else { return ModelSpec(encoder: standard, headHidden: []) }
        let encoder = EncoderSpec.read(&part, standard: standard)
        let headHidden = part.headHidden("head") ?? []
        part.finish()
        return ModelSpec(encoder: encoder, headHidden: headHidden)
    }
}

extension SpecReader {
    /// Hidden layers of a head, `{"hidden": […]}`.
    mutating func headHidden(_ name: String) -> [Int]? {
        guard var head = object(name) else { return nil }
        defer { head.finish() }
        return head.widths("hidden")
    }

    fileprivate mutating func widths(_ name: String) -> [Int]? {
        integers(name, count: 0...ModelSpec.layersMax, in: 1...ModelSpec.widthMax)
    }
}

extension EncoderSpec {
    fileprivate static func standard(for schema: DatasetSchema?) -> EncoderSpec {
        guard let shape = schema?.column(named: "x")?.shape, shape.count >= 2 else { return .mlp(MLPSpec()) }
        let isLarge = shape.prefix(2).allSatisfy { $0 >= CNNSpec.standardSideMin }
        return isLarge && Kind.available.contains(.cnn) ? .cnn(CNNSpec()) : .mlp(MLPSpec())
    }

    fileprivate static func read(_ reader: inout SpecReader, standard: EncoderSpec) -> EncoderSpec {
        guard var part = reader.object("encoder") else { return standard }
        let kind = part.choice("type", as: Kind.self, from: Kind.available)
        // Which members belong here depends on the type: with a wrong one they say nothing.
        guard kind != nil || part.value("type") == nil else { return standard }
        defer { part.finish() }
        return switch kind ?? standard.kind {
        case .mlp: .mlp(.read(&part))
        case .cnn: .cnn(.read(&part))
        case .resnet: .resnet(.read(&part))
        case .text: .text(.read(&part))
        }
    }
}
