/// The shared trunk.
package enum EncoderSpec: Sendable, Hashable {
    case mlp(MLPSpec)
    case cnn(CNNSpec)
    case resnet(ResNetSpec)
    case text(TextSpec)

    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case mlp, cnn, resnet, text

        /// The kinds this build trains.
        package static let available: [Kind] = [.mlp, .cnn, .resnet, .text]
    }

    package var kind: Kind {
        switch self {
        case .mlp: .mlp
        case .cnn: .cnn
        case .resnet: .resnet
        case .text: .text
        }
    }
}

package enum Activation: String, Sendable, Hashable, CaseIterable {
    case relu, gelu, tanh, silu
}

/// Dense layers, one after the other.
package struct MLPSpec: Sendable, Hashable {
    package var hidden: [Int]
    package var activation: Activation
    /// The probability of dropping a unit.
    package var dropout: Double
    package var batchNorm: Bool

    package init(
        hidden: [Int] = [128, 64], activation: Activation = .relu, dropout: Double = 0, batchNorm: Bool = false
    ) {
        self.hidden = hidden
        self.activation = activation
        self.dropout = dropout
        self.batchNorm = batchNorm
    }
}

/// Convolution blocks, then dense layers.
package struct CNNSpec: Sendable, Hashable {
    package struct Block: Sendable, Hashable {
        package enum Pool: String, Sendable, Hashable, CaseIterable {
            case max, average, none
        }

        package var filters: Int
        package var kernel: Int
        package var stride: Int
        package var padding: Int
        package var pool: Pool
        package var poolSize: Int
        package var activation: Activation
        package var batchNorm: Bool
        package var dropout: Double

        package init(
            filters: Int, kernel: Int = 3, stride: Int = 1, padding: Int = 0, pool: Pool = .max, poolSize: Int = 2,
            activation: Activation = .relu, batchNorm: Bool = false, dropout: Double = 0
        ) {
            self.filters = filters
            self.kernel = kernel
            self.stride = stride
            self.padding = padding
            self.pool = pool
            self.poolSize = poolSize
            self.activation = activation
            self.batchNorm = batchNorm
            self.dropout = dropout
        }
    }

    package var blocks: [Block]
    package var dense: [Int]

    /// Height and width from which on the standard blocks leave something to pool.
    package static let standardSideMin = 20

    /// LeNet as multi-task papers use it on Multi-MNIST.
    package init(blocks: [Block] = [Block(filters: 10, kernel: 9), Block(filters: 20, kernel: 5)], dense: [Int] = [50])
    {
        self.blocks = blocks
        self.dense = dense
    }
}

/// A residual network with the 3×3 stem for small images (He et al. 2016, section 4.2; depths of Table 1).
package struct ResNetSpec: Sendable, Hashable {
    package enum Augmentation: String, Sendable, Hashable, CaseIterable {
        case randomCrop = "random_crop"
        case horizontalFlip = "horizontal_flip"
    }

    package var depth: Int
    /// Filters of the first stage; each later stage doubles them.
    package var width: Int
    package var augmentation: [Augmentation]

    package static let depths = [18, 34]

    package init(depth: Int = 18, width: Int = 64, augmentation: [Augmentation] = []) {
        self.depth = depth
        self.width = width
        self.augmentation = augmentation
    }
}

/// Token embeddings, pooled by their mean or by convolutions (Kim 2014).
package struct TextSpec: Sendable, Hashable {
    package enum Variant: String, Sendable, Hashable, CaseIterable {
        case mean, conv
    }

    package enum Tokens: String, Sendable, Hashable, CaseIterable {
        case words, characters
    }

    /// Lengths of the n-grams that are tokens.
    package struct NGrams: Sendable, Hashable {
        package var min: Int
        package var max: Int

        /// The longest n-gram of words.
        static let wordsMax = 3

        package init(min: Int = 1, max: Int = 1) {
            self.min = min
            self.max = max
        }
    }

    /// The text column; nil for the only input column.
    package var column: String?
    package var variant: Variant
    package var tokens: Tokens
    package var lowercase: Bool
    package var ngrams: NGrams
    package var embedding: Int
    package var vocabularyMax: Int
    package var countMin: Int
    package var tokensMax: Int
    /// Widths of the convolutions of variant `conv`.
    package var kernels: [Int]
    /// Filters per width.
    package var filters: Int
    package var dense: [Int]
    package var dropout: Double

    package init(
        column: String? = nil, variant: Variant = .mean, tokens: Tokens = .words, lowercase: Bool? = nil,
        ngrams: NGrams = NGrams(), embedding: Int = 128, vocabularyMax: Int = 20_000, countMin: Int = 1,
        tokensMax: Int = 64, kernels: [Int] = [3, 4, 5], filters: Int = 100, dense: [Int] = [], dropout: Double = 0
    ) {
        self.column = column
        self.variant = variant
        self.tokens = tokens
        self.lowercase = lowercase ?? (tokens == .words)
        self.ngrams = ngrams
        self.embedding = embedding
        self.vocabularyMax = vocabularyMax
        self.countMin = countMin
        self.tokensMax = tokensMax
        self.kernels = kernels
        self.filters = filters
        self.dense = dense
        self.dropout = dropout
    }
}
