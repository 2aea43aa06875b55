/// A network as a value: a shared trunk and one head a task, each a list of layers, with every shape and parameter
/// derived. Nothing is allocated for it, so a plan for any network can be made and refused.
package struct NetworkPlan: Sendable, Hashable {
    /// A part of the network with its place in the flat parameter vectors.
    package struct Stack: Sendable, Hashable {
        package let name: String
        package let layers: [PlacedLayer]
        package let input: SignalShape
        package let output: SignalShape
    }

    package struct PlacedLayer: Sendable, Hashable {
        /// The layers of one branch of a residual layer, each with its share of the parameters.
        func branch(
            _ layers: [LayerPlan], _ name: String, _ parameters: inout ArraySlice<Int>,
            _ statistics: inout ArraySlice<Int>
        ) throws(PlanError) -> [PlacedLayer] {
            var shape = input
            var placed: [PlacedLayer] = []
            for (index, plan) in layers.enumerated() {
                let layer = "\(self.name).\(name).\(index)"
                let output = try plan.output(of: shape, layer: layer)
                let own = try plan.parameters(input: shape, layer: layer).count
                let observed = try plan.statistics(input: shape, layer: layer).count
                placed.append(
                    PlacedLayer(
                        name: layer, stream: layer, plan: plan, input: shape, output: output,
                        parameters: Array(parameters.prefix(own)),
                        statistics: Array(statistics.prefix(observed))))
                parameters = parameters.dropFirst(own)
                statistics = statistics.dropFirst(observed)
                shape = output
            }
            return placed
        }

        package let name: String
        /// What its random streams are called: its place among the layers other than dropout and augmentation, so that
        /// neither of them moves what another layer draws.
        let stream: String
        package let plan: LayerPlan
        package let input: SignalShape
        package let output: SignalShape
        /// Offsets of its parameters and of its statistics, in the order of the plan.
        package let parameters: [Int]
        package let statistics: [Int]
    }

    package struct Head: Sendable, Hashable {
        package let task: String
        package let layers: [LayerPlan]

        package init(task: String, layers: [LayerPlan]) {
            self.task = task
            self.layers = layers
        }
    }

    package let input: SignalShape
    package let trunk: Stack
    package let heads: [Stack]
    package let parameters: ParameterLayout
    package let statistics: ParameterLayout
    /// How many numbers at the front of the flat vector belong to all tasks.
    package let sharedCount: Int
    /// Each head's own part of the flat vector.
    package let headRanges: [Range<Int>]

    /// - Throws: `PlanError` where shapes do not fit or sizes overflow.
    package init(input: SignalShape, trunk: [LayerPlan], heads: [Head]) throws(PlanError) {
        var parameters = ParameterLayout()
        var statistics = ParameterLayout()
        self.input = input
        let shared = try Self.place(trunk, named: "trunk", after: input, &parameters, &statistics)
        self.trunk = shared
        sharedCount = parameters.count
        var stacks: [Stack] = []
        var ranges: [Range<Int>] = []
        for head in heads {
            let start = parameters.count
            let name = "heads.\(head.task)"
            stacks.append(try Self.place(head.layers, named: name, after: shared.output, &parameters, &statistics))
            ranges.append(start..<parameters.count)
        }
        headRanges = ranges
        self.heads = stacks
        self.parameters = parameters
        self.statistics = statistics
    }

    private static func place(
        _ layers: [LayerPlan], named name: String, after input: SignalShape, _ parameters: inout ParameterLayout,
        _ statistics: inout ParameterLayout
    ) throws(PlanError) -> Stack {
        var placed: [PlacedLayer] = []
        var shape = input
        var place = 0
        for (index, plan) in layers.enumerated() {
            let layer = "\(name).\(index)"
            let stream = "\(name).\(place)"
            if !plan.isOnlyRandom { place += 1 }
            let output = try plan.output(of: shape, layer: layer)
            var offsets: [Int] = []
            for parameter in try plan.parameters(input: shape, layer: layer) {
                offsets.append(try parameters.append(parameter, stream: stream + parameter.name.dropFirst(layer.count)))
            }
            var statisticOffsets: [Int] = []
            for statistic in try plan.statistics(input: shape, layer: layer) {
                statisticOffsets.append(
                    try statistics.append(statistic, stream: stream + statistic.name.dropFirst(layer.count)))
            }
            placed.append(
                PlacedLayer(
                    name: layer, stream: stream, plan: plan, input: shape, output: output, parameters: offsets,
                    statistics: statisticOffsets))
            shape = output
        }
        return Stack(name: name, layers: placed, input: input, output: shape)
    }

    /// The place of the trunk's last layer with parameters; nil where none has any.
    var lastSharedLayer: Int? { trunk.layers.lastIndex { !$0.parameters.isEmpty } }

    /// The part of the flat vector that belongs to that layer.
    package var lastSharedLayerRange: Range<Int> {
        guard let lastSharedLayer else { return 0..<0 }
        return trunk.layers[lastSharedLayer].parameters[0]..<sharedCount
    }

    /// Whether some layer's result for a row depends on the other rows of the batch.
    package var normalizesOverBatch: Bool {
        ([trunk] + heads).contains { stack in stack.layers.contains { $0.plan.normalizesOverBatch } }
    }

    /// Numbers that all layers work with beside what they keep for each row.
    ///
    /// - Parameter rows: of the largest mini-batch, for what is transformed as a whole.
    func scratch(rows: Int) throws(PlanError) -> Int {
        var total = 0
        let isBlocked = trunk.layers.channelsPerBlock(as: Float.self) != nil
        for stack in (isBlocked ? [] : [trunk]) + heads {
            for layer in stack.layers {
                total = try sum(total, try layer.plan.scratch(input: layer.input, layer: layer.name))
            }
        }
        guard isBlocked else { return total }
        var blocked = LayerPlan.BlockedScratch()
        for layer in trunk.layers {
            try layer.plan.addBlockedScratch(to: &blocked, input: layer.input, layer: layer.name, rows: rows)
        }
        return try sum(total, blocked.weights, blocked.transformed)
    }

    /// Numbers a row that all layers keep in a step.
    func activationsPerRow() throws(PlanError) -> Int {
        var total = try input.count()
        for stack in [trunk] + heads {
            for layer in stack.layers {
                total = try sum(total, try layer.plan.activationsPerRow(input: layer.input, layer: layer.name))
            }
        }
        return total
    }
}
