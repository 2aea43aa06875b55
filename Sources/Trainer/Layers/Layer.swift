import Kernels

/// What a pass over the network carries from layer to layer.
struct Pass<Number: Real> {
    /// Rows in this mini-batch, never more than the network was built for.
    var rows: Int
    /// `[rows, slots]`: tokens, or the indices of embedded columns, for layers that look something up.
    var indices: UnsafePointer<Int32>
    /// `[rows]`: how many of a row's tokens are real.
    var lengths: UnsafePointer<Int32>
    /// Flat vectors, laid out as the plan says.
    var parameters: UnsafePointer<Number>
    var statistics: UnsafePointer<Number>
    var mode: Mode
    /// Seed and step, from which layers that draw derive their own stream; replaying a step draws the same again.
    var seed: UInt64
    var step: UInt64

    enum Mode {
        /// Dropout and batch statistics on.
        case training
        /// Running statistics, nothing random.
        case evaluation
    }
}

/// A layer at work: owns the memory of its results, borrows its parameters.
///
/// Thread-confined, like the network it is part of. `forward` answers memory of the layer that stays valid until its
/// next forward; `backward` may overwrite the gradient it is given and writes (never adds to) its parameters' gradient.
protocol Layer<Number>: AnyObject {
    associatedtype Number: Real

    func forward(_ input: UnsafePointer<Number>, _ pass: Pass<Number>) -> UnsafePointer<Number>

    /// - Parameters:
    ///   - dOutput: the loss's gradient of the output, the layer's to overwrite.
    ///   - gradients: flat vector to write the parameters' gradients into.
    ///   - needsInput: whether anyone reads the gradient of the input.
    /// - Returns: the gradient of the input, in memory of the layer; undefined unless needed.
    func backward(
        _ dOutput: UnsafeMutablePointer<Number>, _ pass: Pass<Number>, gradients: UnsafeMutablePointer<Number>,
        needsInput: Bool
    ) -> UnsafeMutablePointer<Number>

    /// The same for a caller who may lose interest meanwhile: asks before it begins, and a layer made of layers between them.
    func forward(
        _ input: UnsafePointer<Number>, _ pass: Pass<Number>, isWanted: () -> Bool
    ) throws(PassInterrupted) -> UnsafePointer<Number>

    func backward(
        _ dOutput: UnsafeMutablePointer<Number>, _ pass: Pass<Number>, gradients: UnsafeMutablePointer<Number>,
        needsInput: Bool, isWanted: () -> Bool
    ) throws(PassInterrupted) -> UnsafeMutablePointer<Number>

    /// The gradient of the input alone, for a caller who knows those of the parameters.
    ///
    /// - Parameters: those of `backward`; whether the parameters' gradients are written too is the layer's choice.
    func backwardInput(
        _ dOutput: UnsafeMutablePointer<Number>, _ pass: Pass<Number>, gradients: UnsafeMutablePointer<Number>
    ) -> UnsafeMutablePointer<Number>

    /// Makes what the last training forward observed part of the running statistics.
    func commitStatistics(_ statistics: UnsafeMutablePointer<Number>)
}

extension Layer {
    func forward(
        _ input: UnsafePointer<Number>, _ pass: Pass<Number>, isWanted: () -> Bool
    ) throws(PassInterrupted) -> UnsafePointer<Number> {
        try PassInterrupted.check(isWanted)
        return forward(input, pass)
    }

    func backward(
        _ dOutput: UnsafeMutablePointer<Number>, _ pass: Pass<Number>, gradients: UnsafeMutablePointer<Number>,
        needsInput: Bool, isWanted: () -> Bool
    ) throws(PassInterrupted) -> UnsafeMutablePointer<Number> {
        try PassInterrupted.check(isWanted)
        return backward(dOutput, pass, gradients: gradients, needsInput: needsInput)
    }

    func backwardInput(
        _ dOutput: UnsafeMutablePointer<Number>, _ pass: Pass<Number>, gradients: UnsafeMutablePointer<Number>
    ) -> UnsafeMutablePointer<Number> {
        backward(dOutput, pass, gradients: gradients, needsInput: true)
    }

    func commitStatistics(_ statistics: UnsafeMutablePointer<Number>) {}
}
