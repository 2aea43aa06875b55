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
    /// While the copy is made: itself, the columns it is made from, and what its vocabulary is counted with.
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
        bytes = Self.product(rows, Self.sum(Self.inputBytes(inputs, storage: plan.imageStorage), targetBytes))
        // The rows of the split are drawn in several steps.
        var peak = Self.sum(bytes, Self.product(rows, Self.splitBytes))
        for (schema, uses) in [(plan.schema, plan.uses)] + holdouts.map({ ($0, plan.holdoutUses) }) {
            for use in uses {
                // Images of a single data set are not copied.
                if case .images(let name, _) = plan.inputs, holdouts.isEmpty, use.name == name, use.role == .array {
                    continue
                }
                peak = Self.sum(peak, Self.product(schema.rows, Self.loadedBytes(use, schema)))
            }
        }
        if case .text(_, let options) = plan.inputs {
            let words = Self.product(Self.vocabularyEntryBytes, options.vocabularyMax)
            peak = Self.sum(peak, Self.sum(Vocabulary.fittingBytesMax, words))
        }
        peakBytes = peak
    }

    private static let splitBytes = 24
    /// A word in the list and in the table that finds it.
    private static let vocabularyEntryBytes = 96

    /// Bytes of a row of a column as it is loaded.
    private static func loadedBytes(_ use: ColumnUse, _ schema: DatasetSchema) -> Int {
        switch use.role {
        case .number: return 8
        case .category: return 4
        // Texts stay in their file.
        case .text: return 0
        case .array:
            let column = schema.column(named: use.name)
            let values = (column?.shape ?? []).reduce(1, product)
            return product(values, column?.storage == "u1" ? 1 : 4)
        }
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

    /// Bytes of a row's inputs as they are encoded.
    private static func inputBytes(_ inputs: Inputs, storage: Int) -> Int {
        switch inputs {
        case .features(let features, let embeddings): product(sum(features, embeddings.count), 4)
        case .images(let shape): product(product(product(shape.height, shape.width), shape.channels), storage)
        case .tokens(let tokensMax, _): product(sum(tokensMax, 1), 4)
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
