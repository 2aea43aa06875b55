import Datasets
import Kernels

/// The preprocessing as nodes: raw columns in, the network's features out.
extension ONNXGraphBuilder {
    /// - Returns: the name of what the first layer reads: features, planes of pixels, or ids of tokens; empty where all
    ///   columns are embedded.
    /// - Throws: `ExportError` where an input has the name of another or of an output, or cannot be written.
    mutating func encode(_ inputs: InputPreprocessing) throws(ExportError) -> String {
        switch inputs {
        case .columns(let columns):
            var features: [String] = []
            for column in columns { features += try encode(column) }
            return features.isEmpty ? "" : node("Concat", features, [.init("axis", 1)])
        case .images(let images):
            return try encode(images)
        case .text(let text):
            try input("ids", .int64, [.batch, .fixed(text.options.tokensMax)])
            return "ids"
        }
    }

    /// One column's features, in the order of the feature matrix.
    private mutating func encode(_ column: ColumnPreprocessing) throws(ExportError) -> [String] {
        switch column.treatment {
        case .numeric(let mean, let deviation, let indicator):
            try input(column.name, .float, [.batch, .fixed(1)])
            let (values, missing) = standardize(column.name, means: [mean], deviations: [deviation])
            return indicator ? [values, cast(missing, to: .float)] : [values]
        case .vector(let means, let deviations):
            try input(column.name, .float, [.batch, .fixed(means.count)])
            return [standardize(column.name, means: means, deviations: deviations).values]
        case .oneHot(let categories, let missing):
            try input(column.name, .string, [.batch, .fixed(1)])
            return [oneHot(column.name, categories, missing: missing)]
        case .embedded(let categories, let missing, _):
            try input(column.name, .string, [.batch, .fixed(1)])
            let slot = slot(column.name, categories, missing: missing)
            let axes = constant("\(column.name).axes", integers: [1], shape: [1])
            embeddedSlots.append(node("Squeeze", [slot, axes]))
            return []
        }
    }

    /// `(raw · scale − mean) / deviation` of each channel, `[batch, channels, height, width]`.
    private mutating func encode(_ images: ImagePreprocessing) throws(ExportError) -> String {
        let (shape, channels) = (images.shape, images.shape.channels)
        let axes: [Axis] = [.batch, .fixed(shape.height), .fixed(shape.width)]
        let type: ElementType = images.storage == .bytes ? .uint8 : .float
        try input(images.column, type, channels == 1 ? axes : axes + [.fixed(channels)])
        let scale = constant("scale", doubles: [images.scale], shape: [1])
        let means = constant("means", doubles: images.means, shape: [channels])
        let deviations = constant("deviations", doubles: images.deviations, shape: [channels])
        let scaled = node("Mul", [cast(images.column, to: .double), scale])
        let standard = cast(node("Div", [node("Sub", [scaled, means]), deviations]), to: .float)
        if channels == 1 {
            return node("Unsqueeze", [standard, constant("axis", integers: [1], shape: [1])])
        }
        return node("Transpose", [standard], [.init("perm", integers: [0, 3, 1, 2])])
    }

    /// `(value − mean) / deviation` in double precision, 0 where the value is NaN; and where it was.
    private mutating func standardize(
        _ name: String, means: [Double], deviations: [Double]
    ) -> (values: String, missing: String) {
        let shape = [1, means.count]
        let mean = constant("\(name).means", doubles: means, shape: shape)
        let deviation = constant("\(name).deviations", doubles: deviations, shape: shape)
        let missing = node("IsNaN", [name])
        let centered = node("Sub", [cast(name, to: .double), mean])
        let scaled = cast(node("Div", [centered, deviation]), to: .float)
        let zero = constant("zero", floats: [0], shape: [1])
        return (node("Where", [missing, zero, scaled]), missing)
    }

    /// A feature per category, all 0 for one that is not known.
    private mutating func oneHot(_ name: String, _ categories: [String], missing: Bool) -> String {
        let features = categories.count + (missing ? 1 : 0)
        let slot = slot(name, categories, missing: missing)
        let slots = constant("\(name).slots", integers: (0..<features).map { Int64($0) + 1 }, shape: [1, features])
        return cast(node("Equal", [slot, slots]), to: .float)
    }

    /// A category's place from 1, 0 for one that is not known, `[batch, 1]`.
    private mutating func slot(_ name: String, _ categories: [String], missing: Bool) -> String {
        var keys = categories
        var values = categories.indices.map { Int64($0) + 1 }
        // The empty text is a missing value unless it is a category of its own.
        if missing, !categories.contains("") {
            keys.append("")
            values.append(Int64(categories.count) + 1)
        }
        return node(
            "LabelEncoder", [name],
            [
                .init("keys_strings", texts: keys), .init("values_int64s", integers: values), .init("default_int64", 0),
            ], domain: ONNXFile.tableDomain)
    }

    mutating func cast(_ name: String, to type: ElementType) -> String {
        node("Cast", [name], [.init("to", type.rawValue)])
    }

    mutating func activate(_ input: String, _ activation: ActivationFunction) -> String {
        switch activation {
        case .identity: return input
        case .relu: return node("Relu", [input])
        case .tanh: return node("Tanh", [input])
        case .silu: return node("Mul", [input, node("Sigmoid", [input])])
        case .gelu:
            // x/2 · (1 + erf(x/√2)); operator set 17 has no Gelu of its own.
            let root = constant("root", floats: [Float(0.5).squareRoot()], shape: [1])
            let (half, one) = (constant("half", floats: [0.5], shape: [1]), constant("one", floats: [1], shape: [1]))
            let erf = node("Erf", [node("Mul", [input, root])])
            return node("Mul", [node("Mul", [input, half]), node("Add", [erf, one])])
        }
    }
}
