import Kernels
import Weighting

/// The tasks' gradients on the shared parameters, `[tasks, width]`, and their inner products.
final class TaskGradients<Number: Real> {
    private let tasks: Int
    private let width: Int
    private let rows: AlignedBuffer<Number>
    /// Those of the step's first mini-batch, where a strategy compares two; else empty.
    private let earlier: AlignedBuffer<Number>
    /// The gradients of the trunk's output, `[tasks, signalWidth]`, where a strategy decides before the trunk runs
    /// backwards; else empty.
    private let signals: AlignedBuffer<Number>
    private let signalWidth: Int

    init(tasks: Int, width: Int, keepsEarlier: Bool, signalWidth: Int = 0) throws {
        self.tasks = tasks
        self.width = width
        self.signalWidth = signalWidth
        signals = try AlignedBuffer(count: try product(tasks, signalWidth))
        rows = try AlignedBuffer(count: try product(tasks, width))
        earlier = try AlignedBuffer(count: keepsEarlier ? rows.count : 0)
    }

    func row(_ task: Int) -> UnsafeMutablePointer<Number> {
        rows.pointer + task * width
    }

    /// Keeps the gradient of the trunk's output from one task. Returns where.
    func keepSignal(_ task: Int, _ dTrunkOutput: UnsafePointer<Number>, count: Int) -> UnsafePointer<Number> {
        let kept = signals.pointer + task * signalWidth
        kept.update(from: dTrunkOutput, count: count)
        return UnsafePointer(kept)
    }

    /// All rows, one behind the other.
    var start: UnsafeMutablePointer<Number> { rows.pointer }
    var count: Int { rows.count }

    func clear(_ task: Int) {
        row(task).clear(count: width)
    }

    /// Makes the rows those of the first mini-batch.
    func keepAsEarlier() {
        earlier.copy(from: rows.span)
    }

    /// ⟨gᵢ, gⱼ⟩ over a range of the parameters.
    func gramian(over range: Range<Int>) -> SquareMatrix {
        var matrix = SquareMatrix(size: tasks)
        for i in 0..<tasks {
            for j in 0...i {
                let product = Number.dot(range.count, row(i) + range.lowerBound, row(j) + range.lowerBound)
                matrix[i, j] = product
                matrix[j, i] = product
            }
        }
        return matrix
    }

    /// ⟨gᵢ, gᵢ⟩ over a range of the parameters, and 0 off the diagonal.
    func squares(over range: Range<Int>) -> SquareMatrix {
        var matrix = SquareMatrix(size: tasks)
        for task in 0..<tasks {
            matrix[task, task] = Number.sumOfSquares(range.count, row(task) + range.lowerBound)
        }
        return matrix
    }

    /// ⟨gᵢ of the first mini-batch, gⱼ of this one⟩.
    func crossGramian() -> SquareMatrix {
        var matrix = SquareMatrix(size: tasks)
        for i in 0..<tasks {
            for j in 0..<tasks { matrix[i, j] = Number.dot(width, earlier.pointer + i * width, row(j)) }
        }
        return matrix
    }

    /// sum ← Σ cᵢgᵢ.
    func combine(_ coefficients: [Double], into sum: UnsafeMutablePointer<Number>) {
        combine(coefficients, over: 0..<width, into: sum)
    }

    /// sum ← Σ cᵢgᵢ in a range of the parameters.
    func combine(_ coefficients: [Double], over range: Range<Int>, into sum: UnsafeMutablePointer<Number>) {
        let parts = (0..<tasks).map { UnsafePointer(row($0) + range.lowerBound) }
        Number.combine(coefficients, parts, count: range.count, sum + range.lowerBound)
    }
}

/// What the gradients of an epoch's steps were like: for `diagnostics`.
struct GradientDiagnostics: Sendable, Equatable {
    /// Sums over steps, and how many there were, as `[tasks, tasks]`; the diagonal holds norms.
    private(set) var sums: [Double]
    private(set) var counts: [Double]
    private let tasks: Int

    init(tasks: Int) {
        self.tasks = tasks
        sums = Array(repeating: 0, count: tasks * tasks)
        counts = sums
    }

    /// - Parameter labelled: which tasks had a label in this step.
    mutating func add(_ gramian: SquareMatrix, labelled: [Bool]) {
        for i in 0..<tasks where labelled[i] {
            for j in 0..<tasks where labelled[j] {
                let norms = (gramian[i, i] * gramian[j, j]).squareRoot()
                guard i == j || norms > 0 else { continue }
                sums[i * tasks + j] += i == j ? norms.squareRoot() : gramian[i, j] / norms
                counts[i * tasks + j] += 1
            }
        }
    }

    private func mean(_ i: Int, _ j: Int) -> Double? {
        let count = counts[i * tasks + j]
        return count > 0 ? sums[i * tasks + j] / count : nil
    }

    func norm(_ task: Int) -> Double? { mean(task, task) }

    var cosines: [[Double?]] {
        (0..<tasks).map { i in (0..<tasks).map { j in i == j ? mean(i, i).map { _ in 1 } : mean(i, j) } }
    }

    mutating func restore(sums: [Double], counts: [Double]) {
        self.sums = sums
        self.counts = counts
    }
}
