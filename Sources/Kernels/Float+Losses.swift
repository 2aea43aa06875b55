import CKernels

extension Float {
    package static func biasActivate(
        _ activation: ActivationFunction, rows: Int, columns: Int, bias: Input?, _ z: Output, _ y: Output
    ) {
        loops.bias_activate(activation.loop, rows, columns, bias, z, y)
    }

    package static func activationGradient(
        _ activation: ActivationFunction, count: Int, z: Input, y: Input, dy: Input, dz: Output
    ) {
        loops.activation_gradient(activation.loop, count, z, y, dy, dz)
    }

    package static func softmaxCrossEntropy(
        rows: Int, classes: Int, logits: Input, labels: UnsafePointer<Int32>, classWeights: Input?, smoothing: Float,
        dLogits: Output
    ) -> LossSum {
        LossSum(loops.softmax_cross_entropy(rows, classes, logits, labels, classWeights, smoothing, dLogits))
    }

    package static func binaryCrossEntropy(
        rows: Int, outputs: Int, logits: Input, targets: Input, positiveWeights: Input?, dLogits: Output
    ) -> LossSum {
        LossSum(loops.binary_cross_entropy(rows, outputs, logits, targets, positiveWeights, dLogits))
    }

    package static func distance(
        _ distance: Distance, count: Int, values: Input, targets: Input, dValues: Output
    ) -> LossSum {
        let (kind, delta): (ck_distance, Float) =
            switch distance {
            case .squared: (ck_mse, 0)
            case .absolute: (ck_mae, 0)
            case .huber(let delta): (ck_huber, Float(delta))
            }
        return LossSum(loops.distance(kind, count, values, targets, delta, dValues))
    }

    package static func softmax(rows: Int, classes: Int, logits: Input, probabilities: Output) {
        loops.softmax(rows, classes, logits, probabilities)
    }

    package static func sigmoid(count: Int, logits: Input, probabilities: Output) {
        loops.sigmoid(count, logits, probabilities)
    }
}

extension LossSum {
    fileprivate init(_ loss: ck_loss) {
        self.init(sum: loss.sum, normaliser: loss.normaliser)
    }
}

extension ActivationFunction {
    var loop: ck_activation {
        switch self {
        case .identity: ck_identity
        case .relu: ck_relu
        case .gelu: ck_gelu
        case .tanh: ck_tanh
        case .silu: ck_silu
        }
    }
}
