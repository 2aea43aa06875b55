import Kernels

/// The mean of the vectors of a text's tokens, from a table `[ids, width]`.
final class EmbeddingMeanLayer<Number: Real>: Layer {
    private let length: Int
    private let width: Int
    private let weight: Int
    private let gradient: EmbeddingGradient<Number>
    private let output: AlignedBuffer<Number>

    init(_ layer: NetworkPlan.PlacedLayer, rowsMax: Int, width: Int) throws {
        let (length, ids) = try layer.input.tokens(for: layer.name)
        self.length = length
        self.width = width
        weight = layer.parameters[0]
        gradient = try EmbeddingGradient(ids: ids, width: width, tokensMax: try product(rowsMax, length))
        output = try AlignedBuffer(count: try product(rowsMax, width))
    }

    func forward(_ input: UnsafePointer<Number>, _ pass: Pass<Number>) -> UnsafePointer<Number> {
        Number.embeddingMean(shape(pass), pass.text, table: pass.parameters + weight, output.pointer)
        return UnsafePointer(output.pointer)
    }

    func backward(
        _ dOutput: UnsafeMutablePointer<Number>, _ pass: Pass<Number>, gradients: UnsafeMutablePointer<Number>,
        needsInput: Bool
    ) -> UnsafeMutablePointer<Number> {
        gradient.clear(gradients + weight, for: pass, length: length)
        Number.addEmbeddingMeanGradient(shape(pass), pass.text, dy: dOutput, to: gradients + weight)
        return dOutput
    }

    private func shape(_ pass: Pass<Number>) -> TokenShape {
        TokenShape(rows: pass.rows, length: length, width: width)
    }
}

extension Pass {
    var text: TokenRows { TokenRows(ids: indices, lengths: lengths) }
}
