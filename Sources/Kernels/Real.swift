/// A number that networks compute with, and the kernels that compute with it.
///
/// `Double` runs the plain kernels: the executable specification, for gradient checks and parity. `Float` runs the fast
/// ones, each tested against its plain twin. All matrices are row-major and contiguous unless a leading dimension is
/// given; sizes may be 0; no kernel allocates. This protocol is the only door through which the rest of the house
/// reaches the hardware.
package protocol Real: BinaryFloatingPoint, BitwiseCopyable, Sendable {
    typealias Input = UnsafePointer<Self>
    typealias Output = UnsafeMutablePointer<Self>
    typealias DenseKernel = (_ x: Input, _ weight: Input, _ bias: Input, _ y: Output) -> Void

    static func exp(_ x: Self) -> Self
    static func log(_ x: Self) -> Self
    static func tanh(_ x: Self) -> Self
    static func erf(_ x: Self) -> Self

    /// c ← op(a)·op(b) + beta·c, with op(a) `[rows, inner]`, op(b) `[inner, columns]`, c `[rows, columns]`.
    static func multiply(
        _ shape: ProductShape, _ a: Input, _ b: Input, beta: Self, _ c: Output)

    /// y ← x·Wᵀ + b for these very sizes, x `[rows, inputs]`, W `[outputs, inputs]`, where there is a kernel that beats product
    /// and bias one after the other. Thread-confined.
    static func denseKernel(rows: Int, inputs: Int, outputs: Int) -> DenseKernel?

    /// Lends numbers as floats, for code that knows floats only; what is written there is written back.
    static func withFloats<Result>(
        _ count: Int, _ x: Output, _ body: (UnsafeMutablePointer<Float>) -> Result
    ) -> Result

    /// Copies rows of a matrix `[…, width]` to `[rows, width]`, in the order of their indices.
    static func gather(_ rows: UnsafeBufferPointer<Int32>, width: Int, from matrix: UnsafePointer<Float>, _ to: Output)

    /// Writes rows of `[…, area, channels]` pixels as planes `[rows, channels, area]`, each value times its channel's factor
    /// less its channel's offset.
    static func gatherPlanes(
        _ rows: UnsafeBufferPointer<Int32>, area: Int, from pixels: UnsafePointer<UInt8>, factors: [Float],
        offsets: [Float], _ to: Output)
    static func gatherPlanes(
        _ rows: UnsafeBufferPointer<Int32>, area: Int, from pixels: UnsafePointer<Float>, factors: [Float],
        offsets: [Float], _ to: Output)

    static func scale(_ count: Int, by factor: Self, _ x: Output)
    /// y ← y + x.
    static func add(_ count: Int, _ x: Input, to y: Output)
    /// y ← y + factor·x.
    static func add(_ count: Int, _ factor: Self, times x: Input, to y: Output)
    /// z ← max(0, x + y); z may be either.
    static func addRectified(_ count: Int, _ x: Input, _ y: Input, _ z: Output)
    static func sumOfSquares(_ count: Int, _ x: Input) -> Double
    static func dot(_ count: Int, _ x: Input, _ y: Input) -> Double
    /// z ← x ∘ y.
    static func elementwiseProduct(_ count: Int, _ x: Input, _ y: Input, _ z: Output)
    /// Element i becomes 1/keep where word i of the stream is below keep·2³², else 0.
    static func dropoutMask(_ stream: RandomStream, count: Int, keep: Double, _ mask: Output)
    /// sums ← the sum over rows of a matrix `[rows, columns]`.
    static func columnSums(rows: Int, columns: Int, _ matrix: Input, _ sums: Output)

    /// y ← f(z + bias). For activations that need it (`ActivationFunction.needsInput`), z becomes z + bias.
    static func biasActivate(
        _ activation: ActivationFunction, rows: Int, columns: Int, bias: Input?, _ z: Output, _ y: Output)
    /// dz ← dy ∘ f′; z is read only by activations that need it, y by the others. dz may be dy.
    static func activationGradient(
        _ activation: ActivationFunction, count: Int, z: Input, y: Input, dy: Input, dz: Output)

    /// The loss of `[rows, classes]` logits; a negative label is a missing one. dLogits is the gradient of the sum.
    static func softmaxCrossEntropy(
        rows: Int, classes: Int, logits: Input, labels: UnsafePointer<Int32>, classWeights: Input?, smoothing: Self,
        dLogits: Output
    ) -> LossSum
    /// The loss of `[rows, outputs]` logits; a target that is not a number is missing.
    static func binaryCrossEntropy(
        rows: Int, outputs: Int, logits: Input, targets: Input, positiveWeights: Input?, dLogits: Output
    ) -> LossSum
    static func distance(
        _ distance: Distance, count: Int, values: Input, targets: Input, dValues: Output
    ) -> LossSum
    static func softmax(rows: Int, classes: Int, logits: Input, probabilities: Output)
    static func sigmoid(count: Int, logits: Input, probabilities: Output)

    /// Batch statistics of `[rows, channels]` and y = (x − mean)·inverseDeviation·weight + bias; the variance is biased.
    static func batchNorm(
        rows: Int, channels: Int, _ x: Input, weight: Input, bias: Input, epsilon: Double, mean: Output,
        inverseDeviation: Output, _ y: Output)
    /// y with given statistics.
    static func normalize(
        rows: Int, channels: Int, _ x: Input, weight: Input, bias: Input, mean: Input, variance: Input,
        epsilon: Double, _ y: Output)
    /// Gradients of `batchNorm`; dx may be dy.
    static func batchNormGradient(
        rows: Int, channels: Int, _ x: Input, weight: Input, mean: Input, inverseDeviation: Input, dy: Input,
        dx: Output, dWeight: Output, dBias: Output)

    /// The windows of an image `[channels, height, width]` as columns of a matrix `[taps, pixels]`, rows `rowStride` apart.
    static func windows(_ window: ImageWindow, _ image: Input, rowStride: Int, _ columns: Output)
    /// Adds such a matrix back to the pixels it came from: the transpose of `windows`.
    static func addWindows(_ window: ImageWindow, _ columns: Input, rowStride: Int, to image: Output)
    static func biasActivate(
        _ activation: ActivationFunction, _ shape: PlaneShape, bias: Input?, _ z: Output, _ y: Output)
    /// One sum a channel.
    static func planeSums(_ shape: PlaneShape, _ x: Input, _ sums: Output)
    static func poolLargest(_ shape: PoolShape, _ x: Input, _ y: Output, winners: UnsafeMutablePointer<Int32>)
    static func unpoolLargest(_ shape: PoolShape, winners: UnsafePointer<Int32>, dy: Input, dx: Output)
    static func poolMean(_ shape: PoolShape, _ x: Input, _ y: Output)
    static func unpoolMean(_ shape: PoolShape, dy: Input, dx: Output)
    static func batchNorm(
        _ shape: PlaneShape, _ x: Input, weight: Input, bias: Input, epsilon: Double, mean: Output,
        inverseDeviation: Output, _ y: Output)
    static func normalize(
        _ shape: PlaneShape, _ x: Input, weight: Input, bias: Input, mean: Input, variance: Input, epsilon: Double,
        _ y: Output)
    static func batchNormGradient(
        _ shape: PlaneShape, _ x: Input, weight: Input, mean: Input, inverseDeviation: Input, dy: Input, dx: Output,
        dWeight: Output, dBias: Output)

    /// Numbers that both passes of the kernel work in, on a 64-byte boundary.
    static func scratch(_ layer: NarrowConvolution) -> Int
    /// Bytes that the forward pass keeps for the other one.
    static func winners(_ layer: NarrowConvolution, images: Int) -> Int
    static func convolve(
        _ layer: NarrowConvolution, images: Int, _ x: Input, weight: Input, bias: Input?, _ y: Output,
        winners: UnsafeMutablePointer<Int8>, scratch: Output)
    /// Gradients of `convolve` from what its last call kept; the input's only where there is memory for it.
    static func convolveGradient(
        _ layer: NarrowConvolution, images: Int, _ x: Input, weight: Input, winners: UnsafePointer<Int8>, dy: Input,
        dx: Output?, dWeight: Output, dBias: Output?, scratch: Output)

    static func embeddingMean(_ shape: TokenShape, _ text: TokenRows, table: Input, _ y: Output)
    static func addEmbeddingMeanGradient(_ shape: TokenShape, _ text: TokenRows, dy: Input, to dTable: Output)
    static func maxOverTime(
        windows: Int, filters: Int, _ sums: Input, bias: Input, _ y: Output, winners: UnsafeMutablePointer<Int32>)

    static func adam(
        _ step: AdamStep, count: Int, gradient: Input, parameter: Output, mean: Output, variance: Output)
    static func descend(_ step: DescentStep, count: Int, gradient: Input, parameter: Output, momentum: Output)
}

