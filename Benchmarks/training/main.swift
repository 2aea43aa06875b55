import Glibc
import Kernels
import Trainer

/// Trains one case of the table in `README.md` as each line of the standard input asks for, and answers each in one line:
///
///     N              the seconds that N steps took, by the clock and of the processor
///     workers N      the seconds that two workers took for N steps each, and the threads of the process meanwhile
///     allocations N  requests for memory a step, over N steps, with `allocations.c` loaded
///
/// One thread a network; `compare.py` drives it in turn with its peer.

guard CommandLine.arguments.count == 2, let shape = BenchmarkCase.named(CommandLine.arguments[1]) else {
    print("usage: TrainingSteps \(BenchmarkCase.all.map(\.name).joined(separator: "|"))")
    exit(2)
}
Threads.use(1)
let run = try BenchmarkRun(shape)
let workers = WorkerPair(shape)
print("ready batch=\(shape.batch) parameters=\(run.parameters) threads=1")
fflush(nil)
while let line = readLine() {
    let words = line.split(separator: " ")
    guard let steps = words.last.flatMap({ Int($0) }) else { break }
    switch words.count > 1 ? words[0] : "" {
    case "workers":
        let outcome = try workers.seconds(steps: steps)
        print(outcome.seconds, outcome.threads)
    case "allocations":
        _ = try run.seconds(steps: steps)
        let before = AllocationCount.now
        _ = try run.seconds(steps: steps)
        print(Double(AllocationCount.now - before) / Double(steps))
    default:
        let start = processorSeconds()
        print(try run.seconds(steps: steps), processorSeconds() - start)
    }
    fflush(nil)
}

/// Time that the threads of this process have computed for.
func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
