import Datasets
import Jobs
import Kernels

/// A model as an ONNX graph, from raw inputs to labels, probabilities and values in their own unit.
///
/// - Inputs: one per column of a table, `[batch, 1]` (an array column `[batch, count]`): float with NaN for a missing
///   value, or string with "" for one. Images raw as they were trained on, `[batch, height, width]` or with the channels
///   last. Texts as `ids`, int64 `[batch, length]`, 0 behind the last token; the vocabulary and the rules that make ids
///   of a text stand in the metadata, as the member `preprocessing`.
/// - Outputs: `<task>`, and `<task>_probabilities` `[batch, classes]` unless it is a regression. `<task>` is the label
///   (string `[batch]`), the marks of a multilabel task (int64 `[batch, labels]`), or the values (float
///   `[batch, outputs]`).
///
/// Source: the ONNX operator specification (operator set 17, and set 3 of ai.onnx.ml).
struct ONNXFile {
    static let operators: Int64 = 17
    static let tableDomain = "ai.onnx.ml"
    static let tableOperators: Int64 = 3
    /// Protocol buffers end at 2 GiB; some room is left for everything but the weights.
    static let weightBytesMax = 2_000_000_000

    let model: ModelFile
    var builder: ONNXGraphBuilder
    /// Where a text has tokens, `[batch, 1, length]`; empty for other inputs.
    private(set) var tokenMask = ""

    init(_ model: ModelFile) {
        self.model = model
        builder = ONNXGraphBuilder(
            name: "model", outputs: model.preprocessing.targets.flatMap { Self.outputs(of: $0) })
    }

    private static func outputs(of target: TargetPreprocessing) -> [String] {
        if case .regression = target.kind { return [target.task] }
        return [target.task, probabilities(target)]
    }

    private static func probabilities(_ target: TargetPreprocessing) -> String { "\(target.task)_probabilities" }

    /// The whole file; the same bytes for the same model.
    ///
    /// - Throws: `ExportError` where the model cannot be said in ONNX.
    static func encoded(_ model: ModelFile) throws -> [UInt8] {
        var file = ONNXFile(model)
        return try file.encode()
    }

    private mutating func encode() throws -> [UInt8] {
        guard model.plan.parameters.parameterCount <= Self.weightBytesMax / 4 else {
            throw ExportError("the weights are too large for an ONNX file")
        }
        let outputs = model.preprocessing.targets.flatMap { Self.outputs(of: $0) }
        guard Set(outputs).count == outputs.count else {
            throw ExportError("two tasks would have an output of the same name")
        }
        var signal = try builder.encode(model.preprocessing.inputs)
        let convolvesTokens = model.plan.trunk.layers.contains { layer in
            if case .tokenConvolution = layer.plan { true } else { false }
        }
        if convolvesTokens { tokenMask = builder.mask(of: signal) }
        signal = try append(model.plan.trunk.layers, to: signal)
        for (head, target) in zip(model.plan.heads, model.preprocessing.targets) {
            finish(target, try append(head.layers, to: signal))
        }
        let text = { (json: JSONValue) in String(decoding: json.encoded, as: UTF8.self) }
        return try builder.encoded(
            operators: Self.operators,
            metadata: [
                ("format", "tenbin"), ("format_version", SafetensorsFile.formatVersion),
                ("weights_sha256", model.weightsSHA256), ("spec", text(model.spec.json)),
                ("preprocessing", text(model.preprocessing.json)),
            ])
    }

    // MARK: - Outputs

    private mutating func finish(_ target: TargetPreprocessing, _ signal: String) {
        switch target.kind {
        case .classes(let classes):
            let probabilities = builder.node(
                "Softmax", [signal], [.init("axis", -1)], output: Self.probabilities(target))
            label(target, probabilities, classes)
        case .binary(let negative, let positive):
            let positives = builder.node("Sigmoid", [signal])
            let one = builder.constant("one", floats: [1], shape: [1])
            let negatives = builder.node("Sub", [one, positives])
            let probabilities = builder.node(
                "Concat", [negatives, positives], [.init("axis", 1)], output: Self.probabilities(target))
            label(target, probabilities, [negative, positive])
        case .multilabel(let labels):
            let probabilities = builder.node("Sigmoid", [signal], output: Self.probabilities(target))
            let half = builder.constant("half", floats: [0.5], shape: [1])
            let marks = builder.node("GreaterOrEqual", [probabilities, half])
            _ = builder.node(
                "Cast", [marks], [.init("to", ONNXGraphBuilder.ElementType.int64.rawValue)], output: target.task)
            builder.output(target.task, .int64, [.batch, .fixed(labels.count)])
            builder.output(probabilities, .float, [.batch, .fixed(labels.count)])
        case .regression(let outputs, let means, let deviations):
            // As `Evaluator` does it: the product in double precision.
            let wide = builder.cast(signal, to: .double)
            let scale = builder.constant("deviations", doubles: deviations, shape: [1, outputs.count])
            let offset = builder.constant("means", doubles: means, shape: [1, outputs.count])
            let values = builder.node("Add", [builder.node("Mul", [wide, scale]), offset])
            _ = builder.node(
                "Cast", [values], [.init("to", ONNXGraphBuilder.ElementType.float.rawValue)], output: target.task)
            builder.output(target.task, .float, [.batch, .fixed(outputs.count)])
        }
    }

    /// The name of the most probable class, the first of several.
    private mutating func label(_ target: TargetPreprocessing, _ probabilities: String, _ classes: [String]) {
        let best = builder.node("ArgMax", [probabilities], [.init("axis", 1), .init("keepdims", 0)])
        _ = builder.node(
            "LabelEncoder", [best],
            [
                .init("keys_int64s", integers: classes.indices.map(Int64.init)),
                .init("values_strings", texts: classes), .init("default_string", text: ""),
            ], domain: Self.tableDomain, output: target.task)
        builder.output(target.task, .string, [.batch])
        builder.output(probabilities, .float, [.batch, .fixed(classes.count)])
    }
}
