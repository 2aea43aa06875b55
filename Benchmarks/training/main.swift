import Glibc
import Kernels
import Trainer

/// Trains one case of the table in `README.md` as many steps as each line of the standard input asks for, and answers
/// each with the seconds they took. One thread; `compare.py` drives it in turn with its peer.

guard CommandLine.arguments.count == 2, let shape = BenchmarkCase.named(CommandLine.arguments[1]) else {
    print("usage: TrainingSteps \(BenchmarkCase.all.map(\.name).joined(separator: "|"))")
    exit(2)
}
Threads.use(1)
let run = try BenchmarkRun(shape)
print("ready batch=\(shape.batch) parameters=\(run.parameters) threads=1")
fflush(nil)
while let line = readLine(), let steps = Int(line) {
    print(try run.seconds(steps: steps))
    fflush(nil)
}
