import Kernels

/// y = f(x·Wᵀ + b) with x `[rows, inputs]`, W `[outputs, inputs]`, b `[outputs]`.
final class DenseLayer<Number: Real>: Layer {
    private let inputs: Int
    private let outputs: Int
    private let activation: ActivationFunction
    private let weight: Int
    private let bias: Int?
    /// x·Wᵀ + b where the activation's gradient needs it, else the same memory as the output.
    private let sums: AlignedBuffer<Number>
    private let output: AlignedBuffer<Number>
    private let dInput: AlignedBuffer<Number>
    private var input: UnsafePointer<Number>?
    /// For batches of full size; smaller ones are rare.
    private let fullBatch: (rows: Int, kernel: Number.DenseKernel)?

    init(_ layer: NetworkPlan.PlacedLayer, rowsMax: Int, activation: ActivationFunction) throws {
        inputs = try layer.input.count()
        outputs = try layer.output.count()
        self.activation = activation
        weight = layer.parameters[0]
        bias = layer.parameters.count > 1 ? layer.parameters[1] : nil
        output = try AlignedBuffer(count: try product(rowsMax, outputs))
        sums = try activation.needsInput ? AlignedBuffer(count: output.count) : output
        dInput = try AlignedBuffer(count: try product(rowsMax, inputs))
        let kernel = bias == nil ? nil : Number.denseKernel(rows: rowsMax, inputs: inputs, outputs: outputs)
        fullBatch = kernel.map { (rowsMax, $0) }
    }

    func forward(_ input: UnsafePointer<Number>, _ pass: Pass<Number>) -> UnsafePointer<Number> {
        self.input = input
        var missingBias = bias
        if let fullBatch, let bias, pass.rows == fullBatch.rows {
            fullBatch.kernel(input, pass.parameters + weight, pass.parameters + bias, sums.pointer)
            missingBias = nil
        } else {
            let shape = ProductShape(rows: pass.rows, inner: inputs, columns: outputs, transposeB: true)
            Number.multiply(shape, input, pass.parameters + weight, beta: 0, sums.pointer)
        }
        Number.biasActivate(
            activation, rows: pass.rows, columns: outputs, bias: missingBias.map { pass.parameters + $0 },
            sums.pointer, output.pointer)
        return UnsafePointer(output.pointer)
    }

    func backward(
        _ dOutput: UnsafeMutablePointer<Number>, _ pass: Pass<Number>, gradients: UnsafeMutablePointer<Number>,
        needsInput: Bool
    ) -> UnsafeMutablePointer<Number> {
        guard let input else { preconditionFailure("backward before forward") }
        backwardActivation(dOutput, pass)
        // dW = dYᵀ·X, db = Σ dY, dX = dY·W.
        let dWeight = ProductShape(rows: outputs, inner: pass.rows, columns: inputs, transposeA: true)
        Number.multiply(dWeight, dOutput, input, beta: 0, gradients + weight)
        if let bias { Number.columnSums(rows: pass.rows, columns: outputs, dOutput, gradients + bias) }
        if needsInput { multiplyByWeights(dOutput, pass) }
        return dInput.pointer
    }

    func backwardInput(
        _ dOutput: UnsafeMutablePointer<Number>, _ pass: Pass<Number>, gradients: UnsafeMutablePointer<Number>
    ) -> UnsafeMutablePointer<Number> {
        backwardActivation(dOutput, pass)
        multiplyByWeights(dOutput, pass)
        return dInput.pointer
    }

    private func backwardActivation(_ dOutput: UnsafeMutablePointer<Number>, _ pass: Pass<Number>) {
        guard activation != .identity else { return }
        Number.activationGradient(
            activation, count: pass.rows * outputs, z: sums.pointer, y: output.pointer, dy: dOutput, dz: dOutput)
    }

    private func multiplyByWeights(_ dSums: UnsafeMutablePointer<Number>, _ pass: Pass<Number>) {
        let shape = ProductShape(rows: pass.rows, inner: outputs, columns: inputs)
        Number.multiply(shape, dSums, pass.parameters + weight, beta: 0, dInput.pointer)
    }
}
