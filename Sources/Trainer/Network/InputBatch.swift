import Datasets
import Kernels

/// The inputs of one mini-batch, copied from wherever the rows stand in the data.
final class InputBatch<Number: Real> {
    private let buffer: AlignedBuffer<Number>
    private let indexBuffer: AlignedBuffer<Int32>
    private let lengthBuffer: AlignedBuffer<Int32>

    init(_ shape: SignalShape, rowsMax: Int) throws(PlanError) {
        buffer = AlignedBuffer(count: try product(rowsMax, try shape.count()))
        indexBuffer = AlignedBuffer(count: try product(rowsMax, shape.indices))
        lengthBuffer = AlignedBuffer(count: shape.indices > 0 ? rowsMax : 0)
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
        case .images(let tensor): gather(rows, from: tensor)
        case .tokens(let matrix): gather(rows, from: matrix)
        }
    }

    private func gather(_ rows: UnsafeBufferPointer<Int32>, from tensor: ImageTensor) {
        precondition(rows.count * tensor.shape.count <= buffer.count, "\(rows.count) images do not fit the batch")
        let preprocessing = tensor.preprocessing
        let area = tensor.shape.height * tensor.shape.width
        let factors = preprocessing.deviations.map { Float(preprocessing.scale / $0) }
        let offsets = zip(preprocessing.means, preprocessing.deviations).map { Float($0 / $1) }
        switch tensor.pixels {
        case .bytes(let pixels): gatherPlanes(rows, area, pixels, factors, offsets)
        case .floats(let pixels): gatherPlanes(rows, area, pixels, factors, offsets)
        }
    }

    private func gatherPlanes(
        _ rows: UnsafeBufferPointer<Int32>, _ area: Int, _ pixels: [some PixelValue], _ factors: [Float],
        _ offsets: [Float]
    ) {
        pixels.withUnsafeBufferPointer { pixels in
            guard let base = pixels.baseAddress, !rows.isEmpty else { return }
            Number.gatherPlanes(rows, area: area, from: base, factors: factors, offsets: offsets, buffer.pointer)
        }
    }

    private func gather(_ rows: UnsafeBufferPointer<Int32>, from matrix: TokenMatrix) {
        let length = matrix.tokensMax
        precondition(rows.count * length <= indexBuffer.count, "\(rows.count) texts do not fit the batch")
        matrix.ids.withUnsafeBufferPointer { ids in
            guard let base = ids.baseAddress else { return }
            for (index, row) in rows.enumerated() {
                (indexBuffer.pointer + index * length).update(from: base + Int(row) * length, count: length)
            }
        }
        for (index, row) in rows.enumerated() { lengthBuffer.pointer[index] = matrix.lengths[Int(row)] }
    }
}
