import Foundation
import Jobs
import Kernels
import SwiftProtobuf
import Testing

@testable import Datasets
@testable import Trainer

/// ONNX files, parsed back. `Tests/Exports/check_exports.py` runs them with onnxruntime.
struct ONNXTests {
    private static let preprocessing = Preprocessing(
        inputs: .columns([
            .init(name: "age", treatment: .numeric(mean: 40, deviation: 12.5, indicator: true)),
            .init(name: "hours", treatment: .numeric(mean: 38, deviation: 10, indicator: false)),
            .init(name: "job", treatment: .oneHot(categories: ["clerk", "cook"], missing: true)),
            .init(name: "marks", treatment: .vector(means: [1, 2], deviations: [3, 4])),
            .init(name: "town", treatment: .embedded(categories: ["Bern", "Chur"], missing: true, width: 3)),
        ]),
        targets: [
            .init(task: "sign", columns: ["sign"], kind: .binary(negative: "no", positive: "yes")),
            .init(task: "largest", columns: ["largest"], kind: .classes(["a", "b", "c", "d"])),
            .init(
                task: "smooth", columns: ["smooth", "rough"],
                kind: .regression(outputs: ["smooth", "rough"], means: [5, 6], deviations: [2, 3])),
            .init(task: "tags", columns: ["red", "round"], kind: .multilabel(outputs: ["red", "round"])),
        ])

    private static func makeModel(
        activation: Activation = .relu, preprocessing: Preprocessing = preprocessing
    ) throws -> ModelFile {
        let kinds: [TaskSpec.Kind] = [.binary, .classification, .regression, .multilabel]
        let tasks = zip(preprocessing.targets, kinds).map { target, kind in
            TaskSpec(name: target.task, targets: target.columns, kind: kind)
        }
        var spec = TrainingSpec(dataset: .none(.dataset), tasks: tasks, weighting: .standard)
        spec.model = ModelSpec(
            encoder: .mlp(MLPSpec(hidden: [6, 5], activation: activation, dropout: 0.5, batchNorm: true)),
            headHidden: [3])
        let plans = zip(tasks, preprocessing.targets).map { TaskPlan($0, $1) }
        let plan = try NetworkPlan(
            spec.model, input: try SignalShape(preprocessing.inputs), heads: plans.map(\.headPlan))
        let network = try Network<Float>(plan, rowsMax: 1)
        network.initialize(seed: 9)
        return ModelFile(spec: spec, preprocessing: preprocessing, tasks: plans, network: network, epoch: 1)
    }

    private static func makeGraph(activation: Activation = .relu) throws -> Onnx_GraphProto {
        try Onnx_ModelProto(serializedBytes: try ONNXFile.encoded(try makeModel(activation: activation))).graph
    }

    /// Name, element type and axes (0 for the batch) of what a graph reads or gives.
    private func signature(_ value: Onnx_ValueInfoProto) -> String {
        let axes = value.type.tensorType.shape.dim.map { $0.dimParam.isEmpty ? String($0.dimValue) : $0.dimParam }
        let type = Onnx_TensorProto.DataType(rawValue: Int(value.type.tensorType.elemType))
        return "\(value.name): \(type.map { "\($0)" } ?? "?") [\(axes.joined(separator: ", "))]"
    }

