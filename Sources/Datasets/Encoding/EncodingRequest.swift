package import Jobs

/// The part of a spec that decides how data are encoded. Jobs that agree in it share one encoded copy, whatever their
/// strategies, seeds, losses and hidden layers are.
package struct EncodingRequest: Sendable, Hashable {
    /// What kind of input the encoder reads.
    package enum Encoder: Sendable, Hashable {
        /// Any columns, one value or feature beside the other.
        case dense
        case images
        case text(TextOptions)
    }

    package struct Target: Sendable, Hashable {
        package var task: String
        package var columns: [String]
        package var kind: TaskSpec.Kind
        package var missingLabel: TaskSpec.MissingLabel
        package var standardize: Bool
    }

    package var encoder: Encoder
    package var inputColumns: [String]?
    /// By column, where the content is not to decide.
    package var encodings: [String: ColumnEncoding]
    package var targets: [Target]
    package var validation: Holdout
    package var test: Holdout?
    /// Text columns with up to this many different values become one feature each value; beyond, they are embedded.
    package var oneHotMax: Int

    package static let oneHotMaxStandard = 64

    package init(_ spec: TrainingSpec) {
        switch spec.model.encoder {
        case .mlp: encoder = .dense
        case .cnn, .resnet: encoder = .images
        case .text(let text): encoder = .text(TextOptions(text))
        }
        inputColumns = spec.inputColumns
        encodings = spec.inputEncodings
        targets = spec.tasks.map { task in
            Target(
                task: task.name, columns: task.targets, kind: task.kind, missingLabel: task.missingLabel,
                standardize: task.standardize)
        }
        validation = spec.validation
        test = spec.test
        oneHotMax = Self.oneHotMaxStandard
    }
}

/// How a text becomes tokens, and tokens become a vocabulary.
package struct TextOptions: Sendable, Hashable {
    package var column: String?
    package var tokens: TextSpec.Tokens
    package var lowercase: Bool
    package var ngramsMin: Int
    package var ngramsMax: Int
    /// Entries of the vocabulary, padding and unknown among them.
    package var vocabularyMax: Int
    /// How often a token must occur in the training part to be in the vocabulary.
    package var countMin: Int
    /// Tokens kept of a row.
    package var tokensMax: Int

    package init(_ spec: TextSpec) {
        column = spec.column
        tokens = spec.tokens
        lowercase = spec.lowercase
        ngramsMin = spec.ngrams.min
        ngramsMax = spec.ngrams.max
        vocabularyMax = spec.vocabularyMax
        countMin = spec.countMin
        tokensMax = spec.tokensMax
    }
}
