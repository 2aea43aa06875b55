package import Datasets

extension SignalShape {
    /// What a row looks like after this preprocessing.
    init(_ inputs: InputPreprocessing) throws(PlanError) {
        switch inputs {
        case .columns(let columns):
            self.init(features: columns.reduce(0) { $0 + $1.features }, columns.compactMap(\.embedding))
        case .images(let images): self.init(images.shape)
        case .text(let text): self = .tokens(length: text.options.tokensMax, ids: text.idCount)
        }
    }

    /// What a row looks like, at most, before anything is read.
    init(_ inputs: EncodingEstimate.Inputs) throws(PlanError) {
        switch inputs {
        case .features(let features, let embeddings): self.init(features: features, embeddings)
        case .images(let shape): self.init(shape)
        case .tokens(let tokensMax, let ids): self = .tokens(length: tokensMax, ids: ids)
        }
    }

    /// What the rows of encoded inputs look like.
    package init(_ inputs: EncodedInputs) throws(PlanError) {
        switch inputs {
        case .features(let matrix): self.init(features: matrix.features, matrix.embeddings)
        case .images(let tensor): self.init(tensor.shape)
        case .tokens(let matrix): self = .tokens(length: matrix.tokensMax, ids: matrix.idCount)
        }
    }

    private init(features: Int, _ embeddings: [ColumnEmbedding]) {
        self = embeddings.isEmpty ? .features(features) : .columns(features: features, embeddings: embeddings)
    }

    private init(_ shape: ImageShape) {
        self = .image(height: shape.height, width: shape.width, channels: shape.channels)
    }
}
