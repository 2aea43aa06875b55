extension Plain {
    package static func elementwiseProduct(_ count: Int, _ x: Input, _ y: Input, _ z: Output) {
        for i in 0..<count { z[i] = x[i] * y[i] }
    }

    package static func dropoutMask(_ stream: RandomStream, count: Int, keep: Double, _ mask: Output) {
        for i in 0..<count {
            let word = stream.block(UInt64(i / 4))[i % 4]
            mask[i] = Double(word) < keep * 0x1p32 ? Number(1 / keep) : 0
        }
    }

    package static func batchNorm(
        rows: Int, channels: Int, _ x: Input, weight: Input, bias: Input, epsilon: Double, mean: Output,
        inverseDeviation: Output, _ y: Output
    ) {
        guard rows > 0 else { return }
        for c in 0..<channels {
            let average = (0..<rows).reduce(0.0) { $0 + Double(x[$1 * channels + c]) } / Double(rows)
            let variance =
                (0..<rows).reduce(0.0) { sum, row in
                    let difference = Double(x[row * channels + c]) - average
                    return sum + difference * difference
                } / Double(rows)
            mean[c] = Number(average)
            inverseDeviation[c] = Number(1 / (variance + epsilon).squareRoot())
            for row in 0..<rows {
                let i = row * channels + c
                y[i] = (x[i] - mean[c]) * inverseDeviation[c] * weight[c] + bias[c]
            }
        }
    }

    package static func normalize(
        rows: Int, channels: Int, _ x: Input, weight: Input, bias: Input, mean: Input, variance: Input,
        epsilon: Double, _ y: Output
    ) {
        for c in 0..<channels {
            let factor = weight[c] * Number(1 / (Double(variance[c]) + epsilon).squareRoot())
            for row in 0..<rows { y[row * channels + c] = (x[row * channels + c] - mean[c]) * factor + bias[c] }
        }
    }

    /// Ioffe & Szegedy 2015, section 3: dx = w·s/m · (m·dy − Σdy − x̂·Σ(dy·x̂)).
    package static func batchNormGradient(
        rows: Int, channels: Int, _ x: Input, weight: Input, mean: Input, inverseDeviation: Input, dy: Input,
        dx: Output, dWeight: Output, dBias: Output
    ) {
        for c in 0..<channels {
            var (sum, product) = (0.0, 0.0)
            for row in 0..<rows {
                let i = row * channels + c
                sum += Double(dy[i])
                product += Double(dy[i]) * Double((x[i] - mean[c]) * inverseDeviation[c])
            }
            dBias[c] = Number(sum)
            dWeight[c] = Number(product)
            guard rows > 0 else { continue }
            for row in 0..<rows {
                let i = row * channels + c
                let normal = (x[i] - mean[c]) * inverseDeviation[c]
                let inner = dy[i] - Number(sum / Double(rows)) - normal * Number(product / Double(rows))
                dx[i] = weight[c] * inverseDeviation[c] * inner
            }
        }
    }
}
