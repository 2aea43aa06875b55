extension Plain {
    package static func adam(
        _ step: AdamStep, count: Int, gradient: Input, parameter: Output, mean: Output, variance: Output
    ) {
        for i in 0..<count {
            let shrunk = parameter[i] * Number(step.shrink)
            let g = gradient[i] * Number(step.gradientScale) + Number(step.penalty) * shrunk
            mean[i] += (g - mean[i]) * Number(1 - step.beta1)
            variance[i] = variance[i] * Number(step.beta2) + g * g * Number(1 - step.beta2)
            let denominator = variance[i].squareRoot() / Number(step.varianceCorrection) + Number(step.epsilon)
            parameter[i] = shrunk - Number(step.stepSize) * mean[i] / denominator
        }
    }

    package static func descend(
        _ step: DescentStep, count: Int, gradient: Input, parameter: Output, momentum: Output
    ) {
        for i in 0..<count {
            var g = gradient[i] * Number(step.gradientScale) + Number(step.weightDecay) * parameter[i]
            if step.momentum != 0 {
                momentum[i] = step.isFirst ? g : Number(step.momentum) * momentum[i] + g
                g = step.nesterov ? g + Number(step.momentum) * momentum[i] : momentum[i]
            }
            parameter[i] -= Number(step.learningRate) * g
        }
    }
}
