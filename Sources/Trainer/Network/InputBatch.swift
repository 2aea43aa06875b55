import Datasets
import Kernels

/// The inputs of one mini-batch, copied from wherever the rows stand in the data.
final class InputBatch<Number: Real> {
    private let buffer: AlignedBuffer<Number>
    private let indexBuffer: AlignedBuffer<Int32>
    private let lengthBuffer: AlignedBuffer<Int32>

    init(_ shape: SignalShape, rowsMax: Int) throws(PlanError) {
        buffer = AlignedBuffer(count: try product(rowsMax, try shape.count()))
        indexBuffer = AlignedBuffer(count: 0)
        lengthBuffer = AlignedBuffer(count: 0)
    }

    /// `[rows, inputs]`.
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
        case .images, .tokens:
            preconditionFailure("these inputs have no network yet")
        }
    }
}
