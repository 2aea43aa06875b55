/// A named array of numbers that training changes.
package struct ParameterPlan: Sendable, Hashable {
    package enum Initialization: Sendable, Hashable {
        /// Uniform on ±1/√fanIn, the usual choice for dense and convolution layers.
        case uniform(fanIn: Int)
        /// Normal with this standard deviation.
        case normal(deviation: Double)
        case constant(Double)
    }

    package let name: String
    package let shape: [Int]
    package let initialization: Initialization
    /// Numbers in all.
    package let count: Int

    init(name: String, shape: [Int], initialization: Initialization) throws(PlanError) {
        self.name = name
        self.shape = shape
        self.initialization = initialization
        var count = 1
        for size in shape { count = try product(count, size, of: "parameter \(name)") }
        self.count = count
    }
}

/// Where each parameter stands in the flat vectors of a network: the shared ones first, then those of each task.
///
/// Flat, so that the optimiser, the norm and the combination of gradients are single passes over memory.
package struct ParameterLayout: Sendable, Hashable {
    package struct Entry: Sendable, Hashable {
        package let plan: ParameterPlan
        /// The stream that draws it first, see `NetworkPlan.PlacedLayer.stream`.
        let stream: String
        package let offset: Int

        package var range: Range<Int> { offset..<(offset + plan.count) }
    }

    /// Multiples of 16 floats start on a cache line.
    static let alignment = 16

    package private(set) var entries: [Entry] = []
    package private(set) var count = 0

    mutating func append(_ plan: ParameterPlan, stream: String) throws(PlanError) -> Int {
        let offset = count
        let padded = try sum(plan.count, Self.alignment - 1) / Self.alignment * Self.alignment
        count = try sum(offset, padded)
        entries.append(Entry(plan: plan, stream: stream, offset: offset))
        return offset
    }

    package subscript(name: String) -> Entry? {
        entries.first { $0.plan.name == name }
    }

    /// Numbers without the padding between them.
    package var parameterCount: Int {
        entries.reduce(0) { $0 + $1.plan.count }
    }
}
