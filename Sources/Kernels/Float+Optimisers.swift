import CKernels

extension Float {
    package static func adam(
        _ step: AdamStep, count: Int, gradient: Input, parameter: Output, mean: Output, variance: Output
    ) {
        var constants = ck_adam(
            step_size: Float(step.stepSize), take1: Float(1 - step.beta1), keep2: Float(step.beta2),
            take2: Float(1 - step.beta2), root: Float(1 / step.varianceCorrection), epsilon: Float(step.epsilon),
            penalty: Float(step.penalty), shrink: Float(step.shrink), gradient_scale: Float(step.gradientScale))
        loops.adam(count, &constants, gradient, parameter, mean, variance)
    }

    package static func descend(
        _ step: DescentStep, count: Int, gradient: Input, parameter: Output, momentum: Output
    ) {
        var constants = ck_sgd(
            learning_rate: Float(step.learningRate), momentum: Float(step.momentum),
            weight_decay: Float(step.weightDecay), nesterov: step.nesterov, first: step.isFirst,
            gradient_scale: Float(step.gradientScale))
        loops.sgd(count, &constants, gradient, parameter, momentum)
    }
}
