import Datasets
import Jobs
import Kernels
import Locks

/// A stored model at hand: its file, and networks that have run and can run again.
final class LoadedModel: Sendable {
    let file: ModelFile
    /// Bytes of memory that the model takes at most while it is kept.
    let bytes: Int

    /// Rows that go through the network at once.
    private static let rowsMax = 64
    /// Networks that wait for the next question; more are made, and freed, where more threads ask at once.
    private static let idleMax = 2

    /// Whoever takes an evaluator out owns it until it is put back, so none is used by two threads.
    private let idle = Lock([Evaluator<Float>]())

    /// - Throws: `ArchiveError` where the bytes are no intact model, `PlanError` where its network would be too large.
    init(_ bytes: [UInt8]) throws {
        file = try ModelFile(bytes)
        // A network holds its parameters, as many gradients and, for every row, all activations.
        let state = try sum(try product(2, file.plan.parameters.count), file.plan.statistics.count)
        let activations = try product(2, Self.rowsMax, try file.plan.activationsPerRow())
        let network = try product(4, try sum(state, activations))
        self.bytes = try sum(bytes.count, try product(Self.idleMax, network))
    }

    /// Probabilities, or values in their own unit, as `[rows, outputs]` a task.
    ///
    /// - Parameters:
    ///   - inputs: encoded by this model's preprocessing.
    ///   - isWanted: asked between layers; where it is not, `PassInterrupted` is thrown.
    func scores(_ inputs: EncodedInputs, isWanted: () -> Bool = { true }) throws -> [[Double]] {
        // The calling thread belongs to nobody's job.
        _ = Threads.use(1)
        let evaluator = try idle.withLock { $0.popLast() } ?? makeEvaluator()
        defer {
            idle.withLock { idle in
                if idle.count < Self.idleMax { idle.append(evaluator) }
            }
        }
        return try evaluator.predict(
            (0..<inputs.rows).map { Int32(truncatingIfNeeded: $0) }, of: inputs, isWanted: isWanted)
    }

    private func makeEvaluator() throws -> Evaluator<Float> {
        try Evaluator(try file.makeNetwork(rowsMax: Self.rowsMax), tasks: file.tasks)
    }
}
