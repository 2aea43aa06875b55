import Datasets

extension LayerPlan {
    /// What training changes, in order.
    func parameters(input: SignalShape, layer: String) throws(PlanError) -> [ParameterPlan] {
        switch self {
        case .dense(let outputs, let bias, _):
            let inputs = try input.count()
            return try Self.weights(layer, [outputs, inputs], fanIn: inputs, bias: bias)
        case .convolution(let filters, let kernel, _, _, let bias, _):
            let channels = try input.image(for: layer).channels
            let fanIn = try product(channels, kernel, kernel)
            return try Self.weights(layer, [filters, channels, kernel, kernel], fanIn: fanIn, bias: bias)
        case .batchNorm:
            return [
                try ParameterPlan(
                    name: "\(layer).weight", shape: [input.channels], initialization: .constant(1)),
                try ParameterPlan(name: "\(layer).bias", shape: [input.channels], initialization: .constant(0)),
            ]
        case .embedding(let width), .embeddingMean(let width):
            return [
                try ParameterPlan(
                    name: "\(layer).weight", shape: [try input.tokens(for: layer).ids, width],
                    initialization: .normal(deviation: Self.embeddingDeviation))
            ]
        case .columnEmbedding:
            var parameters: [ParameterPlan] = []
            for (index, embedding) in try input.columns(for: layer).embeddings.enumerated() {
                parameters.append(
                    try ParameterPlan(
                        name: "\(layer).\(index).weight", shape: [embedding.cardinality, embedding.width],
                        initialization: .normal(deviation: Self.embeddingDeviation)))
            }
            return parameters
        case .tokenConvolution(let kernels, let filters):
            guard case .sequence(_, let width) = input else {
                throw .impossible(layer: layer, detail: "it needs a text's vectors")
            }
            var parameters: [ParameterPlan] = []
            for (index, kernel) in kernels.enumerated() {
                parameters += try Self.weights(
                    "\(layer).\(index)", [filters, kernel, width], fanIn: try product(kernel, width), bias: true)
            }
            return parameters
        case .residual(let main, let shortcut):
            return try Self.parameters(main, input, "\(layer).main")
                + Self.parameters(shortcut, input, "\(layer).shortcut")
        case .activation, .dropout, .augmentation, .pool, .globalMean:
            return []
        }
    }

    /// Small, so that words which training hardly meets hardly speak.
    static let embeddingDeviation = 0.1

    private static func weights(
        _ layer: String, _ shape: [Int], fanIn: Int, bias: Bool
    ) throws(PlanError) -> [ParameterPlan] {
        let weight = try ParameterPlan(name: "\(layer).weight", shape: shape, initialization: .uniform(fanIn: fanIn))
        guard bias else { return [weight] }
        return [
            weight, try ParameterPlan(name: "\(layer).bias", shape: [shape[0]], initialization: .uniform(fanIn: fanIn)),
        ]
    }

    private static func parameters(
        _ layers: [LayerPlan], _ input: SignalShape, _ name: String
    ) throws(PlanError) -> [ParameterPlan] {
        var shape = input
        var parameters: [ParameterPlan] = []
        for (index, plan) in layers.enumerated() {
            parameters += try plan.parameters(input: shape, layer: "\(name).\(index)")
            shape = try plan.output(of: shape, layer: "\(name).\(index)")
        }
        return parameters
    }

    /// What training observes and evaluation reads, in order.
    func statistics(input: SignalShape, layer: String) throws(PlanError) -> [ParameterPlan] {
        switch self {
        case .batchNorm:
            return [
                try ParameterPlan(
                    name: "\(layer).running_mean", shape: [input.channels], initialization: .constant(0)),
                try ParameterPlan(
                    name: "\(layer).running_var", shape: [input.channels], initialization: .constant(1)),
            ]
        case .residual(let main, let shortcut):
            return try Self.statistics(main, input, "\(layer).main")
                + Self.statistics(shortcut, input, "\(layer).shortcut")
        default: return []
        }
    }

    private static func statistics(
        _ layers: [LayerPlan], _ input: SignalShape, _ name: String
    ) throws(PlanError) -> [ParameterPlan] {
        var shape = input
        var statistics: [ParameterPlan] = []
        for (index, plan) in layers.enumerated() {
            statistics += try plan.statistics(input: shape, layer: "\(name).\(index)")
            shape = try plan.output(of: shape, layer: "\(name).\(index)")
        }
        return statistics
    }
}
