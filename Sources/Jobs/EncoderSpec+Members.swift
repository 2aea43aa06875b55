import Weighting

extension ModelSpec {
    /// Width of a layer; what fits in memory is the memory plan's business.
    static let widthMax = 16_777_216
    static let layersMax = 64
}

extension Domain where Value == Int {
    fileprivate static let width = Domain.integer(1...ModelSpec.widthMax)
    fileprivate static let side = Domain.integer(1...255)
}

extension Domain where Value == [Int] {
    /// Widths of dense layers, from the input on.
    static let widths = Domain.array(.width, count: 0...ModelSpec.layersMax)
}

extension Domain where Value == Double {
    fileprivate static let dropout = Domain.number(.from(0, below: 1))
}

extension MLPSpec: DescribedRecord {
    package static let schemaName = "MLPEncoder"
    package static let summary = "Dense layers, one after the other."
    package static let standard = MLPSpec()
    package static let members: [Member<MLPSpec>] = [
        Member("hidden", \.hidden, .widths, "Widths of the hidden layers."),
        Member("activation", \.activation, .choice, "Activation after each hidden layer."),
        Member("dropout", \.dropout, .dropout, "Probability of dropping a unit in training."),
        Member("batch_norm", \.batchNorm, .flag, "Batch normalisation before each activation."),
    ]
}

extension CNNSpec: DescribedRecord {
    package static let schemaName = "CNNEncoder"
    package static let summary = "Convolution blocks, then dense layers; by default the LeNet of Multi-MNIST."
    package static let standard = CNNSpec()
    package static let members: [Member<CNNSpec>] = [
        Member("blocks", \.blocks, .array(.record(Block.self), count: 1...ModelSpec.layersMax), "Convolution blocks."),
        Member("dense", \.dense, .widths, "Widths of the dense layers after the blocks."),
    ]
}

extension CNNSpec.Block: DescribedRecord {
    package static let schemaName = "ConvolutionBlock"
    package static let summary = "Convolution, batch normalisation, activation, pooling, dropout, in this order."
    package static let standard = CNNSpec.Block(filters: 1)
    package static let members: [Member<CNNSpec.Block>] = [
        .required("filters", \.filters, .width, "Number of filters, which is the number of channels after the block."),
        Member("kernel", \.kernel, .side, "Height and width of the filters, in pixels."),
        Member("stride", \.stride, .side, "Step of the convolution, in pixels."),
        Member("padding", \.padding, .integer(0...127), "Zeros around the image, in pixels."),
        Member("pool", \.pool, .choice, "Pooling after the activation."),
        Member("pool_size", \.poolSize, .side, "Height and width of the pooling windows, which do not overlap."),
        Member("activation", \.activation, .choice, "Activation after the convolution."),
        Member("batch_norm", \.batchNorm, .flag, "Batch normalisation before the activation."),
        Member("dropout", \.dropout, .dropout, "Probability of dropping a value in training."),
    ]
}

extension ResNetSpec: DescribedRecord {
    package static let schemaName = "ResNetEncoder"
    package static let summary = "A residual network with the 3×3 stem for small images."
    package static let standard = ResNetSpec()
    package static let members: [Member<ResNetSpec>] = [
        Member("depth", \.depth, .oneOf(depths), "Number of layers with weights."),
        Member("width", \.width, .width, "Filters of the first stage; each later stage doubles them."),
        Member(
            "augmentation", \.augmentation, .set(.choice, count: 0...Augmentation.allCases.count),
            "Changes of the images in training only. A random crop has 4 pixels of padding."),
    ]
}

extension TextSpec: DescribedRecord {
    package static let schemaName = "TextEncoder"
    package static let summary = "Embeddings of tokens, pooled by their mean or by convolutions, then dense layers."
    package static let standard = TextSpec()
    package static let members: [Member<TextSpec>] = [
        Member("column", \.column, .text(lengthMax: 1_000), "The text column; by default the only input column."),
        Member("variant", \.variant, .choice, "How the embeddings of a text become one vector."),
        Member("tokens", \.tokens, .choice, "What a token is."),
        Member(
            "lowercase", \.lowercase, .flag,
            "Whether texts are lower-cased; by default true for words, false for characters."),
        Member("ngrams", \.ngrams, .record(NGrams.self), "Lengths of the n-grams; words have at most 3."),
        Member("embedding", \.embedding, .integer(1...65_536), "Numbers of a token's vector."),
        Member(
            "vocabulary_max", \.vocabularyMax, .integer(1...10_000_000),
            "Ids at most; two of them stand for padding and for unknown tokens."),
        Member("count_min", \.countMin, .integer(1...1_000_000), "How often a token must occur in the training part."),
        Member("tokens_max", \.tokensMax, .integer(1...65_536), "Tokens of a text that are read, from its beginning."),
        Member(
            "kernels", \.kernels, .array(.side, count: 1...16),
            "Lengths of the convolutions of variant `conv`, in tokens."),
        Member("filters", \.filters, .width, "Filters of each length."),
        Member("dense", \.dense, .widths, "Widths of the dense layers after the pooling."),
        Member("dropout", \.dropout, .dropout, "Probability of dropping a value in training."),
    ]

    package mutating func settle(_ reader: SpecReader) {
        if !reader.has("lowercase") { lowercase = tokens == .words }
        if tokens == .words, ngrams.max > NGrams.wordsMax {
            reader.report("ngrams", "n-grams of words have at most \(NGrams.wordsMax) words")
        }
    }
}

extension TextSpec.NGrams: DescribedRecord {
    package static let schemaName = "NGrams"
    package static let summary = "Lengths of the n-grams that are tokens."
    package static let standard = TextSpec.NGrams()
    package static let members: [Member<TextSpec.NGrams>] = [
        Member("min", \.min, .integer(1...5), "The shortest n-gram."),
        Member("max", \.max, .integer(1...5), "The longest n-gram; by default the larger of `min` and 1."),
    ]

    package mutating func settle(_ reader: SpecReader) {
        if !reader.has("max") { max = Swift.max(max, min) }
        if max < min { reader.report("max", "is below \"min\"") }
    }
}
