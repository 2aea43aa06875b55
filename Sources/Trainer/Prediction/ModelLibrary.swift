package import Datasets
package import Jobs
import Locks

/// What can be done with stored models: ask them, and write them in formats that others read.
///
/// Models are named by the digest of their file. Safe to call from any number of threads, each of which it may block for
/// as long as a forward pass over the rows takes.
package struct ModelLibrary: Sendable {
    /// Numbers in one answer; as JSON each takes some hundred bytes.
    package static let answerNumbersMax = 1_000_000

    private let cache: LoadingCache<String, LoadedModel>
    private let limits: DatasetLimits

    /// - Parameter cacheBytesMax: bytes that models may take which are kept between two questions.
    package init(cacheBytesMax: Int, limits: DatasetLimits = .standard) {
        cache = LoadingCache(bytesMax: cacheBytesMax) { $0.bytes }
        self.limits = limits
    }

    /// Answers rows, in their order: an array of objects with a member per task, as
    /// `TargetPreprocessing.prediction(_:)` describes them.
    ///
    /// - Parameters:
    ///   - model: the digest of the model's file.
    ///   - load: reads the file where it is not at hand.
    ///   - rows: an array of objects with a member per input column, or of nested arrays for images.
    ///   - pointer: where the rows stand in the request.
    /// - Throws: `InvalidSpec` with every bad row and its pointer; `ArchiveError` where the file is no intact model; what
    ///   `load` throws.
    package func predict(
        _ model: String, load: () throws -> [UInt8], rows: JSONValue, pointer: String = "/rows",
        within allowance: Allowance = .unbounded
    ) throws -> JSONValue {
        let model = try loaded(model, load)
        let count = rows.elements?.count ?? 0
        try checkAnswer(of: model, rows: count, pointer: pointer)
        try claim(rows: count, copies: 1, of: model, allowance)
        return try answer(
            model,
            try accepting { () throws(DatasetError) in
                try model.file.preprocessing.encode(
                    rows: rows, pointer: pointer, limits: limits, isWanted: allowance.isWanted)
            }, allowance)
    }

    /// Answers the rows of a file, of which only the input columns are read.
    package func predict(
        _ model: String, load: () throws -> [UInt8], file: DatasetSource, within allowance: Allowance = .unbounded
    ) throws -> JSONValue {
        let model = try loaded(model, load)
        try checkAnswer(of: model, rows: file.schema.rows, pointer: "")
        try claim(rows: file.schema.rows, copies: 1 + Self.tableCopies, of: model, allowance)
        return try answer(
            model,
            try accepting { () throws(DatasetError) in
                try model.file.preprocessing.encode(file, limits: limits, isWanted: allowance.isWanted)
            }, allowance)
    }

    /// A column as it is read takes up to twice what it takes encoded.
    private static let tableCopies = 2
    /// What a number of an answer takes, as a value and as text.
    private static let answerNumberBytes = 100

    /// - Parameter copies: how many times the encoded rows are in memory.
    private func claim(rows: Int, copies: Int, of model: LoadedModel, _ allowance: Allowance) throws {
        let preprocessing = model.file.preprocessing
        let outputs = preprocessing.targets.reduce(0) { $0 + $1.outputs }
        // Both are bounded: what is more is refused where it is encoded.
        let encoded = min(preprocessing.encodedBytes(rows: rows), limits.predictionBytesMax)
        try allowance.claim(encoded * copies + rows * outputs * Self.answerNumberBytes)
    }

    /// The ids that a text model makes of each row, as its ONNX graph reads them: an array of arrays, padded with 0.
    ///
    /// - Throws: `InvalidSpec` for a model of other inputs and for bad rows.
    package func tokens(
        _ model: String, load: () throws -> [UInt8], rows: JSONValue, pointer: String = "/rows",
        within allowance: Allowance = .unbounded
    ) throws -> JSONValue {
        let model = try loaded(model, load)
        guard case .text(let text) = model.file.preprocessing.inputs else {
            throw InvalidSpec(problems: [Problem(detail: "this model reads no texts, so there are no tokens")])
        }
        let (count, length) = (rows.elements?.count ?? 0, text.options.tokensMax)
        try checkAnswer(numbers: count.multipliedReportingOverflow(by: length), perRow: length, pointer: pointer)
        try allowance.claim(count * length * Self.answerNumberBytes)
        let inputs = try accepting { () throws(DatasetError) in
            try model.file.preprocessing.encode(
                rows: rows, pointer: pointer, limits: limits, isWanted: allowance.isWanted)
        }
        guard case .tokens(let matrix) = inputs else { return .array([]) }
        return .array(
            (0..<matrix.rows).map { row in
                JSONValue(matrix.ids[(row * length)..<((row + 1) * length)].map { Int($0) })
            })
    }

    /// Whether a job could start from a model, as far as its spec and its data set's schema tell.
    ///
    /// - Throws: `InvalidSpec` where it could not.
    package func checkInitialModel(
        _ model: String, load: () throws -> [UInt8], of spec: TrainingSpec, schema: DatasetSchema
    ) throws {
        let model = try loaded(model, load)
        try accepting { () throws(DatasetError) in
            try WarmStart(model.file).check(spec, schema: schema)
        }
    }

    private func loaded(_ digest: String, _ load: () throws -> [UInt8]) throws -> LoadedModel {
        try cache.value(for: digest) { try LoadedModel(try load()) }
    }

    private func answer(
        _ model: LoadedModel, _ inputs: EncodedInputs, _ allowance: Allowance
    ) throws -> JSONValue {
        let scores: [[Double]]
        do {
            scores = try model.scores(inputs, isWanted: allowance.isWanted)
        } catch is PassInterrupted {
            throw DatasetError("nobody waits for the predictions any more", kind: .interrupted)
        }
        let targets = model.file.preprocessing.targets
        return .array(
            (0..<inputs.rows).map { row in
                .object(
                    targets.indices.map { task in
                        let outputs = targets[task].outputs
                        let numbers = scores[task][(row * outputs)..<((row + 1) * outputs)]
                        return JSONValue.Member(targets[task].task, targets[task].prediction(numbers))
                    })
            })
    }

    private func checkAnswer(of model: LoadedModel, rows: Int, pointer: String) throws(InvalidSpec) {
        let outputs = max(model.file.preprocessing.targets.reduce(0) { $0 + $1.outputs }, 1)
        try checkAnswer(numbers: rows.multipliedReportingOverflow(by: outputs), perRow: outputs, pointer: pointer)
    }

    private func checkAnswer(
        numbers: (partialValue: Int, overflow: Bool), perRow: Int, pointer: String
    ) throws(InvalidSpec) {
        guard !numbers.overflow, numbers.partialValue <= Self.answerNumbersMax else {
            let detail = "too many rows; this model answers at most \(Self.answerNumbersMax / perRow) at once"
            throw InvalidSpec(problems: [Problem(pointer: pointer, detail: detail)])
        }
    }

    /// Rows that do not fit a model are the client's to mend, with the words of whoever found out.
    private func accepting<Result>(_ body: () throws(DatasetError) -> Result) throws -> Result {
        do {
            return try body()
        } catch {
            guard error.isAboutContent else { throw error }
            throw InvalidSpec(problems: error.problems)
        }
    }
}

extension ModelLibrary {
    /// The model as a safetensors file; the same bytes for the same model.
    ///
    /// - Throws: `ExportError` where it does not fit the format, `ArchiveError` where the bytes are no intact model.
    package func safetensors(_ bytes: [UInt8], isWanted: () -> Bool = { true }) throws -> [UInt8] {
        try SafetensorsFile(try ModelFile(bytes, isWanted: isWanted)).encoded(isWanted: isWanted)
    }

    /// The model as an ONNX file; the same bytes for the same model.
    ///
    /// - Throws: `ExportError` where it cannot be said in ONNX, `ArchiveError` where the bytes are no intact model.
    package func onnx(_ bytes: [UInt8], isWanted: () -> Bool = { true }) throws -> [UInt8] {
        let model = try ModelFile(bytes, isWanted: isWanted)
        guard isWanted() else { throw ArchiveError.interrupted }
        return try ONNXFile.encoded(model)
    }
}
