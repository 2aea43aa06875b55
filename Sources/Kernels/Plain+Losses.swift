extension Plain {
    package static func softmaxCrossEntropy(
        rows: Int, classes: Int, logits: Input, labels: UnsafePointer<Int32>, classWeights: Input?, smoothing: Number,
        dLogits: Output
    ) -> LossSum {
        var loss = LossSum()
        for row in 0..<rows {
            let line = logits + row * classes
            let gradient = dLogits + row * classes
            guard labels[row] >= 0 else {
                for c in 0..<classes { gradient[c] = 0 }
                continue
            }
            let label = Int(labels[row])
            let maximum = (0..<classes).reduce(-Double.infinity) { max($0, Double(line[$1])) }
            let total = (0..<classes).reduce(0.0) { $0 + Double.exp(Double(line[$1]) - maximum) }
            var mass = 0.0
            // The target spreads the smoothing over all classes; every term carries the weight of its class.
            func target(_ c: Int) -> Double {
                let share = Double(smoothing) / Double(classes) + (c == label ? 1 - Double(smoothing) : 0)
                return Double(classWeights?[c] ?? 1) * share
            }
            for c in 0..<classes {
                loss.sum += target(c) * (Double.log(total) + maximum - Double(line[c]))
                mass += target(c)
            }
            for c in 0..<classes {
                gradient[c] = Number(mass * Double.exp(Double(line[c]) - maximum) / total - target(c))
            }
            loss.normaliser += Double(classWeights?[label] ?? 1)
        }
        return loss
    }

    package static func binaryCrossEntropy(
        rows: Int, outputs: Int, logits: Input, targets: Input, positiveWeights: Input?, dLogits: Output
    ) -> LossSum {
        var loss = LossSum()
        for i in 0..<(rows * outputs) {
            guard !targets[i].isNaN else {
                dLogits[i] = 0
                continue
            }
            let x = Double(logits[i])
            let y = Double(targets[i])
            let positive = Double(positiveWeights?[i % outputs] ?? 1)
            let tail = Double.log(1 + Double.exp(-abs(x)))
            loss.sum += positive * y * (tail + max(-x, 0)) + (1 - y) * (tail + max(x, 0))
            loss.normaliser += 1
            let p = 1 / (1 + Double.exp(-x))
            dLogits[i] = Number((1 - y) * p - positive * y * (1 - p))
        }
        return loss
    }

    package static func distance(
        _ distance: Distance, count: Int, values: Input, targets: Input, dValues: Output
    ) -> LossSum {
        var loss = LossSum()
        for i in 0..<count {
            guard !targets[i].isNaN else {
                dValues[i] = 0
                continue
            }
            let difference = Double(values[i]) - Double(targets[i])
            let sign: Double = difference > 0 ? 1 : difference < 0 ? -1 : difference
            switch distance {
            case .squared:
                loss.sum += difference * difference
                dValues[i] = Number(2 * difference)
            case .absolute:
                loss.sum += abs(difference)
                dValues[i] = Number(sign)
            case .huber(let delta):
                let isNear = abs(difference) <= delta
                loss.sum += isNear ? difference * difference / 2 : delta * (abs(difference) - delta / 2)
                dValues[i] = Number(isNear ? difference : delta * sign)
            }
            loss.normaliser += 1
        }
        return loss
    }
}
