/// How raw values become what a network reads and writes, as fitted on the training part. Part of every model file.
package struct Preprocessing: Sendable, Hashable {
    package var inputs: InputPreprocessing
    /// One per task, in the order of the spec.
    package var targets: [TargetPreprocessing]

    package init(inputs: InputPreprocessing, targets: [TargetPreprocessing]) {
        self.inputs = inputs
        self.targets = targets
    }
}

package enum InputPreprocessing: Sendable, Hashable {
    case columns([ColumnPreprocessing])
    case images(ImagePreprocessing)
    case text(TextPreprocessing)
}

/// What becomes of one input column of a table.
package struct ColumnPreprocessing: Sendable, Hashable {
    package enum Treatment: Sendable, Hashable {
        /// `(value − mean) / deviation`, 0 where missing. With `indicator`, a second feature is 1 where missing.
        case numeric(mean: Double, deviation: Double, indicator: Bool)
        /// One feature per category, and one more for a missing value if the training part had any. All are 0 for a
        /// category that the training part did not have.
        case oneHot(categories: [String], missing: Bool)
        /// A vector of `width` trained numbers by index: 0 for a category that the training part did not have, then the
        /// categories from 1, then one more for a missing value if the training part had any.
        case embedded(categories: [String], missing: Bool, width: Int)
        /// An array, each element standardised on its own; 0 where NaN.
        case vector(means: [Double], deviations: [Double])
    }

    package var name: String
    package var treatment: Treatment

    package init(name: String, treatment: Treatment) {
        self.name = name
        self.treatment = treatment
    }

    /// Features the column adds to the matrix.
    package var features: Int {
        switch treatment {
        case .numeric(_, _, let indicator): indicator ? 2 : 1
        case .oneHot(let categories, let missing): categories.count + (missing ? 1 : 0)
        case .embedded: 0
        case .vector(let means, _): means.count
        }
    }

    /// The table that an embedded column looks its vectors up in; nil for the others.
    package var embedding: ColumnEmbedding? {
        guard case .embedded(let categories, let missing, let width) = treatment else { return nil }
        return ColumnEmbedding(cardinality: categories.count + (missing ? 2 : 1), width: width)
    }
}

/// The size of the table of vectors of one embedded column.
package struct ColumnEmbedding: Sendable, Hashable {
    /// Different indices: unknown, the categories, and a missing value where it has one.
    package var cardinality: Int
    /// Numbers of a vector.
    package var width: Int

    package init(cardinality: Int, width: Int) {
        self.cardinality = cardinality
        self.width = width
    }
}

/// `(raw · scale − mean of the channel) / deviation of the channel`.
package struct ImagePreprocessing: Sendable, Hashable {
    package enum Storage: String, Sendable, Hashable {
        case bytes = "u1"
        case floats = "f4"
    }

    package var column: String
    package var shape: ImageShape
    package var storage: Storage
    /// 1/255 for bytes, 1 for floats.
    package var scale: Double
    /// One per channel, of scaled values.
    package var means: [Double]
    package var deviations: [Double]

    package init(
        column: String, shape: ImageShape, storage: Storage, scale: Double, means: [Double], deviations: [Double]
    ) {
        self.column = column
        self.shape = shape
        self.storage = storage
        self.scale = scale
        self.means = means
        self.deviations = deviations
    }
}

/// Token 0 is padding, 1 is unknown, the vocabulary begins at 2.
package struct TextPreprocessing: Sendable, Hashable {
    package var column: String
    package var options: TextOptions
    /// N-grams are their tokens joined as `Tokenizer` joins them.
    package var vocabulary: [String]

    package static let padding: Int32 = 0
    package static let unknown: Int32 = 1
    /// Ids before the vocabulary's first.
    package static let reserved = 2

    package init(column: String, options: TextOptions, vocabulary: [String]) {
        self.column = column
        self.options = options
        self.vocabulary = vocabulary
    }

    /// Different ids.
    package var idCount: Int { vocabulary.count + Self.reserved }
}

/// What the outputs of one task mean.
package struct TargetPreprocessing: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        /// The classes in the order of the outputs.
        case classes([String])
        /// The class of 0 and the class of 1.
        case binary(negative: String, positive: String)
        /// The name of each output.
        case multilabel(outputs: [String])
        /// `value = standardised · deviation + mean`, per output.
        case regression(outputs: [String], means: [Double], deviations: [Double])
    }

    package var task: String
    /// The target columns.
    package var columns: [String]
    package var kind: Kind

    package init(task: String, columns: [String], kind: Kind) {
        self.task = task
        self.columns = columns
        self.kind = kind
    }

    /// Outputs of the task's head: one per class, 1 for binary, one per label or value otherwise.
    package var outputs: Int {
        switch kind {
        case .classes(let classes): classes.count
        case .binary: 1
        case .multilabel(let outputs), .regression(let outputs, _, _): outputs.count
        }
    }

    /// The labels by name; empty for tasks without.
    package var classes: [String] {
        switch kind {
        case .classes(let classes): classes
        case .binary(let negative, let positive): [negative, positive]
        case .multilabel(let outputs): outputs
        case .regression: []
        }
    }
}
