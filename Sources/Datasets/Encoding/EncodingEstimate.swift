package import Jobs

/// What an encoding will take, from the schemas alone: upper bounds, for planning memory before anything is read.
///
/// Sums that do not fit are `Int.max`. Nothing is allocated, whatever the sizes are.
package struct EncodingEstimate: Sendable, Hashable {
    package enum Inputs: Sendable, Hashable {
        /// Features per row, and the table of each embedded column.
        case features(Int, embeddings: [ColumnEmbedding])
        case images(ImageShape)
        case tokens(tokensMax: Int, ids: Int)
    }

    package let inputs: Inputs
    /// Per task: classes, 1 for binary, labels or values otherwise.
    package let outputs: [Int]
    /// Rows of all data sets together.
    package let rows: Int
    /// Of the encoded copy.
    package let bytes: Int
    /// While the copy is made: itself and the columns it is made from.
    package let peakBytes: Int

    /// - Parameter holdouts: The schemas of a validation and a test data set, where there are any.
    package init(_ plan: EncodingPlan, holdouts: [DatasetSchema] = []) {
        inputs = Self.inputs(plan)
        outputs = plan.targets.map { target in
            switch target.target.kind {
            case .binary: 1
            case .classification: plan.schema.column(named: target.columns[0].use.name)?.distinct ?? Int(UInt16.max)
            case .multilabel, .regression: target.outputs
            }
        }
        rows = holdouts.reduce(plan.schema.rows) { Self.sum($0, $1.rows) }
        // Four bytes of a row's number, then its labels.
        let targetBytes = plan.targets.reduce(4) { Self.sum($0, Self.targetBytes($1, plan.schema, holdouts)) }
        let inputBytes = Self.inputBytes(inputs, storage: plan.imageStorage)
        bytes = Self.product(rows, Self.sum(inputBytes.encoded, targetBytes))
        let loadedBytes = Self.sum(inputBytes.loaded, Self.product(targetBytes, 2))
        peakBytes = Self.sum(bytes, Self.product(rows, loadedBytes))
    }

    private static func inputs(_ plan: EncodingPlan) -> Inputs {
        switch plan.inputs {
        case .images(_, let shape): return .images(shape)
        case .text(_, let options): return .tokens(tokensMax: options.tokensMax, ids: options.vocabularyMax)
        case .columns(let columns):
            var features = 0
            var embeddings: [ColumnEmbedding] = []
            for column in columns {
                switch column {
                case .numeric(let name):
                    features = sum(features, (plan.schema.column(named: name)?.missing ?? 1) > 0 ? 2 : 1)
                case .vector(_, let count):
                    features = sum(features, count)
                case .oneHot(let name):
                    features = sum(features, plan.categories(of: name))
                case .embedded(let name, let width):
                    embeddings.append(ColumnEmbedding(cardinality: plan.categories(of: name) + 1, width: width))
                }
            }
            return .features(features, embeddings: embeddings)
        }
    }

    /// Bytes of a row's labels for one task: values, and a mask where any may be missing.
    private static func targetBytes(_ plan: TargetPlan, _ schema: DatasetSchema, _ holdouts: [DatasetSchema]) -> Int {
        switch plan.target.kind {
        case .classification, .binary: return 4
        case .multilabel, .regression:
            let mayMiss = plan.columns.contains { column in
                column.missing != nil || column.use.role == .array
                    || ([schema] + holdouts).contains { ($0.column(named: column.use.name)?.missing ?? 1) > 0 }
            }
            return product(plan.outputs, mayMiss ? 8 : 4)
        }
    }

    /// Bytes of a row's inputs, encoded and as loaded.
    private static func inputBytes(_ inputs: Inputs, storage: Int) -> (encoded: Int, loaded: Int) {
        switch inputs {
        case .features(let features, let embeddings):
            let values = sum(features, embeddings.count)
            return (product(values, 4), product(values, 8))
        case .images(let shape):
            let bytes = product(product(product(shape.height, shape.width), shape.channels), storage)
            return (bytes, bytes)
        case .tokens(let tokensMax, _):
            // A loaded text is taken to have eight bytes a token; its vocabulary is bounded on its own.
            return (product(sum(tokensMax, 1), 4), product(tokensMax, 8))
        }
    }

    private static func sum(_ first: Int, _ second: Int) -> Int {
        let (value, overflow) = first.addingReportingOverflow(second)
        return overflow ? .max : value
    }

    private static func product(_ first: Int, _ second: Int) -> Int {
        let (value, overflow) = first.multipliedReportingOverflow(by: second)
        return overflow ? .max : value
    }
}

extension EncodingPlan {
    /// Categories of a column, a missing value among them where it has any.
    fileprivate func categories(of name: String) -> Int {
        let profile = schema.column(named: name)
        return (profile?.distinct ?? ColumnProfile.distinctMax) + ((profile?.missing ?? 1) > 0 ? 1 : 0)
    }

    /// Bytes of a pixel.
    fileprivate var imageStorage: Int {
        guard case .images(let name, _) = inputs else { return 0 }
        return schema.column(named: name)?.storage == "u1" ? 1 : 4
    }
}
