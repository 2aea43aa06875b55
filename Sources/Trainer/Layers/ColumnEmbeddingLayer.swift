import Datasets
import Kernels

/// The features of a table's row `[features]`, and behind them the vector of each embedded column, from its own table
/// `[cardinality, width]` (Guo & Berkhahn 2016).
final class ColumnEmbeddingLayer<Number: Real>: Layer {
    private let features: Int
    private let embeddings: [ColumnEmbedding]
    /// Where each column's table starts in the flat vector.
    private let tables: [Int]
    /// Numbers of a row behind the layer.
    private let width: Int
    private let output: AlignedBuffer<Number>

    init(_ layer: NetworkPlan.PlacedLayer, rowsMax: Int) throws {
        (features, embeddings) = try layer.input.columns(for: layer.name)
        tables = layer.parameters
        width = try layer.output.count()
        output = try AlignedBuffer(count: try product(rowsMax, width))
    }

    func forward(_ input: UnsafePointer<Number>, _ pass: Pass<Number>) -> UnsafePointer<Number> {
        for row in 0..<pass.rows {
            (output.pointer + row * width).update(from: input + row * features, count: features)
        }
        forEachVector(pass) { vector, place, width in
            (output.pointer + place).update(from: pass.parameters + vector, count: width)
        }
        return UnsafePointer(output.pointer)
    }

    /// It stands before all other layers, so nobody reads a gradient of the features.
    func backward(
        _ dOutput: UnsafeMutablePointer<Number>, _ pass: Pass<Number>, gradients: UnsafeMutablePointer<Number>,
        needsInput: Bool
    ) -> UnsafeMutablePointer<Number> {
        precondition(!needsInput, "a table's features have no gradient")
        for (table, embedding) in zip(tables, embeddings) {
            (gradients + table).clear(count: embedding.cardinality * embedding.width)
        }
        forEachVector(pass) { vector, place, width in
            Number.add(width, dOutput + place, to: gradients + vector)
        }
        return dOutput
    }

    /// Calls `body` for each row and embedded column with the place of the vector in the flat vectors, its place in the
    /// output, and its width.
    private func forEachVector(_ pass: Pass<Number>, _ body: (Int, Int, Int) -> Void) {
        for row in 0..<pass.rows {
            var place = row * width + features
            for (column, embedding) in embeddings.enumerated() {
                let index = Int(pass.indices[row * embeddings.count + column])
                body(tables[column] + index * embedding.width, place, embedding.width)
                place += embedding.width
            }
        }
    }
}
