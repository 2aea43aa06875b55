import Weighting

extension ModelSpec {
    /// Width of a layer; what fits in memory is the memory plan's business.
    static let widthMax = 16_777_216
    static let layersMax = 64

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
        case .mlp: .mlp(MLPSpec.read(&part))
        case .cnn: .cnn(CNNSpec.read(&part))
        case .resnet: .resnet(ResNetSpec.read(&part))
        case .text: .text(TextSpec.read(&part))
        }
    }
}

extension MLPSpec {
    fileprivate static func read(_ reader: inout SpecReader) -> MLPSpec {
        var spec = MLPSpec()
        spec.hidden = reader.widths("hidden") ?? spec.hidden
        spec.activation = reader.choice("activation", as: Activation.self) ?? spec.activation
        spec.dropout = reader.number("dropout", in: .from(0, below: 1)) ?? spec.dropout
        spec.batchNorm = reader.flag("batch_norm") ?? spec.batchNorm
        return spec
    }
}

extension CNNSpec {
    fileprivate static func read(_ reader: inout SpecReader) -> CNNSpec {
        var spec = CNNSpec()
        if let blocks = reader.array("blocks", count: 1...ModelSpec.layersMax) {
            spec.blocks = blocks.map { element, pointer in
                var part = SpecReader(element, at: pointer, log: reader.log)
                defer { part.finish() }
                return Block.read(&part)
            }
        }
        spec.dense = reader.widths("dense") ?? spec.dense
        return spec
    }
}

extension CNNSpec.Block {
    fileprivate static func read(_ reader: inout SpecReader) -> CNNSpec.Block {
        var block = CNNSpec.Block(filters: 1)
        if let filters = reader.integer("filters", in: 1...ModelSpec.widthMax) {
            block.filters = filters
        } else if !reader.has("filters") {
            reader.report("filters", "missing; expected the number of filters")
        }
        block.kernel = reader.integer("kernel", in: 1...255) ?? block.kernel
        block.stride = reader.integer("stride", in: 1...255) ?? block.stride
        block.padding = reader.integer("padding", in: 0...127) ?? block.padding
        block.pool = reader.choice("pool", as: Pool.self) ?? block.pool
        block.poolSize = reader.integer("pool_size", in: 1...255) ?? block.poolSize
        block.activation = reader.choice("activation", as: Activation.self) ?? block.activation
        block.batchNorm = reader.flag("batch_norm") ?? block.batchNorm
        block.dropout = reader.number("dropout", in: .from(0, below: 1)) ?? block.dropout
        return block
    }
}

extension ResNetSpec {
    fileprivate static func read(_ reader: inout SpecReader) -> ResNetSpec {
        var spec = ResNetSpec()
        if let depth = reader.integer("depth", in: 1...1_000) {
            if depths.contains(depth) {
                spec.depth = depth
            } else {
                reader.report(
                    "depth", "expected one of \(depths.map(String.init).joined(separator: ", ")), got \(depth)")
            }
        }
        spec.width = reader.integer("width", in: 1...ModelSpec.widthMax) ?? spec.width
        if let names = reader.texts("augmentation", count: 0...Augmentation.allCases.count, lengthMax: 100) {
            spec.augmentation = names.enumerated().compactMap { index, name in
                if let augmentation = Augmentation(rawValue: name) { return augmentation }
                let accepted = Augmentation.allCases.map(\.rawValue).quotedList
                reader.log.report(pointer(reader.pointer(to: "augmentation"), index), "expected one of \(accepted)")
                return nil
            }
        }
        return spec
    }
}

extension TextSpec {
    fileprivate static func read(_ reader: inout SpecReader) -> TextSpec {
        let tokens = reader.choice("tokens", as: Tokens.self) ?? .words
        var spec = TextSpec(tokens: tokens, lowercase: reader.flag("lowercase"))
        spec.column = reader.text("column", lengthMax: 1_000)
        spec.variant = reader.choice("variant", as: Variant.self) ?? spec.variant
        if var ngrams = reader.object("ngrams") {
            let range = tokens == .words ? 1...3 : 1...5
            spec.ngramsMin = ngrams.integer("min", in: range) ?? 1
            spec.ngramsMax = ngrams.integer("max", in: range) ?? max(1, spec.ngramsMin)
            if spec.ngramsMax < spec.ngramsMin { ngrams.report("max", "is below \"min\"") }
            ngrams.finish()
        }
        spec.embedding = reader.integer("embedding", in: 1...65_536) ?? spec.embedding
        spec.vocabularyMax = reader.integer("vocabulary_max", in: 1...10_000_000) ?? spec.vocabularyMax
        spec.countMin = reader.integer("count_min", in: 1...1_000_000) ?? spec.countMin
        spec.tokensMax = reader.integer("tokens_max", in: 1...65_536) ?? spec.tokensMax
        spec.kernels = reader.integers("kernels", count: 1...16, in: 1...255) ?? spec.kernels
        spec.filters = reader.integer("filters", in: 1...ModelSpec.widthMax) ?? spec.filters
        spec.dense = reader.widths("dense") ?? spec.dense
        spec.dropout = reader.number("dropout", in: .from(0, below: 1)) ?? spec.dropout
        return spec
    }
}
