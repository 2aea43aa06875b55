/// Rows of the shared parameters' length that a strategy keeps between steps, one a task, all zeros at first.
struct TrackedVectors: Sendable, Equatable {
    private let tasks: Int
    /// `[tasks, width]`, row-major; empty before the first step tells the width.
    private(set) var rows: [Float] = []

    init(tasks: Int) {
        self.tasks = tasks
    }

    private var width: Int { rows.count / max(tasks, 1) }

    /// All rows, to be changed in place.
    mutating func update<Result>(width: Int, _ body: (inout MutableSpan<Float>) -> Result) -> Result {
        if rows.count != tasks * width { rows = Array(repeating: 0, count: tasks * width) }
        var span = rows.mutableSpan
        return body(&span)
    }

    /// Moves a task's row towards a gradient: y ← y + rate·(scale·g − y).
    mutating func move(_ task: Int, rate: Float, scale: Float, gradients: Span<Float>, width: Int) {
        update(width: width) { rows in
            for index in (task * width)..<((task + 1) * width) {
                rows[index] += rate * (scale * gradients[index] - rows[index])
            }
        }
    }

    /// The inner products of some tasks' rows, accumulated in double.
    func gramian(of tasks: [Int]) -> SquareMatrix {
        var matrix = SquareMatrix(size: tasks.count)
        for (i, first) in tasks.enumerated() {
            for (j, second) in tasks.enumerated() where j <= i {
                matrix[i, j] = product(first, second)
                matrix[j, i] = matrix[i, j]
            }
        }
        return matrix
    }

    private func product(_ first: Int, _ second: Int) -> Double {
        let a = rows.span.extracting((first * width)..<((first + 1) * width))
        let b = rows.span.extracting((second * width)..<((second + 1) * width))
        // Eight sums side by side, so that no addition waits for the one before.
        var sums = SIMD8<Double>()
        for start in stride(from: 0, to: width - width % 8, by: 8) {
            var left = SIMD8<Float>()
            var right = SIMD8<Float>()
            for lane in 0..<8 {
                left[lane] = a[start + lane]
                right[lane] = b[start + lane]
            }
            sums += SIMD8<Double>(left) * SIMD8<Double>(right)
        }
        var tail = 0.0
        for index in (width - width % 8)..<width { tail += Double(a[index]) * Double(b[index]) }
        return sums.sum() + tail
    }

    /// Σ cᵢyᵢ over some tasks' rows.
    func combine(_ tasks: [Int], _ coefficients: [Double], into direction: inout MutableSpan<Float>) {
        for parameter in 0..<direction.count { direction[parameter] = 0 }
        for (task, coefficient) in zip(tasks, coefficients) {
            let row = rows.span.extracting((task * width)..<((task + 1) * width))
            let factor = Float(coefficient)
            for parameter in 0..<direction.count { direction[parameter] += factor * row[parameter] }
        }
    }

    mutating func restore(_ state: StrategyState, _ name: String) throws(StateError) {
        rows = try state.rows(name, tasks: tasks)
    }
}
