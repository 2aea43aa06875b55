import Glibc

/// Double precision computes with the plain kernels.
extension Double: Real {
    package static func exp(_ x: Double) -> Double { Glibc.exp(x) }
    package static func log(_ x: Double) -> Double { Glibc.log(x) }
    package static func tanh(_ x: Double) -> Double { Glibc.tanh(x) }
    package static func erf(_ x: Double) -> Double { Glibc.erf(x) }

    package static func multiply(_ shape: ProductShape, _ a: Input, _ b: Input, beta: Double, _ c: Output) {
        Plain.multiply(shape, a, b, beta: beta, c)
    }

    package static func denseKernel(rows: Int, inputs: Int, outputs: Int) -> DenseKernel? { nil }

    package static func withFloats<Result>(
        _ count: Int, _ x: Output, _ body: (UnsafeMutablePointer<Float>) -> Result
    ) -> Result {
        var copy = (0..<count).map { Float(x[$0]) }
        defer { for i in 0..<count { x[i] = Double(copy[i]) } }
        return body(&copy)
    }

    package static func gather(
        _ rows: UnsafeBufferPointer<Int32>, width: Int, from matrix: UnsafePointer<Float>, _ to: Output
    ) {
        Plain.gather(rows, width: width, from: matrix, to)
    }

    package static func gatherPlanes(
        _ rows: UnsafeBufferPointer<Int32>, area: Int, from pixels: UnsafePointer<UInt8>, factors: [Float],
        offsets: [Float], _ to: Output
    ) {
        Plain.gatherPlanes(rows, area: area, from: pixels, factors: factors, offsets: offsets, to)
    }

    package static func gatherPlanes(
        _ rows: UnsafeBufferPointer<Int32>, area: Int, from pixels: UnsafePointer<Float>, factors: [Float],
        offsets: [Float], _ to: Output
    ) {
        Plain.gatherPlanes(rows, area: area, from: pixels, factors: factors, offsets: offsets, to)
    }

    package static func scale(_ count: Int, by factor: Double, _ x: Output) {
        Plain.scale(count, by: factor, x)
    }

    package static func add(_ count: Int, _ x: Input, to y: Output) {
        Plain.add(count, x, to: y)
    }

    package static func add(_ count: Int, _ factor: Double, times x: Input, to y: Output) {
        Plain.add(count, factor, times: x, to: y)
    }

    package static func addRectified(_ count: Int, _ x: Input, _ y: Input, _ z: Output) {
        Plain.addRectified(count, x, y, z)
    }

    package static func sumOfSquares(_ count: Int, _ x: Input) -> Double {
        Plain.sumOfSquares(count, x)
    }

    package static func dot(_ count: Int, _ x: Input, _ y: Input) -> Double {
        Plain.dot(count, x, y)
    }

    package static func elementwiseProduct(_ count: Int, _ x: Input, _ y: Input, _ z: Output) {
        Plain.elementwiseProduct(count, x, y, z)
    }

    package static func dropoutMask(_ stream: RandomStream, count: Int, keep: Double, _ mask: Output) {
        Plain.dropoutMask(stream, count: count, keep: keep, mask)
    }

    package static func columnSums(rows: Int, columns: Int, _ matrix: Input, _ sums: Output) {
        Plain.columnSums(rows: rows, columns: columns, matrix, sums)
    }

    package static func biasActivate(
        _ activation: ActivationFunction, rows: Int, columns: Int, bias: Input?, _ z: Output, _ y: Output
    ) {
        Plain.biasActivate(activation, rows: rows, columns: columns, bias: bias, z, y)
    }

    package static func activationGradient(
        _ activation: ActivationFunction, count: Int, z: Input, y: Input, dy: Input, dz: Output
    ) {
        Plain.activationGradient(activation, count: count, z: z, y: y, dy: dy, dz: dz)
    }

    package static func softmaxCrossEntropy(
        rows: Int, classes: Int, logits: Input, labels: UnsafePointer<Int32>, classWeights: Input?, smoothing: Double,
        dLogits: Output
    ) -> LossSum {
        Plain.softmaxCrossEntropy(
            rows: rows, classes: classes, logits: logits, labels: labels, classWeights: classWeights,
            smoothing: smoothing, dLogits: dLogits)
    }

    package static func binaryCrossEntropy(
        rows: Int, outputs: Int, logits: Input, targets: Input, positiveWeights: Input?, dLogits: Output
    ) -> LossSum {
        Plain.binaryCrossEntropy(
            rows: rows, outputs: outputs, logits: logits, targets: targets, positiveWeights: positiveWeights,
            dLogits: dLogits)
    }

    package static func distance(_ distance: Distance, count: Int, values: Input, targets: Input, dValues: Output)
        -> LossSum
    {
        Plain.distance(distance, count: count, values: values, targets: targets, dValues: dValues)
    }

    package static func softmax(rows: Int, classes: Int, logits: Input, probabilities: Output) {
        Plain.softmax(rows: rows, classes: classes, logits: logits, probabilities: probabilities)
    }

    package static func sigmoid(count: Int, logits: Input, probabilities: Output) {
        Plain.sigmoid(count: count, logits: logits, probabilities: probabilities)
    }

    package static func batchNorm(
        rows: Int, channels: Int, _ x: Input, weight: Input, bias: Input, epsilon: Double, mean: Output,
        inverseDeviation: Output, _ y: Output
    ) {
        Plain.batchNorm(
            rows: rows, channels: channels, x, weight: weight, bias: bias, epsilon: epsilon, mean: mean,
            inverseDeviation: inverseDeviation, y)
    }

    package static func normalize(
        rows: Int, channels: Int, _ x: Input, weight: Input, bias: Input, mean: Input, variance: Input, epsilon: Double,
        _ y: Output
    ) {
        Plain.normalize(
            rows: rows, channels: channels, x, weight: weight, bias: bias, mean: mean, variance: variance,
            epsilon: epsilon, y)
    }

    package static func batchNormGradient(
        rows: Int, channels: Int, _ x: Input, weight: Input, mean: Input, inverseDeviation: Input, dy: Input,
        dx: Output, dWeight: Output, dBias: Output
    ) {
        Plain.batchNormGradient(
            rows: rows, channels: channels, x, weight: weight, mean: mean, inverseDeviation: inverseDeviation, dy: dy,
            dx: dx, dWeight: dWeight, dBias: dBias)
    }

    package static func adam(
        _ step: AdamStep, count: Int, gradient: Input, parameter: Output, mean: Output, variance: Output
    ) {
        Plain.adam(step, count: count, gradient: gradient, parameter: parameter, mean: mean, variance: variance)
    }

    package static func descend(_ step: DescentStep, count: Int, gradient: Input, parameter: Output, momentum: Output) {
        Plain.descend(step, count: count, gradient: gradient, parameter: parameter, momentum: momentum)
    }
}
