package import Kernels

/// One layer as a value: what it computes, not yet where.
package enum LayerPlan: Sendable, Hashable {
    /// y = f(x·Wᵀ + b), W `[outputs, inputs]`; b is left out before a batch norm.
    case dense(outputs: Int, bias: Bool = true, activation: ActivationFunction)
    case activation(ActivationFunction)
    /// Per channel over the batch (and the pixels of images), ε 1e-5, momentum .1.
    case batchNorm
    /// Inverted dropout: kept values grow by 1/(1 − rate).
    case dropout(rate: Double)
}

extension LayerPlan {
    /// The shape that leaves the layer.
    func output(of input: SignalShape, layer: String) throws(PlanError) -> SignalShape {
        switch self {
        case .dense(let outputs, _, _): .features(outputs)
        case .activation, .batchNorm, .dropout: input
        }
    }

    /// What training changes, in order.
    func parameters(input: SignalShape, layer: String) throws(PlanError) -> [ParameterPlan] {
        switch self {
        case .dense(let outputs, let bias, _):
            let inputs = try input.count()
            let weight = try ParameterPlan(
                name: "\(layer).weight", shape: [outputs, inputs], initialization: .uniform(fanIn: inputs))
            guard bias else { return [weight] }
            return [
                weight,
                try ParameterPlan(name: "\(layer).bias", shape: [outputs], initialization: .uniform(fanIn: inputs)),
            ]
        case .batchNorm:
            return [
                try ParameterPlan(
                    name: "\(layer).weight", shape: [input.channels], initialization: .constant(1)),
                try ParameterPlan(name: "\(layer).bias", shape: [input.channels], initialization: .constant(0)),
            ]
        case .activation, .dropout:
            return []
        }
    }

    /// What training observes and evaluation reads, in order.
    func statistics(input: SignalShape, layer: String) throws(PlanError) -> [ParameterPlan] {
        guard case .batchNorm = self else { return [] }
        return [
            try ParameterPlan(
                name: "\(layer).running_mean", shape: [input.channels], initialization: .constant(0)),
            try ParameterPlan(
                name: "\(layer).running_var", shape: [input.channels], initialization: .constant(1)),
        ]
    }

    /// Numbers a row that the layer keeps between forward and backward, its output and the gradients included.
    func activationsPerRow(input: SignalShape, layer: String) throws(PlanError) -> Int {
        let inputs = try input.count()
        let outputs = try output(of: input, layer: layer).count()
        switch self {
        case .dense(_, _, let activation):
            // Output and input gradient; for some activations also what went into them.
            return try sum(inputs, outputs, activation.needsInput ? outputs : 0)
        case .activation, .batchNorm, .dropout:
            return try sum(inputs, outputs)
        }
    }
}
