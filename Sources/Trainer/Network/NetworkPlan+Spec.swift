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
        let trunk = try Self.trunk(model.encoder, input: input)
        // Hidden layers of heads take the activation of an mlp and else the usual one.
        let activation: ActivationFunction =
            if case .mlp(let encoder) = model.encoder { ActivationFunction(encoder.activation) } else { .relu }
        let heads = plans.map { plan in
            Head(
                task: plan.task,
                layers: (plan.hidden ?? model.headHidden).flatMap { Self.dense($0, activation) }
                    + [.dense(outputs: plan.outputs, activation: .identity)])
        }
        try self.init(input: input, trunk: trunk, heads: heads)
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
