import Kernels

/// The gradient of a table of embeddings `[ids, width]`: zero but for the rows of a mini-batch's tokens.
///
/// A dense gradient, as the optimiser reads it; only what the mini-batch before wrote is cleared, because clearing a large
/// table takes longer than all else.
final class EmbeddingGradient<Number: Real> {
    private let ids: Int
    private let width: Int
    /// Tokens whose rows were written, and where.
    private let written: AlignedBuffer<Int32>
    private var writtenCount = 0
    private var target: UnsafeMutablePointer<Number>?

    init(ids: Int, width: Int, tokensMax: Int) throws {
        self.ids = ids
        self.width = width
        written = try AlignedBuffer(count: tokensMax, repeating: 0)
    }

    /// Makes the gradient all zero, ready for the tokens of this mini-batch to add to it.
    func clear(_ gradient: UnsafeMutablePointer<Number>, for pass: Pass<Number>, length: Int) {
        if target == gradient {
            for index in 0..<writtenCount {
                (gradient + Int(written.pointer[index]) * width).clear(count: width)
            }
        } else {
            gradient.clear(count: ids * width)
            target = gradient
        }
        writtenCount = 0
        for row in 0..<pass.rows {
            let tokens = Int(pass.lengths[row])
            (written.pointer + writtenCount).update(from: pass.indices + row * length, count: tokens)
            writtenCount += tokens
        }
    }
}
