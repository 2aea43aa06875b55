/// The inputs of every row, contiguous and row-major, ready to gather minibatches from.
package enum EncodedInputs: Sendable {
    case features(FeatureMatrix)
    case images(ImageTensor)
    case tokens(TokenMatrix)

    package var rows: Int {
        switch self {
        case .features(let matrix): matrix.rows
        case .images(let tensor): tensor.rows
        case .tokens(let matrix): matrix.rows
        }
    }

    /// Bytes of memory.
    package var bytes: Int {
        switch self {
        case .features(let matrix): matrix.values.count * 4 + matrix.indices.count * 4
        case .images(let tensor): tensor.bytes
        case .tokens(let matrix): matrix.ids.count * 4 + matrix.lengths.count * 4
        }
    }
}

package struct FeatureMatrix: Sendable {
    package var rows: Int
    package var features: Int
    /// `[rows, features]`: standardised, imputed, one-hot.
    package var values: [Float]
    /// One per embedded column; empty when there are none.
    package var embeddings: [ColumnEmbedding]
    /// `[rows, embeddings.count]`, each below its column's cardinality; 0 is unknown.
    package var indices: [Int32]

    package init(
        rows: Int, features: Int, values: [Float], embeddings: [ColumnEmbedding] = [], indices: [Int32] = []
    ) {
        self.rows = rows
        self.features = features
        self.values = values
        self.embeddings = embeddings
        self.indices = indices
    }
}

package struct ImageTensor: Sendable {
    /// `[rows, height, width, channels]` as stored, not scaled.
    package enum Pixels: Sendable {
        case bytes([UInt8])
        case floats([Float])
    }

    package var rows: Int
    package var shape: ImageShape
    package var pixels: Pixels
    /// How pixels become what the network reads.
    package var preprocessing: ImagePreprocessing

    package init(rows: Int, shape: ImageShape, pixels: Pixels, preprocessing: ImagePreprocessing) {
        self.rows = rows
        self.shape = shape
        self.pixels = pixels
        self.preprocessing = preprocessing
    }

    var bytes: Int {
        switch pixels {
        case .bytes(let values): values.count
        case .floats(let values): values.count * 4
        }
    }

    /// Writes the given rows as `[count, channels, height, width]`, scaled and standardised. The plain version, for tests
    /// and small batches; `target` holds at least that many values, `rows` are within bounds.
    package func gather(_ selected: some Collection<Int32>, into target: UnsafeMutableBufferPointer<Float>) {
        let area = shape.height * shape.width
        for (position, row) in selected.enumerated() {
            for channel in 0..<shape.channels {
                let factor = Float(preprocessing.scale / preprocessing.deviations[channel])
                let offset = Float(preprocessing.means[channel] / preprocessing.deviations[channel])
                let base = (position * shape.channels + channel) * area
                for pixel in 0..<area {
                    let source = (Int(row) * area + pixel) * shape.channels + channel
                    target[base + pixel] = raw(source) * factor - offset
                }
            }
        }
    }

    private func raw(_ index: Int) -> Float {
        switch pixels {
        case .bytes(let values): Float(values[index])
        case .floats(let values): values[index]
        }
    }
}

package struct TokenMatrix: Sendable {
    package var rows: Int
    package var tokensMax: Int
    /// Different ids: padding 0, unknown 1, then the vocabulary.
    package var idCount: Int
    /// `[rows, tokensMax]`, padded behind the row's tokens.
    package var ids: [Int32]
    /// Tokens of each row, at most `tokensMax`; 0 for an empty text.
    package var lengths: [Int32]

    package init(rows: Int, tokensMax: Int, idCount: Int, ids: [Int32], lengths: [Int32]) {
        self.rows = rows
        self.tokensMax = tokensMax
        self.idCount = idCount
        self.ids = ids
        self.lengths = lengths
    }
}

/// The labels of every row for one task.
package enum EncodedTarget: Sendable {
    /// Classification and binary.
    case classes(ClassTarget)
    /// Multilabel (0 and 1) and regression (standardised).
    case matrix(MatrixTarget)

    /// Bytes of memory.
    package var bytes: Int {
        switch self {
        case .classes(let target): target.ids.count * 4
        case .matrix(let target): (target.values.count + (target.mask?.count ?? 0)) * 4
        }
    }

    /// How many of the rows have a label; of several outputs any one.
    package func labelled(among rows: [Int32]) -> Int {
        switch self {
        case .classes(let target): rows.count { target.ids[Int($0)] >= 0 }
        case .matrix(let target):
            target.mask.map { mask in
                rows.count { row in
                    (0..<target.outputs).contains { mask[Int(row) * target.outputs + $0] != 0 }
                }
            } ?? rows.count
        }
    }
}

package struct ClassTarget: Sendable {
    /// The class of each row, −1 where the label is missing.
    package var ids: [Int32]
    /// Different classes; 2 for binary.
    package var classes: Int

    package init(ids: [Int32], classes: Int) {
        self.ids = ids
        self.classes = classes
    }
}

package struct MatrixTarget: Sendable {
    package var outputs: Int
    /// `[rows, outputs]`, 0 where missing.
    package var values: [Float]
    /// `[rows, outputs]`, 1 where there is a value and 0 where it is missing; nil when nothing is missing.
    package var mask: [Float]?

    package init(outputs: Int, values: [Float], mask: [Float]?) {
        self.outputs = outputs
        self.values = values
        self.mask = mask
    }
}