    @Test func inputsAreRawColumnsAndOutputsBelongToTasks() throws {
        let graph = try Self.makeGraph()
        #expect(
            graph.input.map(signature) == [
                "age: float [batch, 1]", "hours: float [batch, 1]", "job: string [batch, 1]", "marks: float [batch, 2]",
                "town: string [batch, 1]",
            ])
        #expect(
            graph.output.map(signature).sorted() == [
                "largest: string [batch]", "largest_probabilities: float [batch, 4]", "sign: string [batch]",
                "sign_probabilities: float [batch, 2]", "smooth: float [batch, 2]", "tags: int64 [batch, 2]",
                "tags_probabilities: float [batch, 2]",
            ])
    }

    @Test(arguments: Activation.allCases)
    func everyNodeReadsWhatStandsBeforeItAndEveryNameIsGivenOnce(activation: Activation) throws {
        let graph = try Self.makeGraph(activation: activation)
        var known = Set(graph.input.map(\.name) + graph.initializer.map(\.name))
        #expect(known.count == graph.input.count + graph.initializer.count)
        for node in graph.node {
            #expect(node.input.allSatisfy(known.contains), "\(node.name)")
            for output in node.output { #expect(known.insert(output).inserted, "\(output)") }
        }
        #expect(graph.output.map(\.name).allSatisfy(known.contains))
    }

    @Test func constantsHoldTheParametersByNameAndShape() throws {
        let model = try Self.makeModel()
        let graph = try Self.makeGraph()
        let sizes: [Int32: Int] = [1: 4, 7: 8, 11: 8]
        for tensor in graph.initializer {
            let count = tensor.dims.reduce(1, *)
            #expect(tensor.rawData.count == Int(count) * (try #require(sizes[tensor.dataType])), "\(tensor.name)")
        }
        let values = zip(
            model.plan.parameters.entries + model.plan.statistics.entries, model.parameters + model.statistics)
        for (entry, values) in values {
            let tensor = try #require(graph.initializer.first { $0.name == entry.plan.name })
            #expect(tensor.dims == entry.plan.shape.map(Int64.init))
            #expect(tensor.rawData == values.withUnsafeBytes { Data($0) })
        }
    }

    @Test func categoriesAreEncodedInsideTheGraph() throws {
        let encoder = try #require(try Self.makeGraph().node.first { $0.input == ["job"] })
        #expect(encoder.opType == "LabelEncoder")
        #expect(encoder.domain == "ai.onnx.ml")
        let attribute = { (name: String) in try #require(encoder.attribute.first { $0.name == name }) }
        // The empty text is the missing value; any other text falls to 0, which no feature answers to.
        #expect(
            try attribute("keys_strings").strings.map { String(decoding: $0, as: UTF8.self) } == ["clerk", "cook", ""])
        #expect(try attribute("values_int64s").ints == [1, 2, 3])
        #expect(try attribute("default_int64").i == 0)
    }

    @Test func theOperatorSetsAndTheMetadataAreNamed() throws {
        let bytes = try ONNXFile.encoded(try Self.makeModel())
        let model = try Onnx_ModelProto(serializedBytes: bytes)
        #expect(model.irVersion == 8)
        #expect(model.opsetImport.map { "\($0.domain) \($0.version)" } == [" 17", "ai.onnx.ml 3"])
        let entry = try #require(model.metadataProps.first { $0.key == "preprocessing" })
        #expect(try Preprocessing(json: try JSONValue(parsing: Array(entry.value.utf8))) == Self.preprocessing)
        #expect(try ONNXFile.encoded(try Self.makeModel()) == bytes)
    }

    @Test func namesThatWouldMeetAreRefused() throws {
        var clash = Self.preprocessing
        clash.targets[0].task = "age"
        #expect(throws: ExportError.self) { try ONNXFile.encoded(try Self.makeModel(preprocessing: clash)) }
        clash = Self.preprocessing
        clash.targets[2].task = "sign_probabilities"
        #expect(throws: ExportError.self) { try ONNXFile.encoded(try Self.makeModel(preprocessing: clash)) }
    }

    /// A model of images or texts with one task, drawn at random.
    private static func makeGraph(_ encoder: EncoderSpec, _ inputs: InputPreprocessing) throws -> Onnx_GraphProto {
        let target = TargetPreprocessing(task: "kind", columns: ["kind"], kind: .classes(["a", "b"]))
        let task = TaskSpec(name: "kind", targets: ["kind"], kind: .classification)
        var spec = TrainingSpec(dataset: .none(.dataset), tasks: [task], weighting: .standard)
        spec.model = ModelSpec(encoder: encoder, headHidden: [])
        let plan = try NetworkPlan(
            spec.model, input: try SignalShape(inputs), heads: [TaskPlan(task, target).headPlan])
        let network = try Network<Float>(plan, rowsMax: 1)
        network.initialize(seed: 9)
        let model = ModelFile(
            spec: spec, preprocessing: Preprocessing(inputs: inputs, targets: [target]),
            tasks: [TaskPlan(task, target)], network: network, epoch: 1)
        return try Onnx_ModelProto(serializedBytes: try ONNXFile.encoded(model)).graph
    }

    private static let grey: InputPreprocessing = {
        guard let shape = ImageShape([16, 18]) else { preconditionFailure("an image of 16 × 18 has a shape") }
        return .images(
            ImagePreprocessing(
                column: "x", shape: shape, storage: .bytes, scale: 1 / 255, means: [0.5], deviations: [0.25]))
    }()
    private static let text = InputPreprocessing.text(
        TextPreprocessing(
            column: "text", options: TextOptions(TextSpec(tokensMax: 4)), vocabulary: ["the", "cat", "sat"]))

    @Test(
        arguments: [
            (.mlp(MLPSpec(hidden: [4])), grey, "x: uint8 [batch, 16, 18]", ["Unsqueeze", "Flatten", "Gemm"]),
            (
                .cnn(CNNSpec(blocks: [.init(filters: 2, pool: .average)], dense: [3])), grey,
                "x: uint8 [batch, 16, 18]", ["Conv", "AveragePool", "Flatten", "Gemm"]
            ),
            (
                .resnet(ResNetSpec(depth: 18, width: 2, augmentation: [.horizontalFlip])), grey,
                "x: uint8 [batch, 16, 18]", ["Conv", "BatchNormalization", "Add", "GlobalAveragePool"]
            ),
            (
                .text(TextSpec(variant: .mean, embedding: 3, tokensMax: 4)), text, "ids: int64 [batch, 4]",
                ["Gather", "ReduceSum", "Div"]
            ),
            (
                .text(TextSpec(variant: .conv, embedding: 3, tokensMax: 4, filters: 2)), text, "ids: int64 [batch, 4]",
                ["Gather", "Conv", "Pad", "Slice", "ReduceMax"]
            ),
        ] as [(EncoderSpec, InputPreprocessing, String, [String])])
    func everyEncoderBecomesAGraph(
        encoder: EncoderSpec, inputs: InputPreprocessing, input: String, operators: [String]
    ) throws {
        let graph = try Self.makeGraph(encoder, inputs)
        #expect(graph.input.map(signature) == [input])
        #expect(Set(operators).isSubset(of: graph.node.map(\.opType)))
        var known = Set(graph.input.map(\.name) + graph.initializer.map(\.name))
        for node in graph.node {
            #expect(node.input.allSatisfy(known.contains), "\(node.name)")
            for output in node.output { #expect(known.insert(output).inserted, "\(output)") }
        }
        #expect(Set(graph.output.map(\.name)) == ["kind", "kind_probabilities"])
    }
}
