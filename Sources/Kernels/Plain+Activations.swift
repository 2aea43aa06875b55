extension Plain {
    package static func biasActivate(
        _ activation: ActivationFunction, rows: Int, columns: Int, bias: Input?, _ z: Output, _ y: Output
    ) {
        for row in 0..<rows {
            for column in 0..<columns {
                let index = row * columns + column
                let sum = z[index] + (bias?[column] ?? 0)
                if activation.needsInput { z[index] = sum }
                y[index] = value(activation, sum)
            }
        }
    }

    package static func activationGradient(
        _ activation: ActivationFunction, count: Int, z: Input, y: Input, dy: Input, dz: Output
    ) {
        for i in 0..<count { dz[i] = dy[i] * slope(activation, z: z[i], y: y[i]) }
    }

    static func value(_ activation: ActivationFunction, _ x: Number) -> Number {
        switch activation {
        case .identity: x
        case .relu: x < 0 ? 0 : x
        // Exact: x·Φ(x), not the tanh approximation.
        case .gelu: x / 2 * (1 + Number.erf(x / Number(2).squareRoot()))
        case .tanh: Number.tanh(x)
        case .silu: x * sigmoid(x)
        }
    }

    static func slope(_ activation: ActivationFunction, z: Number, y: Number) -> Number {
        switch activation {
        case .identity: 1
        case .relu: y > 0 ? 1 : 0
        case .gelu:
            (1 + Number.erf(z / Number(2).squareRoot())) / 2
                + z * Number.exp(-z * z / 2) / (2 * Number.pi).squareRoot()
        case .tanh: 1 - y * y
        case .silu: sigmoid(z) * (1 + z * (1 - sigmoid(z)))
        }
    }

    static func sigmoid(_ x: Number) -> Number {
        1 / (1 + Number.exp(-x))
    }

    package static func sigmoid(count: Int, logits: Input, probabilities: Output) {
        for i in 0..<count { probabilities[i] = sigmoid(logits[i]) }
    }

    package static func softmax(rows: Int, classes: Int, logits: Input, probabilities: Output) {
        for row in 0..<rows {
            let line = logits + row * classes
            let maximum = (0..<classes).reduce(-Number.infinity) { max($0, line[$1]) }
            let total = (0..<classes).reduce(Number(0)) { $0 + Number.exp(line[$1] - maximum) }
            for c in 0..<classes { probabilities[row * classes + c] = Number.exp(line[c] - maximum) / total }
        }
    }
}
