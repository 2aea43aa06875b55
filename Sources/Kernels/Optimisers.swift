import Glibc

/// One step of Adam (Kingma & Ba 2015) or AdamW (Loshchilov & Hutter 2019), as PyTorch computes it: Adam adds its weight
/// decay to the gradient, AdamW shrinks the parameter.
package struct AdamStep: Sendable, Equatable {
    package var learningRate: Double
    package var beta1: Double
    package var beta2: Double
    package var epsilon: Double
    package var weightDecay: Double
    package var decoupled: Bool
    /// Counts from 1.
    package var step: Int
    /// Factor on every gradient, from clipping.
    package var gradientScale: Double

    package init(
        learningRate: Double, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
        weightDecay: Double = 0, decoupled: Bool = false, step: Int, gradientScale: Double = 1
    ) {
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
        self.decoupled = decoupled
        self.step = step
        self.gradientScale = gradientScale
    }

    /// Learning rate / (1 − β₁ᵗ).
    package var stepSize: Double { learningRate / (1 - pow(beta1, Double(step))) }
    /// √(1 − β₂ᵗ).
    package var varianceCorrection: Double { (1 - pow(beta2, Double(step))).squareRoot() }
    package var shrink: Double { decoupled ? 1 - learningRate * weightDecay : 1 }
    package var penalty: Double { decoupled ? 0 : weightDecay }
}

/// One step of gradient descent with momentum, as PyTorch computes it: the first buffer is the gradient itself.
package struct DescentStep: Sendable, Equatable {
    package var learningRate: Double
    package var momentum: Double
    package var nesterov: Bool
    package var weightDecay: Double
    package var isFirst: Bool
    package var gradientScale: Double

    package init(
        learningRate: Double, momentum: Double = 0, nesterov: Bool = false, weightDecay: Double = 0, isFirst: Bool,
        gradientScale: Double = 1
    ) {
        self.learningRate = learningRate
        self.momentum = momentum
        self.nesterov = nesterov
        self.weightDecay = weightDecay
        self.isFirst = isFirst
        self.gradientScale = gradientScale
    }
}
