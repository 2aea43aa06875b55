package import Kernels

/// Thrown between two layers, or two numbers that are drawn, when what they are for is no longer wanted.
package struct PassInterrupted: Error {
    static func check(_ isWanted: () -> Bool) throws(PassInterrupted) {
        guard isWanted() else { throw PassInterrupted() }
    }
}

/// A network at work: its parameters, the gradients of the last backward pass, and the memory of every layer for
/// mini-batches of up to `rowsMax` rows.
///
/// Thread-confined to the job that made it. A pass allocates nothing. Whoever drives it says between layers whether to
/// go on; an interrupted pass leaves the parameters and the statistics as they were.
package final class Network<Number: Real> {
    package let plan: NetworkPlan
    package let rowsMax: Int
    /// Flat, in the plan's layout; the shared ones first.
    package let parameters: AlignedBuffer<Number>
    package let gradients: AlignedBuffer<Number>
    /// Running statistics of batch norms.
    package let statistics: AlignedBuffer<Number>

    private let trunk: [any Layer<Number>]
    private let heads: [[any Layer<Number>]]
    /// The layer below which nobody reads a gradient.
    private let firstTrained: Int
    /// `[rowsMax, trunk outputs]`: the sum of the heads' gradients.
    private let dTrunkOutput: AlignedBuffer<Number>
    let trunkWidth: Int
    private var trunkOutput: UnsafePointer<Number>?

    package init(_ plan: NetworkPlan, rowsMax: Int) throws {
        self.plan = plan
        self.rowsMax = rowsMax
        parameters = try AlignedBuffer(count: plan.parameters.count)
        gradients = try AlignedBuffer(count: plan.parameters.count)
        statistics = try AlignedBuffer(count: plan.statistics.count)
        trunk = try Self.makeTrunk(plan.trunk.layers, rowsMax: rowsMax)
        firstTrained = trunk.firstIndex { !($0 is AugmentationLayer<Number>) } ?? trunk.count
        var heads: [[any Layer<Number>]] = []
        for head in plan.heads {
            heads.append(try head.layers.makeLayers(rowsMax: rowsMax, blocks: nil, as: Number.self))
        }
        self.heads = heads
        trunkWidth = try plan.trunk.output.count()
        dTrunkOutput = try AlignedBuffer(count: try product(rowsMax, trunkWidth))
    }

    private static func makeTrunk(
        _ layers: [NetworkPlan.PlacedLayer], rowsMax: Int
    ) throws -> [any Layer<Number>] {
        if let block = layers.channelsPerBlock(as: Number.self) {
            do {
                return try layers.makeLayers(
                    rowsMax: rowsMax, blocks: try BlockedWorkspace(block: block), as: Number.self)
            } catch PlanError.impossible {
                // The library has no convolution for blocks after all; planes serve every network.
            }
        }
        return try layers.makeLayers(rowsMax: rowsMax, blocks: nil, as: Number.self)
    }

    /// Draws the parameters, each from a stream of its own, so that dropout and augmentation move none.
    package func initialize(seed: UInt64) {
        initialize(seed: seed) { () throws(Never) in }
    }

    /// - Parameter meanwhile: called every 65,536 numbers; ends the drawing by throwing.
    package func initialize<Failure>(
        seed: UInt64, meanwhile: () throws(Failure) -> Void
    ) throws(Failure) {
        for (layout, values) in [(plan.parameters, parameters), (plan.statistics, statistics)] {
            for entry in layout.entries {
                var stream = RandomStream(seed: seed, name: "initialize/\(entry.stream)")
                for index in entry.range {
                    if index & 0xFFFF == 0 { try meanwhile() }
                    values.pointer[index] = Number(entry.plan.draw(from: &stream))
                }
            }
        }
    }

    /// The inputs and what else layers need to know in one pass.
    func pass(
        _ batch: InputBatch<Number>, rows: Int, mode: Pass<Number>.Mode, seed: UInt64 = 0, step: UInt64 = 0
    ) -> Pass<Number> {
        precondition(rows <= rowsMax, "a batch of \(rows) rows in a network for \(rowsMax)")
        return Pass(
            rows: rows, indices: batch.indices, lengths: batch.lengths, parameters: UnsafePointer(parameters.pointer),
            statistics: UnsafePointer(statistics.pointer),
            mode: mode, seed: seed, step: step)
    }

    /// Runs the trunk, then every head.
    ///
    /// - Parameters:
    ///   - input: `[rows, input]`, to stay valid until the backward passes are done.
    ///   - outputs: filled with one pointer a head, `[rows, outputs]`, valid until the next forward.
    func forward(
        _ input: UnsafePointer<Number>, _ pass: Pass<Number>, outputs: inout [UnsafePointer<Number>],
        isWanted: () -> Bool
    ) throws(PassInterrupted) {
        var signal = input
        for layer in trunk {
            signal = try layer.forward(signal, pass, isWanted: isWanted)
        }
        trunkOutput = signal
        outputs.removeAll(keepingCapacity: true)
        for head in heads {
            try PassInterrupted.check(isWanted)
            var branch = signal
            for layer in head { branch = layer.forward(branch, pass) }
            outputs.append(branch)
        }
    }

    /// Runs one head backwards.
    ///
    /// - Parameter dOutput: `[rows, outputs]`, overwritten.
    /// - Returns: the gradient of the trunk's output, in memory that the next pass over this head overwrites.
    func backwardHead(
        _ task: Int, _ dOutput: UnsafeMutablePointer<Number>, _ pass: Pass<Number>
    ) -> UnsafeMutablePointer<Number> {
        var gradient = dOutput
        for layer in heads[task].reversed() {
            gradient = layer.backward(gradient, pass, gradients: gradients.pointer, needsInput: true)
        }
        return gradient
    }

    /// Runs the trunk backwards and writes the gradient of the shared parameters.
    ///
    /// - Parameters:
    ///   - dOutput: `[rows, trunk outputs]`, overwritten.
    ///   - gradients: a flat vector of at least the shared parameters' length.
    func backwardTrunk(
        _ dOutput: UnsafeMutablePointer<Number>, _ pass: Pass<Number>, gradients: UnsafeMutablePointer<Number>,
        isWanted: () -> Bool
    ) throws(PassInterrupted) {
        var gradient = dOutput
        for index in (firstTrained..<trunk.count).reversed() {
            gradient = try trunk[index].backward(
                gradient, pass, gradients: gradients, needsInput: index > firstTrained, isWanted: isWanted)
        }
    }

    /// Whether the layers at work are those of the plan one by one, so that the last with parameters can be told: where
    /// several are one kernel it cannot.
    var knowsLastSharedLayer: Bool {
        trunk.count == plan.trunk.layers.count
            && plan.trunk.layers.allSatisfy { layer in
                switch layer.plan {
                case .dense, .activation, .batchNorm, .dropout: true
                default: false
                }
            }
    }

    /// Runs the end of the trunk backwards, down to its last layer with parameters, and writes the gradient of these alone.
    ///
    /// - Parameters: those of `backwardTrunk`.
    func backwardLastSharedLayer(
        _ dOutput: UnsafeMutablePointer<Number>, _ pass: Pass<Number>, gradients: UnsafeMutablePointer<Number>
    ) {
        guard let last = plan.lastSharedLayer else { return }
        var gradient = dOutput
        for index in (last..<trunk.count).reversed() {
            gradient = trunk[index].backward(gradient, pass, gradients: gradients, needsInput: index > last)
        }
    }

    /// Runs the trunk backwards on Σ cᵢ·(gradient of its output from task i), and leaves the gradient of its last layer with
    /// parameters to the caller, who has those of the tasks.
    func backwardTrunk(
        combining signals: [UnsafePointer<Number>], _ coefficients: [Double], _ pass: Pass<Number>,
        isWanted: () -> Bool
    ) throws(PassInterrupted) {
        Number.combine(coefficients, signals, count: pass.rows * trunkWidth, dTrunkOutput.pointer)
        guard let last = plan.lastSharedLayer else { return }
        var gradient = dTrunkOutput.pointer
        for index in trunk.indices.reversed() where last > 0 {
            try PassInterrupted.check(isWanted)
            gradient =
                index == last
                ? trunk[index].backwardInput(gradient, pass, gradients: gradients.pointer)
                : trunk[index].backward(gradient, pass, gradients: gradients.pointer, needsInput: index > 0)
        }
    }

    /// Runs every head and then the trunk backwards, on the sum of the heads' gradients.
    ///
    /// - Parameter dOutputs: one a head, already scaled by the task's coefficient; overwritten.
    func backward(
        _ dOutputs: [UnsafeMutablePointer<Number>], _ pass: Pass<Number>, isWanted: () -> Bool
    ) throws(PassInterrupted) {
        let count = pass.rows * trunkWidth
        for task in dOutputs.indices {
            try PassInterrupted.check(isWanted)
            let gradient = backwardHead(task, dOutputs[task], pass)
            if task == 0 {
                dTrunkOutput.pointer.update(from: gradient, count: count)
            } else {
                Number.add(count, gradient, to: dTrunkOutput.pointer)
            }
        }
        try backwardTrunk(dTrunkOutput.pointer, pass, gradients: gradients.pointer, isWanted: isWanted)
    }

    /// Makes what the last training forward observed part of the running statistics.
    func commitStatistics() {
        for layer in trunk { layer.commitStatistics(statistics.pointer) }
        for head in heads {
            for layer in head { layer.commitStatistics(statistics.pointer) }
        }
    }
}

extension ParameterPlan {
    fileprivate func draw(from stream: inout RandomStream) -> Double {
        switch initialization {
        case .uniform(let fanIn):
            let bound = 1 / Double(max(fanIn, 1)).squareRoot()
            return stream.uniform(in: -bound..<bound)
        case .normal(let deviation): return deviation * stream.normal()
        case .constant(let value): return value
        }
    }
}