extension Real {
    /// sum ← Σ cᵢ·xᵢ; an x with c = 0 is not read.
    package static func combine(_ coefficients: [Double], _ x: [Input], count: Int, _ sum: Output) {
        // In pieces that stay in the fastest cache until every term is added.
        let pieceMax = 2_048
        var start = 0
        while start < count {
            let piece = min(pieceMax, count - start)
            (sum + start).clear(count: piece)
            for term in x.indices where coefficients[term] != 0 {
                add(piece, Self(coefficients[term]), times: x[term] + start, to: sum + start)
            }
            start += piece
        }
    }
}

/// The sizes of a matrix product and which of its operands are read transposed.
package struct ProductShape: Sendable, Hashable {
    package var rows: Int
    package var inner: Int
    package var columns: Int
    package var transposeA: Bool
    package var transposeB: Bool
    /// Numbers from one row of b, as it stands in memory, to the next.
    package var strideB: Int

    package init(
        rows: Int, inner: Int, columns: Int, transposeA: Bool = false, transposeB: Bool = false, strideB: Int? = nil
    ) {
        self.strideB = strideB ?? (transposeB ? inner : columns)
        self.rows = rows
        self.inner = inner
        self.columns = columns
        self.transposeA = transposeA
        self.transposeB = transposeB
    }
}

/// A batch's loss, summed in double, and what it is to be divided by (labelled rows, cells or class weights).
package struct LossSum: Sendable, Equatable {
    package var sum: Double
    package var normaliser: Double

    package init(sum: Double = 0, normaliser: Double = 0) {
        self.sum = sum
        self.normaliser = normaliser
    }

    /// The mean, 0 where nothing is labelled.
    package var mean: Double { normaliser > 0 ? sum / normaliser : 0 }

    package static func += (left: inout LossSum, right: LossSum) {
        left.sum += right.sum
        left.normaliser += right.normaliser
    }
}

package enum ActivationFunction: String, Sendable, CaseIterable {
    case identity, relu, gelu, tanh, silu

    /// Whether the gradient is computed from the input of the activation and not from its output.
    package var needsInput: Bool { self == .gelu || self == .silu }
}

/// How far a value is from its target.
package enum Distance: Sendable, Equatable {
    case squared
    case absolute
    /// Quadratic up to `delta`, linear beyond (Huber 1964).
    case huber(delta: Double)
}
