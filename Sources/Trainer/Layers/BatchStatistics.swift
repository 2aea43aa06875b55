import Kernels

/// What a batch norm saw in its last training pass, until it becomes part of the running statistics.
///
/// It stays here until `commit`, so an interrupted step or a second forward leaves the running statistics alone.
final class BatchStatistics<Number: Real> {
    let runningMean: Int
    let runningVariance: Int
    let mean: AlignedBuffer<Number>
    let inverseDeviation: AlignedBuffer<Number>
    /// Values of a channel that the statistics were taken over; 0 when there is nothing to commit.
    var count = 0

    private let channels: Int

    init(_ layer: NetworkPlan.PlacedLayer, channels: Int) throws {
        self.channels = channels
        runningMean = layer.statistics[0]
        runningVariance = layer.statistics[1]
        mean = try AlignedBuffer(count: channels)
        inverseDeviation = try AlignedBuffer(count: channels)
    }

    func commit(to statistics: UnsafeMutablePointer<Number>) {
        guard count > 1 else { return }
        let unbiased = Double(count) / Double(count - 1)
        for c in 0..<channels {
            let deviation = 1 / Double(inverseDeviation[c])
            let variance = (deviation * deviation - BatchNormLayer<Number>.epsilon) * unbiased
            let old = (mean: Double(statistics[runningMean + c]), variance: Double(statistics[runningVariance + c]))
            let momentum = BatchNormLayer<Number>.momentum
            statistics[runningMean + c] = Number(old.mean + momentum * (Double(mean[c]) - old.mean))
            statistics[runningVariance + c] = Number(old.variance + momentum * (variance - old.variance))
        }
        count = 0
    }
}
