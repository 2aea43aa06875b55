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

    /// What a series says.
    enum Value: Sendable {
        case number(Double)
        case histogram(Histogram)
    }

    /// A family of one kind; `name` without `_total`, which samples of counters get.
    mutating func family(_ name: String, _ kind: Kind, _ help: String, _ samples: [(labels: Labels, value: Value)]) {
        guard !samples.isEmpty else { return }
        let sampleName = kind == .counter ? name + "_total" : name
        header(format == .openMetrics ? name : sampleName, kind, help)
        for (labels, value) in samples {
            switch value {
            case .number(let number): line(sampleName, labels, number)
            case .histogram(let histogram): lines(name, labels, histogram)
            }
        }
    }

    private mutating func lines(_ name: String, _ labels: Labels, _ histogram: Histogram) {
        var sum = 0
        for (bound, count) in zip(histogram.bounds, histogram.counts) {
            sum += count
            line(name + "_bucket", labels + [("le", bucketBound(bound))], Double(sum))
        }
        line(name + "_bucket", labels + [("le", "+Inf")], Double(histogram.count))
        line(name + "_sum", labels, histogram.sum)
        line(name + "_count", labels, Double(histogram.count))
    }

    /// OpenMetrics wants bounds to be written as floats.
    private func bucketBound(_ bound: Double) -> String {
        format == .openMetrics ? "\(bound)" : Self.text(bound)
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
