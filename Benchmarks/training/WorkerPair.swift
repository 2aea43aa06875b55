import Dispatch
import Glibc
import Kernels
import Locks
import Trainer

/// Two workers as the server has them: a network each, on a Dispatch queue each, with one thread each.
final class WorkerPair {
    private let shape: BenchmarkCase
    private let queues = (0..<2).map { DispatchQueue(label: "worker \($0)") }
    /// Each made on its worker and used there alone.
    private var runs: [Confined] = []

    /// A network that one queue owns; between two rounds nobody touches it.
    private final class Confined: @unchecked Sendable {
        let run: BenchmarkRun
        init(_ run: BenchmarkRun) { self.run = run }
    }

    init(_ shape: BenchmarkCase) {
        self.shape = shape
    }

    /// Trains both networks side by side.
    ///
    /// - Returns: the seconds until the later one was done, and the threads of the process meanwhile.
    func seconds(steps: Int) throws -> (seconds: Double, threads: Int) {
        if runs.isEmpty { runs = try queues.map { _ in Confined(try BenchmarkRun(shape)) } }
        let failures = Locks.Lock<[String]>([])
        let group = DispatchGroup()
        let start = Trainer.monotonicSeconds()
        for (queue, confined) in zip(queues, runs) {
            queue.async(group: group) {
                Threads.use(1)
                do {
                    _ = try confined.run.seconds(steps: steps)
                } catch {
                    failures.withLock { $0.append("\(error)") }
                }
            }
        }
        let threads = Self.threads
        group.wait()
        let seconds = Trainer.monotonicSeconds() - start
        if let failure = failures.withLock(\.first) { throw BenchmarkFailure(description: failure) }
        return (seconds, threads)
    }

    /// Threads of this process, as the kernel counts them.
    private static var threads: Int {
        var count = 0
        guard let folder = opendir("/proc/self/task") else { return 0 }
        defer { closedir(folder) }
        while let entry = readdir(folder) {
            if entry.pointee.d_name.0 != CChar(UInt8(ascii: ".")) { count += 1 }
        }
        return count
    }
}

struct BenchmarkFailure: Error, CustomStringConvertible {
    let description: String
}

/// Requests for memory so far, where `allocations.c` counts them.
enum AllocationCount {
    static var now: Int {
        guard let symbol = dlsym(nil, "allocation_count") else { return -1 }
        return unsafeBitCast(symbol, to: (@convention(c) () -> Int).self)()
    }
}
