import Kernels

/// The network's layers as nodes. Images are `[batch, channels, height, width]`, tokens `[batch, length]`, vectors of
/// tokens `[batch, length, width]`.
extension ONNXFile {
    mutating func append(_ layers: [NetworkPlan.PlacedLayer], to input: String) throws -> String {
        var signal = input
        for layer in layers { signal = try append(layer, to: signal) }
        return signal
    }

    private mutating func append(_ layer: NetworkPlan.PlacedLayer, to input: String) throws -> String {
        switch layer.plan {
        case .dense(_, let hasBias, let activation):
            let features = flattened(input, layer.input)
            let weights = [constant(layer.parameters[0])] + (hasBias ? [constant(layer.parameters[1])] : [])
            return builder.activate(builder.node("Gemm", [features] + weights, [.init("transB", 1)]), activation)
        case .activation(let activation):
            return builder.activate(input, activation)
        case .batchNorm:
            let constants = layer.parameters.map { constant($0) } + layer.statistics.map { constant(statistic: $0) }
            return builder.node("BatchNormalization", [input] + constants, [.init("epsilon", 1e-5)])
        case .dropout, .augmentation:
            return input
        case .convolution(_, let kernel, let stride, let padding, let hasBias, let activation):
            let weights = [constant(layer.parameters[0])] + (hasBias ? [constant(layer.parameters[1])] : [])
            let sums = builder.node(
                "Conv", [input] + weights,
                [
                    .init("kernel_shape", integers: pair(kernel)), .init("strides", integers: pair(stride)),
                    .init("pads", integers: pair(padding) + pair(padding)),
                ])
            return builder.activate(sums, activation)
        case .pool(let kind, let size):
            return builder.node(
                kind == .largest ? "MaxPool" : "AveragePool", [input],
                [.init("kernel_shape", integers: pair(size)), .init("strides", integers: pair(size))])
        case .globalMean:
            return builder.node("Flatten", [builder.node("GlobalAveragePool", [input])], [.init("axis", 1)])
        case .residual(let main, let shortcut):
            var (parameters, statistics) = (layer.parameters[...], layer.statistics[...])
            let result = try append(try layer.branch(main, "main", &parameters, &statistics), to: input)
            let direct = try append(try layer.branch(shortcut, "shortcut", &parameters, &statistics), to: input)
            return builder.activate(builder.node("Add", [result, direct]), .relu)
        case .columnEmbedding:
            let vectors = zip(layer.parameters, builder.embeddedSlots).map { table, slot in
                builder.node("Gather", [constant(table), slot])
            }
            return builder.node("Concat", (input.isEmpty ? [] : [input]) + vectors, [.init("axis", 1)])
        case .embedding:
            return builder.vectors(of: input, table: constant(layer.parameters[0])).vectors
        case .embeddingMean:
            return builder.meanVector(of: input, table: constant(layer.parameters[0]))
        case .tokenConvolution(let kernels, let filters):
            return tokenConvolution(layer, input, kernels, filters: filters)
        }
    }

    private func pair(_ size: Int) -> [Int64] { [Int64(size), Int64(size)] }

    private mutating func flattened(_ input: String, _ shape: SignalShape) -> String {
        if case .features = shape { return input }
        return builder.node("Flatten", [input], [.init("axis", 1)])
    }

    /// Kim 2014. A window counts where its last token is none of the padding; where none counts the value is 0.
    private mutating func tokenConvolution(
        _ layer: NetworkPlan.PlacedLayer, _ input: String, _ kernels: [Int], filters: Int
    ) -> String {
        guard case .sequence(let length, let width) = layer.input else {
            preconditionFailure("layer \(layer.name) was planned behind something else than a text")
        }
        let signal = builder.node("Transpose", [input], [.init("perm", integers: [0, 2, 1])])
        let parts = kernels.indices.map { index in
            let weight = constant(layer.parameters[2 * index])
            let turned = builder.node("Transpose", [weight], [.init("perm", integers: [0, 2, 1])])
            return tokenWindows(
                signal, turned, bias: constant(layer.parameters[2 * index + 1]), kernel: kernels[index],
                length: length, shape: (filters, width))
        }
        return builder.node("Concat", parts, [.init("axis", 1)])
    }

    /// One width of windows, `[batch, filters]`.
    private mutating func tokenWindows(
        _ signal: String, _ weight: String, bias: String, kernel: Int, length: Int, shape: (filters: Int, width: Int)
    ) -> String {
        // Padding behind a short text makes at least one window, which does not count.
        let missing = max(0, kernel - length)
        let windows = builder.node(
            "Conv", [signal, weight, bias],
            [.init("kernel_shape", integers: [Int64(kernel)]), .init("pads", integers: [0, Int64(missing)])])
        var counted = tokenMask
        if missing > 0 {
            let pads = builder.constant("pads", integers: [0, 0, 0, 0, 0, Int64(missing)], shape: [6])
            counted = builder.node("Pad", [counted, pads])
        }
        let start = builder.constant("start", integers: [Int64(kernel - 1)], shape: [1])
        let end = builder.constant("end", integers: [Int64(length + missing)], shape: [1])
        let axis = builder.constant("axis", integers: [2], shape: [1])
        let mask = builder.node("Slice", [counted, start, end, axis])
        let values = builder.node("Mul", [builder.activate(windows, .relu), mask])
        return builder.node("ReduceMax", [values], [.init("axes", integers: [2]), .init("keepdims", 0)])
    }

    private mutating func constant(_ offset: Int) -> String {
        constant(at: offset, model.plan.parameters, model.parameters)
    }

    private mutating func constant(statistic offset: Int) -> String {
        constant(at: offset, model.plan.statistics, model.statistics)
    }

    private mutating func constant(at offset: Int, _ layout: ParameterLayout, _ values: [[Float]]) -> String {
        guard let index = layout.entries.firstIndex(where: { $0.offset == offset }) else {
            preconditionFailure("a layer's parameter at \(offset) is not in its layout")
        }
        let plan = layout.entries[index].plan
        return builder.constant(plan.name, floats: values[index], shape: plan.shape)
    }
}

extension ONNXGraphBuilder {
    /// 1 where there is a token and 0 where there is padding, `[batch, 1, length]`.
    mutating func mask(of tokens: String) -> String {
        let padding = constant("padding", integers: [0], shape: [1])
        let present = node("Greater", [tokens, padding])
        let axis = constant("axis", integers: [1], shape: [1])
        return node("Unsqueeze", [cast(present, to: .float), axis])
    }

    /// `[batch, length, width]`, 0 where there is padding; and the mask `[batch, length, 1]`.
    mutating func vectors(of tokens: String, table: String) -> (vectors: String, mask: String) {
        let mask = node("Transpose", [mask(of: tokens)], [.init("perm", integers: [0, 2, 1])])
        return (node("Mul", [node("Gather", [table, tokens]), mask]), mask)
    }

    /// `[batch, width]`, 0 for a text without tokens.
    mutating func meanVector(of tokens: String, table: String) -> String {
        let (vectors, mask) = vectors(of: tokens, table: table)
        let axis = constant("axis", integers: [1], shape: [1])
        let sum = node("ReduceSum", [vectors, axis], [.init("keepdims", 0)])
        let count = node("ReduceSum", [mask, axis], [.init("keepdims", 0)])
        return node("Div", [sum, node("Max", [count, constant("one", floats: [1], shape: [1])])])
    }
}
