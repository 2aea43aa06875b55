import Glibc
import Kernels
import Trainer
import Weighting

// Prints what every strategy costs on T1, one thread: a whole step relative to one with equal weights, and for loss
// strategies the weighting alone relative to that step. All strategies take turns in every round and each figure is the
// median over rounds, so that a busy moment strikes all alike. Arguments name the strategies to measure besides `equal`; without
// any it is all. Ends with 1 if a limit is broken.

let rounds = 15
let stepsPerRound = 60

/// What a whole step may cost, in steps with equal weights.
let stepLimits = [
    "famo": 1.4, "gradnorm": 1.5, "pcgrad": 1.15 * (1 + 2 * Double(WeightedRun.classes.count)) / 3,
]
/// What the weighting alone may cost, as a fraction of a step with equal weights.
let weightingLimit = 0.01
let weightingLimited: Set = [
    "equal", "static", "adaptive", "uncertainty", "dwa", "geometric", "random", "imtl_l", "stch",
]

func median(_ values: [Double]) -> Double {
    values.sorted()[values.count / 2]
}

/// The seconds of one call of a loss strategy, its epoch's end included once in 100.
func secondsOfWeighting(_ strategy: String) throws -> Double {
    var weighting = try TaskWeighting(WeightingConfiguration(strategy: strategy), tasks: WeightedRun.weighted)
    var stream = RandomStream(seed: 1, name: "weighting")
    let calls = 20_000
    let start = Trainer.monotonicSeconds()
    var sum = 0.0
    for call in 0..<calls {
        let losses: [Double?] = [1 + Double(call % 7), 0.5, 0.1]
        sum += weighting.coefficients(losses: losses, using: &stream)[0]
        if call % 100 == 99 { _ = weighting.finishEpoch(meanLosses: losses) }
    }
    guard sum.isFinite else { return .infinity }
    return (Trainer.monotonicSeconds() - start) / Double(calls)
}

func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
}

func decimals(_ number: Double, _ digits: Int) -> String {
    let unit = pow(10, Double(digits))
    return "\((number * unit).rounded() / unit)"
}

Threads.use(1)
let asked = CommandLine.arguments.dropFirst()
let runs = try WeightingStrategies.all.filter { asked.isEmpty || asked.contains($0.name) || $0.name == "equal" }
    .map { try WeightedRun($0) }
var seconds: [[Double]] = runs.map { _ in [] }
for round in 0...rounds {
    for (index, run) in runs.enumerated() {
        let time = try run.secondsPerStep(steps: stepsPerRound)
        // The first round warms up.
        if round > 0 { seconds[index].append(time) }
    }
}
let equal = seconds[0]
print("T1, three tasks, one thread; a step with equal weights takes \(decimals(median(equal) * 1e6, 1)) µs")
print(padded("strategy", 14) + padded("step / equal", 22) + "weighting alone")
var broken = 0
for (run, times) in zip(runs, seconds) {
    let name = run.strategy.name
    let ratio = median(zip(times, equal).map { $0 / $1 })
    var line =
        padded(name, 14)
        + padded(decimals(ratio, 2) + (stepLimits[name].map { " (limit \(decimals($0, 2)))" } ?? ""), 22)
    if ratio > stepLimits[name] ?? .infinity { broken += 1 }
    if run.strategy.kind == .loss {
        let alone = try secondsOfWeighting(name)
        let share = alone / median(equal)
        line += "\(decimals(alone * 1e6, 2)) µs, \(decimals(share * 100, 2)) %"
        if weightingLimited.contains(name) {
            line += " (limit \(decimals(weightingLimit * 100, 0)) %)"
            if share > weightingLimit { broken += 1 }
        }
    }
    print(line)
}
if broken > 0 {
    print("\(broken) limit(s) broken")
    exit(1)
}
