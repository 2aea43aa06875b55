import Locks
package import Metrics

/// Keeps what is counted through swift-metrics until it is scraped: the backend behind `MetricsSystem`.
///
/// A family is all series of one name, and of one kind. What would be another kind under a name that is taken, and what
/// comes beyond `seriesMax`, is counted nowhere: a library must not be able to fill the memory.
package final class MetricsRegistry: MetricsFactory {
    struct Key: Hashable {
        var name: String
        /// Names and values, in the order of their names.
        var labels: [String]
    }

    private struct State {
        var series: [Key: any MetricSeries] = [:]
        var kinds: [String: Exposition.Kind] = [:]
    }

    private static let seriesMax = 20_000

    private let state = Lock(State())

    package init() {}

    // MARK: - MetricsFactory

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        series(label.droppingSuffix("_total"), dimensions) { CounterSeries() } ?? NOOPMetricsHandler.instance
    }

    package func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        series(label.droppingSuffix("_total"), dimensions) { CounterSeries() } ?? NOOPMetricsHandler.instance
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        series(label, dimensions) { GaugeSeries() } ?? NOOPMetricsHandler.instance
    }

    package func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        guard aggregate else { return series(label, dimensions) { GaugeSeries() } ?? NOOPMetricsHandler.instance }
        return series(label, dimensions) { HistogramSeries(bounds: Histogram.powersOfTen) }
            ?? NOOPMetricsHandler.instance
    }

    /// Times are told in seconds, and their names say so.
    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        let name = label.hasSuffix("_seconds") ? label : label + "_seconds"
        return series(name, dimensions) { HistogramSeries(bounds: Histogram.seconds) } ?? NOOPMetricsHandler.instance
    }

    package func destroyCounter(_ handler: any CounterHandler) { forget(handler) }
    package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { forget(handler) }
    package func destroyMeter(_ handler: any MeterHandler) { forget(handler) }
    package func destroyRecorder(_ handler: any RecorderHandler) { forget(handler) }
    package func destroyTimer(_ handler: any TimerHandler) { forget(handler) }

    // MARK: - Series

    /// The series of that name and those labels, made when there is none.
    private func series<Series: MetricSeries>(
        _ label: String, _ dimensions: [(String, String)], _ make: () -> Series
    ) -> Series? {
        let name = label.asMetricName
        let labels = dimensions.sorted { $0.0 < $1.0 }.flatMap { [$0.0.asMetricName, $0.1] }
        let key = Key(name: name, labels: labels)
        return state.withLock { state in
            if let known = state.series[key] { return known as? Series }
            guard state.kinds[name] ?? Series.kind == Series.kind, state.series.count < Self.seriesMax else {
                return nil
            }
            let new = make()
            state.kinds[name] = Series.kind
            state.series[key] = new
            return new
        }
    }

    private func forget(_ handler: AnyObject) {
        state.withLock { state in
            for (key, series) in state.series where series === handler { state.series[key] = nil }
        }
    }

    /// Writes every family, by name.
    func write(to exposition: inout Exposition) {
        let (all, kinds) = state.withLock { ($0.series, $0.kinds) }
        for (name, series) in Dictionary(grouping: all, by: \.key.name).sorted(by: { $0.key < $1.key }) {
            guard let kind = kinds[name] else { continue }
            let samples = series.sorted { $0.key.labels.lexicographicallyPrecedes($1.key.labels) }.map { key, series in
                (labels: key.pairs, value: series.value)
            }
            exposition.family(name, kind, MetricHelp.text(of: name), samples)
        }
    }
}

extension MetricsRegistry.Key {
    fileprivate var pairs: Exposition.Labels {
        stride(from: 0, to: labels.count - 1, by: 2).map { (labels[$0], labels[$0 + 1]) }
    }
}

extension String {
    /// With nothing but letters, digits and underscores, which every scraper takes.
    fileprivate var asMetricName: String {
        let name = String(map { $0.isASCII && ($0.isLetter || $0.isNumber) || $0 == "_" ? $0 : "_" })
        return name.first?.isNumber ?? true ? "_" + name : name
    }

    fileprivate func droppingSuffix(_ suffix: String) -> String {
        hasSuffix(suffix) ? String(dropLast(suffix.count)) : self
    }
}
