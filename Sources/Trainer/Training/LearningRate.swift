import Glibc
package import Jobs

/// The learning rate of every step: a linear warm-up, then the schedule over what is left.
///
/// Step, exponential and cosine move once an epoch, as PyTorch's schedulers do when stepped at each epoch's end; one-cycle
/// (Smith & Topin 2018, with PyTorch's constants) and the warm-up move with every batch.
package struct LearningRate: Sendable, Hashable {
    private let base: Double
    private let schedule: ScheduleSpec
    private let epochs: Int

    /// The peak is this many times the first rate, and that one this many times the last.
    static let cycleStartDivisor = 25.0
    static let cycleEndDivisor = 1e4
    /// The part of the steps in which the rate rises.
    static let cycleRise = 0.3

    package init(base: Double, schedule: ScheduleSpec, epochs: Int) {
        self.base = base
        self.schedule = schedule
        self.epochs = epochs
    }

    /// - Parameters:
    ///   - epoch: epochs finished before.
    ///   - step: steps made in this one before, of `stepsPerEpoch`.
    package func rate(epoch: Int, step: Int, stepsPerEpoch: Int) -> Double {
        let warmup = schedule.warmupEpochs
        guard epoch >= warmup else {
            let done = Double(epoch) * Double(max(stepsPerEpoch, 1)) + Double(step) + 1
            return base * done / (Double(warmup) * Double(max(stepsPerEpoch, 1)))
        }
        let index = epoch - warmup
        let length = max(epochs - warmup, 1)
        switch schedule.kind {
        case .constant: return base
        case .step: return base * pow(schedule.gamma, Double(index / max(schedule.stepEpochs, 1)))
        case .exponential: return base * pow(schedule.gamma, Double(index))
        case .cosine: return base * (1 + cos(.pi * Double(index) / Double(length))) / 2
        case .oneCycle:
            return cycle(
                Double(index) * Double(max(stepsPerEpoch, 1)) + Double(step),
                of: Double(length) * Double(max(stepsPerEpoch, 1)))
        }
    }

    private func cycle(_ step: Double, of steps: Double) -> Double {
        let peak = schedule.learningRateMax ?? base
        let first = peak / Self.cycleStartDivisor
        let turn = Self.cycleRise * steps - 1
        let end = steps - 1
        if step <= turn { return Self.anneal(from: first, to: peak, turn > 0 ? step / turn : 1) }
        return Self.anneal(
            from: peak, to: first / Self.cycleEndDivisor, end > turn ? (step - turn) / (end - turn) : 1)
    }

    /// Half a cosine.
    private static func anneal(from start: Double, to end: Double, _ part: Double) -> Double {
        end + (start - end) / 2 * (1 + cos(.pi * part))
    }
}
