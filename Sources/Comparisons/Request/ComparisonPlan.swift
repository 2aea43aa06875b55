import Jobs
import Weighting

/// A request's members, read but not yet expanded.
struct ComparisonPlan {
    private(set) var name: String?
    private(set) var base: JSONValue = .null
    private(set) var strategies: [JSONValue] = []
    private(set) var seeds: [Int] = []
    private(set) var baselines: [ComparisonRequest.Baseline] = ComparisonRequest.Baseline.allCases
    /// Empty for the base's own alone.
    private(set) var learningRates: [Double] = []
    /// Into how many parts each task's share of the weights is divided; nil for no grid.
    private(set) var gridDivisions: Int?
    /// By task, where the request says it.
    private(set) var minimumEffects: [String: Double] = [:]

    private static let members = [
        "name", "base", "strategies", "seeds", "baselines", "learning_rates", "static_grid", "minimum_effect",
    ]

    init(_ json: JSONValue, _ log: RequestLog) {
        guard let members = json.members else {
            log.report("", "expected an object, got \(json.kindInWords)")
            return
        }
        for member in members where !Self.members.contains(member.name) && !log.isFull {
            let known = Self.members.joined(separator: ", ")
            log.report(pointer("", member.name), "unknown member; known here are \(known)")
        }
        readName(json["name"], log)
        readBase(json["base"], log)
        readStrategies(json["strategies"], log)
        readSeeds(json["seeds"], log)
        readBaselines(json["baselines"], log)
        readLearningRates(json["learning_rates"], log)
        readGrid(json["static_grid"], log)
        readMinimumEffect(json["minimum_effect"], log)
    }

    private mutating func readName(_ value: JSONValue?, _ log: RequestLog) {
        guard let value, value != .null else { return }
        guard let name = value.text.flatMap({ Name($0) }) else {
            let detail = "expected a text of 1 to \(Name.lengthMax) characters without control characters"
            return log.report("/name", detail)
        }
        self.name = name.text
    }

    private static let testMissing = """
        missing; expected {"fraction": 0.2} or {"dataset": "ds_…"}, as figures come from a test part that no choice has seen
        """

    private mutating func readBase(_ value: JSONValue?, _ log: RequestLog) {
        guard let value, value.members != nil else { return log.report("/base", "expected a job's spec, an object") }
        base = value
        guard let test = value["test"], test != .null else {
            return log.report("/base/test", Self.testMissing)
        }
    }

    private mutating func readStrategies(_ value: JSONValue?, _ log: RequestLog) {
        let range = 1...ComparisonRequest.strategiesMax
        guard let elements = value?.elements, range.contains(elements.count) else {
            return log.report("/strategies", "expected an array of 1 to \(range.upperBound) weightings")
        }
        // Two that differ in how they are written only are one.
        var known: [WeightingConfiguration: Int] = [:]
        for (index, element) in elements.enumerated() {
            let place = pointer("/strategies", index)
            do throws(InvalidSpec) {
                let configuration = try WeightingConfiguration(decoding: element, at: place, tasks: [])
                if let first = known[configuration] {
                    log.report(place, "is the weighting of \(pointer("/strategies", first)) again")
                } else {
                    known[configuration] = index
                }
            } catch {
                error.problems.forEach(log.report)
            }
        }
        strategies = elements
    }

    private mutating func readSeeds(_ value: JSONValue?, _ log: RequestLog) {
        let range = 1...ComparisonRequest.seedsMax
        guard let value, value != .null else {
            seeds = Array(1...ComparisonRequest.seedsDefault)
            return
        }
        if let count = value.int, range.contains(count) {
            seeds = Array(1...count)
            return
        }
        guard let elements = value.elements, range.contains(elements.count) else {
            return log.report("/seeds", "expected a count from 1 to \(range.upperBound), or an array of so many seeds")
        }
        for (index, element) in elements.enumerated() {
            guard let seed = element.int, (0...TrainingSpec.seedMax).contains(seed), !seeds.contains(seed) else {
                log.report(pointer("/seeds", index), "expected a whole number of at least 0 that stands once")
                continue
            }
            seeds.append(seed)
        }
    }

    private mutating func readBaselines(_ value: JSONValue?, _ log: RequestLog) {
        guard let value, value != .null else { return }
        let names = ComparisonRequest.Baseline.allCases.map(\.rawValue).joined(separator: ", ")
        guard let elements = value.elements else { return log.report("/baselines", "expected an array of \(names)") }
        baselines = []
        for (index, element) in elements.enumerated() where !log.isFull {
            let baseline = element.text.flatMap(ComparisonRequest.Baseline.init)
            guard let baseline, !baselines.contains(baseline) else {
                log.report(pointer("/baselines", index), "expected one of \(names), each once")
                continue
            }
            baselines.append(baseline)
        }
    }

    private mutating func readLearningRates(_ value: JSONValue?, _ log: RequestLog) {
        guard let value, value != .null else { return }
        let countMax = ComparisonRequest.learningRatesMax
        guard let elements = value.elements, (1...countMax).contains(elements.count) else {
            return log.report("/learning_rates", "expected an array of 1 to \(countMax) numbers above 0")
        }
        for (index, element) in elements.enumerated() {
            guard let rate = element.double, rate > 0, rate.isFinite, !learningRates.contains(rate) else {
                log.report(pointer("/learning_rates", index), "expected a number above 0 that stands once")
                continue
            }
            learningRates.append(rate)
        }
    }

    private mutating func readGrid(_ value: JSONValue?, _ log: RequestLog) {
        guard let value, value != .null else { return }
        guard let divisions = value.int, (2...ComparisonRequest.gridDivisionsMax).contains(divisions) else {
            let detail =
                "expected into how many parts to divide the weights, from 2 to \(ComparisonRequest.gridDivisionsMax)"
            return log.report("/static_grid", detail)
        }
        guard let tasks = base["tasks"]?.elements, (2...3).contains(tasks.count) else {
            return log.report("/static_grid", "is for two or three tasks")
        }
        guard divisions >= tasks.count else {
            return log.report("/static_grid", "must be at least the number of tasks, \(tasks.count)")
        }
        gridDivisions = divisions
    }

    /// Whether the tasks exist is known once the base is read.
    private mutating func readMinimumEffect(_ value: JSONValue?, _ log: RequestLog) {
        guard let value, value != .null else { return }
        guard let members = value.members, members.count <= ComparisonRequest.minimumEffectsMax else {
            return log.report(
                "/minimum_effect",
                "expected an object of at most \(ComparisonRequest.minimumEffectsMax) numbers above 0, named by task")
        }
        for member in members where member.value != .null {
            guard let effect = member.value.double, effect > 0, effect.isFinite else {
                log.report(
                    pointer("/minimum_effect", member.name),
                    "expected a number above 0, in the unit of the task's metric")
                continue
            }
            minimumEffects[member.name] = effect
        }
    }
}
