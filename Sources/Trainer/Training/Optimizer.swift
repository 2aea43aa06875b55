package import Jobs
package import Kernels
package import Locks

/// The optimiser of one run: its moments, laid out like the parameters, and how many steps it has made.
package final class Optimizer<Number: Real> {
    package let spec: OptimizerSpec
    package private(set) var steps = 0
    /// Momentum of `sgd`, first moment of Adam.
    package let first: AlignedBuffer<Number>
    /// Second moment of Adam; empty for `sgd`.
    package let second: AlignedBuffer<Number>
    private let count: Int

    package init(_ spec: OptimizerSpec, parameters count: Int) throws(OutOfMemory) {
        self.spec = spec
        self.count = count
        first = try AlignedBuffer(count: Self.keepsMomentum(spec) ? count : 0)
        second = try AlignedBuffer(count: spec.kind == .sgd ? 0 : count)
    }

    /// Numbers kept for each parameter.
    static func numbersPerParameter(_ spec: OptimizerSpec) -> Int {
        (keepsMomentum(spec) ? 1 : 0) + (spec.kind == .sgd ? 0 : 1)
    }

    private static func keepsMomentum(_ spec: OptimizerSpec) -> Bool {
        spec.kind != .sgd || spec.momentum != 0
    }

    /// One update of all parameters.
    ///
    /// - Parameter gradientScale: factor on the gradient, from clipping.
    package func step(
        parameters: AlignedBuffer<Number>, gradients: AlignedBuffer<Number>, learningRate: Double,
        gradientScale: Double
    ) {
        steps += 1
        switch spec.kind {
        case .sgd:
            Number.descend(
                DescentStep(
                    learningRate: learningRate, momentum: spec.momentum, nesterov: spec.nesterov,
                    weightDecay: spec.weightDecay, isFirst: steps == 1, gradientScale: gradientScale),
                count: count, gradient: gradients.pointer, parameter: parameters.pointer, momentum: first.pointer)
        case .adam, .adamw:
            Number.adam(
                AdamStep(
                    learningRate: learningRate, beta1: spec.betas[0], beta2: spec.betas[1], epsilon: spec.epsilon,
                    weightDecay: spec.weightDecay, decoupled: spec.kind == .adamw, step: steps,
                    gradientScale: gradientScale),
                count: count, gradient: gradients.pointer, parameter: parameters.pointer, mean: first.pointer,
                variance: second.pointer)
        }
    }

    /// Continues from a checkpoint, whose moments have been copied into the buffers.
    func resume(atStep steps: Int) {
        self.steps = steps
    }
}
