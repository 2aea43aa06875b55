package import Datasets
package import Jobs

/// What the API needs of the trainer, as functions: the room itself knows nothing of tensors.
package struct TrainerFunctions: Sendable {
    /// Bytes that training a spec will take, planned without allocating; `Int.max` for more than can be counted.
    package var memoryBytes: @Sendable (_ spec: TrainingSpec, _ schema: (Identifier) -> DatasetSchema?) throws -> Int
    /// One prediction per row, as an array: `[{"digit":{"label":…,"probabilities":{…}},"price":{"value":…}}]`.
    ///
    /// Throws `InvalidSpec` with pointers from `/rows` for rows that do not fit the model.
    package var predict: @Sendable (_ model: ModelSource, _ rows: PredictionRows) throws -> JSONValue
    /// The ids that a text model makes of each row, padded with 0; 1 stands for a token it does not know.
    package var tokens: @Sendable (_ model: ModelSource, _ rows: JSONValue) throws -> JSONValue
    /// Reads the labels that a job would train on, and throws `InvalidSpec` for those that it could not use.
    package var checkTargets: @Sendable (_ spec: TrainingSpec, _ sources: [Identifier: DatasetSource]) throws -> Void
    /// Throws `InvalidSpec` where a job could not start from its initial model, as far as the schema tells.
    package var checkInitialModel:
        @Sendable (_ spec: TrainingSpec, _ model: ModelSource, _ schema: DatasetSchema) throws -> Void
    /// The model in a format that others read; the same bytes for the same model.
    package var export: @Sendable (_ model: ModelSource, _ format: ModelFormat) throws -> [UInt8]

    package init(
        memoryBytes: @escaping @Sendable (_ spec: TrainingSpec, _ schema: (Identifier) -> DatasetSchema?) throws -> Int,
        predict: @escaping @Sendable (_ model: ModelSource, _ rows: PredictionRows) throws -> JSONValue = { _, _ in
            throw FormatUnavailable()
        },
        tokens: @escaping @Sendable (_ model: ModelSource, _ rows: JSONValue) throws -> JSONValue = { _, _ in
            throw FormatUnavailable()
        },
        checkTargets:
            @escaping @Sendable (_ spec: TrainingSpec, _ sources: [Identifier: DatasetSource]) throws -> Void = {
                _, _ in
            },
        checkInitialModel:
            @escaping @Sendable (_ spec: TrainingSpec, _ model: ModelSource, _ schema: DatasetSchema) throws -> Void = {
                _, _, _ in
            },
        export: @escaping @Sendable (_ model: ModelSource, _ format: ModelFormat) throws -> [UInt8] = { _, _ in
            throw FormatUnavailable()
        }
    ) {
        self.memoryBytes = memoryBytes
        self.predict = predict
        self.tokens = tokens
        self.checkTargets = checkTargets
        self.checkInitialModel = checkInitialModel
        self.export = export
    }
}

/// The rows that a model is asked about.
package enum PredictionRows: Sendable {
    /// An array: objects with one member per column, texts, or nested arrays for images.
    case document(JSONValue)
    /// A stored file with the input columns.
    case file(DatasetSource)
}

/// A model's file: what it is, and the way to its bytes, for whoever does not hold it in memory already.
package struct ModelSource: Sendable {
    /// Of the file, lower-case hexadecimal.
    package var sha256: String
    package var load: @Sendable () throws -> [UInt8]
    /// Limits that a request puts on the work with a model.
    package var allowance: Allowance

    package init(
        sha256: String, allowance: Allowance = .unbounded, load: @escaping @Sendable () throws -> [UInt8]
    ) {
        self.sha256 = sha256
        self.allowance = allowance
        self.load = load
    }
}

/// The formats in which a model leaves the house.
package enum ModelFormat: String, Sendable, CaseIterable {
    case safetensors, onnx
}

/// This build cannot write a model in that format, or this model cannot be said in it.
package struct FormatUnavailable: Error {
    package var detail: String

    package init(_ detail: String = "this build cannot do that") {
        self.detail = detail
    }
}
