import Jobs

/// The samples of a run held against what is promised.
struct SoakVerdict {
    private static let slopeBytesPerHourMax = 1_000_000.0
    private static let growthBytesMax = 8_000_000.0
    private static let (fewJobs, manyJobs) = (2_000, 10_000)
    private static let logBytesMax = 64_000_000
    /// Clients come and go while a sample is taken, so single values differ; what counts is the middle of many.
    private static let descriptorGrowthMax = 2

    let slopeBytesPerHour: Double
    /// Nil when the run was too short to tell.
    let growthBytes: Double?
    let descriptorGrowth: Int
    let descriptorsMax: Int
    let logBytesMax: Int
    let jobs: Int
    let seconds: Double

    init(_ samples: [Sample], warmUpSeconds: Double) {
        let counted = samples.filter { $0.seconds >= warmUpSeconds }
        slopeBytesPerHour =
            Self.theilSen(counted.map { ($0.seconds / 3_600, Double($0.residentBytes)) })
        growthBytes = Self.residentBytes(after: Self.manyJobs, samples)
            .flatMap { many in Self.residentBytes(after: Self.fewJobs, samples).map { many - $0 } }
        let tenth = max(1, counted.count / 10)
        func middle(_ part: some Sequence<Sample>) -> Int {
            Self.median(part.map { Double($0.descriptors) }).map(Int.init) ?? 0
        }
        descriptorGrowth = middle(counted.suffix(tenth)) - middle(counted.prefix(tenth))
        descriptorsMax = counted.map(\.descriptors).max() ?? 0
        logBytesMax = samples.map(\.logBytes).max() ?? 0
        jobs = samples.last?.jobs ?? 0
        seconds = (counted.last?.seconds ?? 0) - (counted.first?.seconds ?? 0)
    }

    /// The middle of the samples around the moment when that many jobs were finished.
    private static func residentBytes(after jobs: Int, _ samples: [Sample]) -> Double? {
        guard let index = samples.firstIndex(where: { $0.jobs >= jobs }) else { return nil }
        return median(samples[max(0, index - 2)..<min(samples.count, index + 3)].map { Double($0.residentBytes) })
    }

    /// The median slope between all pairs of points (Theil 1950, Sen 1968): single outliers do not move it.
    static func theilSen(_ points: [(x: Double, y: Double)]) -> Double {
        var slopes: [Double] = []
        for (index, first) in points.enumerated() {
            for second in points[(index + 1)...] where second.x > first.x {
                slopes.append((second.y - first.y) / (second.x - first.x))
            }
        }
        return median(slopes) ?? 0
    }

    private static func median(_ values: [Double]) -> Double? {
        values.isEmpty ? nil : values.sorted()[values.count / 2]
    }

    private struct Bound {
        var name: String
        var value: Double?
        var limit: Double
        var unit: String

        var holds: Bool { value.map { $0 <= limit } ?? false }
    }

    private var bounds: [Bound] {
        [
            Bound(
                name: "resident memory, slope", value: slopeBytesPerHour, limit: Self.slopeBytesPerHourMax,
                unit: "bytes/h"),
            Bound(
                name: "resident memory after job \(Self.manyJobs), above that after job \(Self.fewJobs)",
                value: growthBytes, limit: Self.growthBytesMax, unit: "bytes"),
            Bound(
                name: "descriptors, growth", value: Double(descriptorGrowth), limit: Double(Self.descriptorGrowthMax),
                unit: ""),
            Bound(
                name: "write-ahead log, largest", value: Double(logBytesMax), limit: Double(Self.logBytesMax),
                unit: "bytes"),
        ]
    }

    var holds: Bool { bounds.allSatisfy(\.holds) }

    var lines: [String] {
        bounds.map { bound in
            let value = bound.value.map { String(Int($0)) } ?? "not reached"
            return "\(bound.name): \(value) \(bound.unit), at most \(Int(bound.limit)): "
                + (bound.holds ? "holds" : "DOES NOT HOLD")
        } + ["\(jobs) jobs, \(Int(seconds)) s counted, at most \(descriptorsMax) descriptors"]
    }

    var json: JSONValue {
        .object([
            .init("holds", .bool(holds)), .init("jobs", JSONValue(jobs)), .init("seconds", JSONValue(seconds)),
            .init("descriptors_max", JSONValue(descriptorsMax)),
            .init(
                "bounds",
                .array(
                    bounds.map { bound in
                        .object([
                            .init("name", .string(bound.name)), .init("value", JSONValue(bound.value)),
                            .init("limit", JSONValue(bound.limit)), .init("unit", .string(bound.unit)),
                            .init("holds", .bool(bound.holds)),
                        ])
                    })),
        ])
    }
}
