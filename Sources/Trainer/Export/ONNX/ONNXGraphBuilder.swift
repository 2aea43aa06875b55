import Foundation
import SwiftProtobuf

/// Builds an ONNX graph node by node and keeps its names apart.
struct ONNXGraphBuilder {
    typealias ElementType = Onnx_TensorProto.DataType

    /// One axis of an input or output.
    enum Axis {
        /// As many as the caller has rows.
        case batch
        case fixed(Int)
    }

    private var graph = Onnx_GraphProto()
    private var names: Set<String> = []
    /// Of every embedded column the row's index, int64 `[batch]`.
    var embeddedSlots: [String] = []

    /// - Parameter outputs: names that are kept for the outputs.
    init(name: String, outputs: [String]) {
        graph.name = name
        names = Set(outputs)
    }

    // MARK: - What the graph reads and gives

    /// - Throws: `ExportError` where an output or another input has that name.
    mutating func input(_ name: String, _ type: ElementType, _ shape: [Axis]) throws(ExportError) {
        guard names.insert(name).inserted else {
            throw ExportError("\"\(name)\" would be the name of an input and of an output or another input")
        }
        graph.input.append(Self.value(name, type, shape))
    }

    /// Declares an output that some node writes.
    mutating func output(_ name: String, _ type: ElementType, _ shape: [Axis]) {
        graph.output.append(Self.value(name, type, shape))
    }

    private static func value(_ name: String, _ type: ElementType, _ shape: [Axis]) -> Onnx_ValueInfoProto {
        var value = Onnx_ValueInfoProto()
        value.name = name
        value.type.tensorType.elemType = Int32(type.rawValue)
        value.type.tensorType.shape.dim = shape.map { axis in
            var dimension = Onnx_TensorShapeProto.Dimension()
            switch axis {
            case .batch: dimension.dimParam = "batch"
            case .fixed(let size): dimension.dimValue = Int64(size)
            }
            return dimension
        }
        return value
    }

    // MARK: - Constants

    mutating func constant(_ name: String, floats: [Float], shape: [Int]) -> String {
        floats.withUnsafeBytes { constant(name, .float, shape: shape, memory: $0) }
    }

    mutating func constant(_ name: String, doubles: [Double], shape: [Int]) -> String {
        doubles.withUnsafeBytes { constant(name, .double, shape: shape, memory: $0) }
    }

    mutating func constant(_ name: String, integers: [Int64], shape: [Int]) -> String {
        integers.withUnsafeBytes { constant(name, .int64, shape: shape, memory: $0) }
    }

    /// Raw data are little-endian, as is every machine this builds for.
    private mutating func constant(
        _ name: String, _ type: ElementType, shape: [Int], memory: UnsafeRawBufferPointer
    ) -> String {
        var tensor = Onnx_TensorProto()
        tensor.name = unique(name)
        tensor.dataType = Int32(type.rawValue)
        tensor.dims = shape.map(Int64.init)
        tensor.rawData = Data(memory)
        graph.initializer.append(tensor)
        return tensor.name
    }

    // MARK: - Nodes

    /// Adds a node with one output and gives the output's name.
    ///
    /// - Parameter output: one of the names kept for the outputs; by default a name made from the operator's.
    mutating func node(
        _ type: String, _ inputs: [String], _ attributes: [Onnx_AttributeProto] = [], domain: String = "",
        output: String? = nil
    ) -> String {
        var node = Onnx_NodeProto()
        node.opType = type
        node.domain = domain
        node.input = inputs
        node.attribute = attributes
        let result = output ?? unique("\(inputs.first ?? "").\(type)")
        node.name = "node \(graph.node.count): \(type)"
        node.output = [result]
        graph.node.append(node)
        return result
    }

    private mutating func unique(_ name: String) -> String {
        var candidate = name
        var count = 1
        while !names.insert(candidate).inserted {
            count += 1
            candidate = "\(name) \(count)"
        }
        return candidate
    }

    // MARK: - The model

    /// The whole file.
    func encoded(operators: Int64, metadata: [(key: String, value: String)]) throws -> [UInt8] {
        var model = Onnx_ModelProto()
        model.irVersion = 8
        model.producerName = "tenbin"
        model.graph = graph
        model.opsetImport = [("", operators), (ONNXFile.tableDomain, ONNXFile.tableOperators)].map { domain, version in
            var set = Onnx_OperatorSetIdProto()
            set.domain = domain
            set.version = version
            return set
        }
        model.metadataProps = metadata.map { key, value in
            var entry = Onnx_StringStringEntryProto()
            entry.key = key
            entry.value = value
            return entry
        }
        return try model.serializedBytes()
    }
}

extension Onnx_AttributeProto {
    init(_ name: String, _ value: Int) {
        self.init()
        self.name = name
        type = .int
        i = Int64(value)
    }

    init(_ name: String, _ value: Double) {
        self.init()
        self.name = name
        type = .float
        f = Float(value)
    }

    init(_ name: String, texts: [String]) {
        self.init()
        self.name = name
        type = .strings
        strings = texts.map { Data($0.utf8) }
    }

    init(_ name: String, integers: [Int64]) {
        self.init()
        self.name = name
        type = .ints
        ints = integers
    }

    init(_ name: String, text: String) {
        self.init()
        self.name = name
        type = .string
        s = Data(text.utf8)
    }
}
