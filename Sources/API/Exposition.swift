/// Writes metrics as Prometheus' text format 0.0.4 or as OpenMetrics 1.0.
struct Exposition {
    enum Format {
        case prometheus, openMetrics
    }

    enum Kind: String {
        case counter, gauge, histogram
    }

    typealias Labels = [(name: String, value: String)]

    private let format: Format
    private var text = ""

    init(_ format: Format) {
        self.format = format
    }

    /// The document, ended as its format wants it.
    var bytes: [UInt8] {
        Array((format == .openMetrics ? text + "# EOF\n" : text).utf8)
    }

    /// A family of one kind; `name` without `_total`, which samples of counters get.
    mutating func family(_ name: String, _ kind: Kind, _ help: String, _ samples: [(labels: Labels, value: Double)]) {
        guard !samples.isEmpty else { return }
        let sampleName = kind == .counter ? name + "_total" : name
        header(format == .openMetrics ? name : sampleName, kind, help)
        for sample in samples { line(sampleName, sample.labels, sample.value) }
    }

    /// One sample without labels.
    mutating func value(_ name: String, _ kind: Kind, _ help: String, _ value: Double) {
        family(name, kind, help, [([], value)])
    }

    mutating func histograms(_ name: String, _ help: String, _ samples: [(labels: Labels, histogram: Histogram)]) {
        guard !samples.isEmpty else { return }
        header(name, .histogram, help)
        for (labels, histogram) in samples {
            var sum = 0
            for (bound, count) in zip(Histogram.bounds, histogram.counts) {
                sum += count
                line(name + "_bucket", labels + [("le", Self.text(bound))], Double(sum))
            }
            line(name + "_bucket", labels + [("le", "+Inf")], Double(histogram.count))
            line(name + "_sum", labels, histogram.sum)
            line(name + "_count", labels, Double(histogram.count))
        }
    }

    private mutating func header(_ name: String, _ kind: Kind, _ help: String) {
        text += "# HELP \(name) \(Self.escaped(help, quotes: format == .openMetrics))\n"
        text += "# TYPE \(name) \(kind.rawValue)\n"
    }

    private mutating func line(_ name: String, _ labels: Labels, _ value: Double) {
        text += name
        if !labels.isEmpty {
            let pairs = labels.map { "\($0.name)=\"\(Self.escaped($0.value, quotes: true))\"" }
            text += "{" + pairs.joined(separator: ",") + "}"
        }
        text += " \(Self.text(value))\n"
    }

    private static func text(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        return Int64(exactly: value).map(String.init) ?? "\(value)"
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        let lines = text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
        return quotes ? lines.replacing("\"", with: "\\\"") : lines
    }
}

/// How often something took how long.
struct Histogram: Sendable {
    /// Upper ends of the buckets, in seconds; the last has none.
    static let bounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60]

    /// Of each bucket alone.
    private(set) var counts = Array(repeating: 0, count: bounds.count)
    private(set) var count = 0
    private(set) var sum = 0.0

    mutating func add(_ seconds: Double) {
        count += 1
        sum += seconds
        if let bucket = Self.bounds.firstIndex(where: { seconds <= $0 }) { counts[bucket] += 1 }
    }
}
