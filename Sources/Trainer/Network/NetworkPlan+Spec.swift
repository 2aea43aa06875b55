package import Jobs
import Kernels

extension NetworkPlan {
    /// What the network needs to know of a task.
    package struct HeadPlan: Sendable, Hashable {
        package var task: String
        package var outputs: Int
        /// Overrides the model's.
        package var hidden: [Int]?

        package init(task: String, outputs: Int, hidden: [Int]? = nil) {
            self.task = task
            self.outputs = outputs
            self.hidden = hidden
        }
    }

    /// The network that a spec asks for.
    ///
    /// - Parameters:
    ///   - input: what one row looks like after encoding.
    ///   - heads: one a task, in the spec's order.
    package init(_ model: ModelSpec, input: SignalShape, heads plans: [HeadPlan]) throws(PlanError) {
        let trunk: [LayerPlan]
        let activation: ActivationFunction
        switch model.encoder {
        case .mlp(let encoder):
            activation = ActivationFunction(encoder.activation)
            trunk = encoder.hidden.flatMap { width in
                Self.dense(width, activation, batchNorm: encoder.batchNorm, dropout: encoder.dropout)
            }
        case .cnn, .resnet, .text:
            throw .impossible(layer: "trunk", detail: "encoder \(model.encoder.kind.rawValue) is not trained here")
        }
        let heads = plans.map { plan in
            Head(
                task: plan.task,
                layers: (plan.hidden ?? model.headHidden).flatMap { Self.dense($0, activation) }
                    + [.dense(outputs: plan.outputs, activation: .identity)])
        }
        try self.init(input: input, trunk: trunk, heads: heads)
    }

    private static func dense(
        _ width: Int, _ activation: ActivationFunction, batchNorm: Bool = false, dropout: Double = 0
    ) -> [LayerPlan] {
        let layers: [LayerPlan] =
            batchNorm
            ? [.dense(outputs: width, bias: false, activation: .identity), .batchNorm, .activation(activation)]
            : [.dense(outputs: width, activation: activation)]
        return dropout > 0 ? layers + [.dropout(rate: dropout)] : layers
    }
}

extension ActivationFunction {
    init(_ activation: Activation) {
        switch activation {
        case .relu: self = .relu
        case .gelu: self = .gelu
        case .tanh: self = .tanh
        case .silu: self = .silu
        }
    }
}
