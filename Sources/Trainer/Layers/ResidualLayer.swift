import Kernels

/// y = relu(main(x) + shortcut(x)) (He et al. 2016, equations 1 and 2).
final class ResidualLayer<Number: Real>: Layer {
    private let main: [any Layer<Number>]
    private let shortcut: [any Layer<Number>]
    private let inputs: Int
    private let outputs: Int
    private let output: AlignedBuffer<Number>
    /// The gradient of the sum, for the branch that does not get the original.
    private let dSum: AlignedBuffer<Number>

    init(
        _ layer: NetworkPlan.PlacedLayer, rowsMax: Int, main: [LayerPlan], shortcut: [LayerPlan],
        blocks: BlockedWorkspace?
    ) throws {
        var parameters = layer.parameters[...]
        var statistics = layer.statistics[...]
        self.main = try layer.branch(main, "main", &parameters, &statistics)
            .makeLayers(rowsMax: rowsMax, blocks: blocks, as: Number.self)
        self.shortcut = try layer.branch(shortcut, "shortcut", &parameters, &statistics)
            .makeLayers(rowsMax: rowsMax, blocks: blocks, as: Number.self)
        inputs = try layer.input.count()
        outputs = try layer.output.count()
        output = try AlignedBuffer(count: try product(rowsMax, outputs))
        dSum = try AlignedBuffer(count: output.count)
    }

    func forward(_ input: UnsafePointer<Number>, _ pass: Pass<Number>) -> UnsafePointer<Number> {
        forward(input, pass) { () throws(Never) in }
    }

    func forward(
        _ input: UnsafePointer<Number>, _ pass: Pass<Number>, isWanted: () -> Bool
    ) throws(PassInterrupted) -> UnsafePointer<Number> {
        try forward(input, pass) { () throws(PassInterrupted) in try PassInterrupted.check(isWanted) }
    }

    /// - Parameter check: called before every layer.
    private func forward<Failure>(
        _ input: UnsafePointer<Number>, _ pass: Pass<Number>, _ check: () throws(Failure) -> Void
    ) throws(Failure) -> UnsafePointer<Number> {
        var (direct, result) = (input, input)
        for layer in shortcut {
            try check()
            direct = layer.forward(direct, pass)
        }
        for layer in main {
            try check()
            result = layer.forward(result, pass)
        }
        Number.addRectified(pass.rows * outputs, direct, result, output.pointer)
        return UnsafePointer(output.pointer)
    }

    func backward(
        _ dOutput: UnsafeMutablePointer<Number>, _ pass: Pass<Number>, gradients: UnsafeMutablePointer<Number>,
        needsInput: Bool
    ) -> UnsafeMutablePointer<Number> {
        backward(dOutput, pass, gradients, needsInput) { () throws(Never) in }
    }

    func backward(
        _ dOutput: UnsafeMutablePointer<Number>, _ pass: Pass<Number>, gradients: UnsafeMutablePointer<Number>,
        needsInput: Bool, isWanted: () -> Bool
    ) throws(PassInterrupted) -> UnsafeMutablePointer<Number> {
        try backward(dOutput, pass, gradients, needsInput) { () throws(PassInterrupted) in
            try PassInterrupted.check(isWanted)
        }
    }

    private func backward<Failure>(
        _ dOutput: UnsafeMutablePointer<Number>, _ pass: Pass<Number>, _ gradients: UnsafeMutablePointer<Number>,
        _ needsInput: Bool, _ check: () throws(Failure) -> Void
    ) throws(Failure) -> UnsafeMutablePointer<Number> {
        let count = pass.rows * outputs
        Number.activationGradient(
            .relu, count: count, z: output.pointer, y: output.pointer, dy: dOutput, dz: dOutput)
        dSum.pointer.update(from: dOutput, count: count)
        let dMain = try backward(main, dOutput, pass, gradients, needsInput, check)
        let dDirect = try backward(shortcut, dSum.pointer, pass, gradients, needsInput, check)
        if needsInput { Number.add(pass.rows * inputs, dMain, to: dDirect) }
        return dDirect
    }

    private func backward<Failure>(
        _ layers: [any Layer<Number>], _ dOutput: UnsafeMutablePointer<Number>, _ pass: Pass<Number>,
        _ gradients: UnsafeMutablePointer<Number>, _ needsInput: Bool, _ check: () throws(Failure) -> Void
    ) throws(Failure) -> UnsafeMutablePointer<Number> {
        var gradient = dOutput
        for index in layers.indices.reversed() {
            try check()
            gradient = layers[index].backward(
                gradient, pass, gradients: gradients, needsInput: needsInput || index > 0)
        }
        return gradient
    }

    func commitStatistics(_ statistics: UnsafeMutablePointer<Number>) {
        for layer in main { layer.commitStatistics(statistics) }
        for layer in shortcut { layer.commitStatistics(statistics) }
    }
}
