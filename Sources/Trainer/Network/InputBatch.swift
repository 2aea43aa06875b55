import Datasets
import Kernels

/// The inputs of one mini-batch, copied from wherever the rows stand in the data.
final class InputBatch<Number: Real> {
    private let buffer: AlignedBuffer<Number>
    private let indexBuffer: AlignedBuffer<Int32>
    private let lengthBuffer: AlignedBuffer<Int32>
    private var lastScaling: Scaling?

    private struct Scaling {
        let preprocessing: ImagePreprocessing
        /// One a channel: value = pixel · factor − offset.
        let factors: [Float]
        let offsets: [Float]
    }

    init(_ shape: SignalShape, rowsMax: Int) throws {
        buffer = try AlignedBuffer(count: try product(rowsMax, try shape.count()))
        indexBuffer = try AlignedBuffer(count: try product(rowsMax, shape.indices))
        lengthBuffer = try AlignedBuffer(count: shape.indices > 0 ? rowsMax : 0)
    }

    /// `[rows, inputs]`; of images `[rows, channels, height, width]`, scaled and standardised.
    var values: UnsafePointer<Number> { UnsafePointer(buffer.pointer) }
    var indices: UnsafePointer<Int32> { UnsafePointer(indexBuffer.pointer) }
    var lengths: UnsafePointer<Int32> { UnsafePointer(lengthBuffer.pointer) }

    /// Copies rows; there are no more of them than the batch was made for.
    func gather(_ rows: UnsafeBufferPointer<Int32>, from inputs: EncodedInputs) {
        switch inputs {
        case .features(let matrix):
            precondition(rows.count * matrix.features <= buffer.count, "\(rows.count) rows do not fit the batch")
            matrix.values.withUnsafeBufferPointer { values in
                guard let base = values.baseAddress, !rows.isEmpty else { return }
                Number.gather(rows, width: matrix.features, from: base, buffer.pointer)
            }
            gatherIndices(rows, width: matrix.embeddings.count, from: matrix.indices)
        case .images(let tensor): gather(rows, from: tensor)
        case .tokens(let matrix): gather(rows, from: matrix)
        }
    }

    private func gather(_ rows: UnsafeBufferPointer<Int32>, from tensor: ImageTensor) {
        precondition(rows.count * tensor.shape.count <= buffer.count, "\(rows.count) images do not fit the batch")
        let area = tensor.shape.height * tensor.shape.width
        let scaling = scaling(tensor.preprocessing)
        switch tensor.pixels {
        case .bytes(let pixels):
            pixels.withUnsafeBufferPointer { pixels in
                guard let base = pixels.baseAddress, !rows.isEmpty else { return }
                Number.gatherPlanes(
                    rows, area: area, from: base, factors: scaling.factors, offsets: scaling.offsets, buffer.pointer)
            }
        case .floats(let pixels):
            pixels.withUnsafeBufferPointer { pixels in
                guard let base = pixels.baseAddress, !rows.isEmpty else { return }
                Number.gatherPlanes(
                    rows, area: area, from: base, factors: scaling.factors, offsets: scaling.offsets, buffer.pointer)
            }
        }
    }

    /// How pixels become values, made once for the images that come mini-batch after mini-batch.
    private func scaling(_ preprocessing: ImagePreprocessing) -> Scaling {
        if let known = lastScaling, known.preprocessing == preprocessing { return known }
        let made = Scaling(
            preprocessing: preprocessing,
            factors: preprocessing.deviations.map { Float(preprocessing.scale / $0) },
            offsets: zip(preprocessing.means, preprocessing.deviations).map { Float($0 / $1) })
        lastScaling = made
        return made
    }

    private func gather(_ rows: UnsafeBufferPointer<Int32>, from matrix: TokenMatrix) {
        gatherIndices(rows, width: matrix.tokensMax, from: matrix.ids)
        for index in rows.indices { lengthBuffer.pointer[index] = matrix.lengths[Int(rows[index])] }
    }

    private func gatherIndices(_ rows: UnsafeBufferPointer<Int32>, width: Int, from source: [Int32]) {
        precondition(rows.count * width <= indexBuffer.count, "\(rows.count) rows of indices do not fit the batch")
        source.withUnsafeBufferPointer { source in
            guard let base = source.baseAddress else { return }
            for index in rows.indices {
                (indexBuffer.pointer + index * width).update(from: base + Int(rows[index]) * width, count: width)
            }
        }
    }
}
