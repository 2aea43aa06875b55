import Locks
import Metrics

/// One line of figures, or one histogram, under a name and labels.
protocol MetricSeries: AnyObject, Sendable {
    static var kind: Exposition.Kind { get }
    var value: Exposition.Value { get }
}

/// What only grows.
final class CounterSeries: MetricSeries, CounterHandler, FloatingPointCounterHandler {
    static let kind = Exposition.Kind.counter
    private let sum = Lock(0.0)

    var value: Exposition.Value { .number(sum.withLock { $0 }) }

    func increment(by amount: Int64) { increment(by: Double(amount)) }

    func increment(by amount: Double) {
        guard amount > 0 else { return }
        sum.withLock { $0 += amount }
    }

    func reset() { sum.withLock { $0 = 0 } }
}

/// What goes up and down.
final class GaugeSeries: MetricSeries, MeterHandler, RecorderHandler {
    static let kind = Exposition.Kind.gauge
    private let last = Lock(0.0)

    var value: Exposition.Value { .number(last.withLock { $0 }) }

    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { last.withLock { $0 = value } }
    func increment(by amount: Double) { last.withLock { $0 += amount } }
    func decrement(by amount: Double) { last.withLock { $0 -= amount } }
    func record(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }
}

/// How often something was how large.
final class HistogramSeries: MetricSeries, TimerHandler, RecorderHandler {
    static let kind = Exposition.Kind.histogram
    private let histogram: Lock<Histogram>

    init(bounds: [Double]) {
        histogram = Lock(Histogram(bounds: bounds))
    }

    var value: Exposition.Value { .histogram(histogram.withLock { $0 }) }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
    func record(_ value: Int64) { record(Double(value)) }
    func record(_ value: Double) { histogram.withLock { $0.add(value) } }
}

/// How many values fell below each of some bounds.
struct Histogram: Sendable {
    /// From half a millisecond to an hour: requests, commits, and waiting in the queue.
    static let seconds = [
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 600, 3_600,
    ]
    static let powersOfTen = (0...9).map { (0..<$0).reduce(1.0) { power, _ in power * 10 } }

    /// Upper ends of the buckets; above the last there is one more.
    let bounds: [Double]
    /// Of each bucket alone.
    private(set) var counts: [Int]
    private(set) var count = 0
    private(set) var sum = 0.0

    init(bounds: [Double]) {
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.count)
    }

    mutating func add(_ value: Double) {
        count += 1
        sum += value
        if let bucket = bounds.firstIndex(where: { value <= $0 }) { counts[bucket] += 1 }
    }
}
