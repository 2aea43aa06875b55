import Kernels

/// A vector for each token, from a table `[ids, width]`; 0 behind a text's last token.
final class EmbeddingLayer<Number: Real>: Layer {
    private let length: Int
    private let width: Int
    private let weight: Int
    private let gradient: EmbeddingGradient<Number>
    /// `[rowsMax, length, width]`.
    private let output: AlignedBuffer<Number>

    init(_ layer: NetworkPlan.PlacedLayer, rowsMax: Int, width: Int) throws {
        let (length, ids) = try layer.input.tokens(for: layer.name)
        self.length = length
        self.width = width
        weight = layer.parameters[0]
        gradient = try EmbeddingGradient(ids: ids, width: width, tokensMax: try product(rowsMax, length))
        output = try AlignedBuffer(count: try product(rowsMax, length, width))
    }

    func forward(_ input: UnsafePointer<Number>, _ pass: Pass<Number>) -> UnsafePointer<Number> {
        let table = pass.parameters + weight
        for row in 0..<pass.rows {
            let tokens = Int(pass.lengths[row])
            let vectors = output.pointer + row * length * width
            for token in 0..<tokens {
                let id = Int(pass.indices[row * length + token])
                (vectors + token * width).update(from: table + id * width, count: width)
            }
            (vectors + tokens * width).clear(count: (length - tokens) * width)
        }
        return UnsafePointer(output.pointer)
    }

    func backward(
        _ dOutput: UnsafeMutablePointer<Number>, _ pass: Pass<Number>, gradients: UnsafeMutablePointer<Number>,
        needsInput: Bool
    ) -> UnsafeMutablePointer<Number> {
        let dTable = gradients + weight
        gradient.clear(dTable, for: pass, length: length)
        for row in 0..<pass.rows {
            for token in 0..<Int(pass.lengths[row]) {
                let id = Int(pass.indices[row * length + token])
                Number.add(width, dOutput + (row * length + token) * width, to: dTable + id * width)
            }
        }
        return dOutput
    }
}
