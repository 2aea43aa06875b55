import Foundation
import Kernels

// Measures each matrix product of the training table's cases, and some between and beyond them, with both libraries, in
// turn, one thread, as the median over rounds. A line says what the table chooses and whether the other library was faster
// by more than the noise; the program ends with 1 if the choices together cost more than `lossLimit` of the best ones.

let rounds = 9
let secondsPerRound = 0.02
/// What a single choice may lose before the line is marked.
let markedLoss = 0.1
let lossLimit = 0.05

struct Measurement: Encodable {
    let rows: Int
    let inner: Int
    let columns: Int
    let transposed: String
    /// GFLOP/s.
    let openBLAS: Double
    let oneDNN: Double
    let chosen: String
}

/// A dense layer's three products: forward, the weights' gradient, the input's.
func products(batch: Int, inputs: Int, outputs: Int) -> [ProductShape] {
    [
        ProductShape(rows: batch, inner: inputs, columns: outputs, transposeB: true),
        ProductShape(rows: outputs, inner: batch, columns: inputs, transposeA: true),
        ProductShape(rows: batch, inner: outputs, columns: inputs),
    ]
}

let layers: [(batch: Int, inputs: Int, outputs: Int)] = [
    (128, 64, 256), (128, 256, 128), (128, 128, 10), (128, 128, 1), (256, 784, 1024), (256, 1024, 1024),
    (256, 1024, 512), (256, 512, 10), (256, 500, 50), (64, 512, 100), (128, 128, 128), (32, 32, 32), (64, 256, 256),
    (128, 256, 256), (128, 512, 512), (256, 256, 512), (512, 1024, 1024), (17, 101, 61),
]

func gigaflops(_ shape: ProductShape, _ library: ProductTable.Library) throws -> Double {
    let a = try AlignedBuffer<Float>(count: shape.rows * shape.inner, repeating: 0.5)
    let b = try AlignedBuffer<Float>(count: shape.inner * shape.columns, repeating: 0.25)
    let c = try AlignedBuffer<Float>(count: shape.rows * shape.columns)
    func seconds(_ repeats: Int) -> Double {
        let start = DispatchTime.now().uptimeNanoseconds
        for _ in 0..<repeats { Float.multiply(shape, a.pointer, b.pointer, beta: 0, c.pointer, by: library) }
        return Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
    }
    _ = seconds(2)
    let repeats = max(1, Int(secondsPerRound / max(seconds(1), 1e-7)))
    return 2e-9 * Double(shape.rows * shape.inner * shape.columns * repeats) / seconds(repeats)
}

func median(_ values: [Double]) -> Double {
    values.sorted()[values.count / 2]
}

Threads.use(1)
var measurements: [Measurement] = []
var (spent, best) = (0.0, 0.0)
print("  rows inner columns        OpenBLAS    oneDNN  (GFLOP/s)")
for shape in layers.flatMap({ products(batch: $0.batch, inputs: $0.inputs, outputs: $0.outputs) }) {
    let pairs = try (0..<rounds).map { _ in (try gigaflops(shape, .openBLAS), try gigaflops(shape, .oneDNN)) }
    let (blas, dnn) = (median(pairs.map(\.0)), median(pairs.map(\.1)))
    let isBLAS = ProductTable.library(shape) == .openBLAS
    let (own, other) = isBLAS ? (blas, dnn) : (dnn, blas)
    spent += 1 / own * max(own, other)
    best += 1
    let transposed = (shape.transposeA ? "T" : "N") + (shape.transposeB ? "T" : "N")
    measurements.append(
        Measurement(
            rows: shape.rows, inner: shape.inner, columns: shape.columns, transposed: transposed, openBLAS: blas,
            oneDNN: dnn, chosen: isBLAS ? "OpenBLAS" : "oneDNN"))
    let mark = other > own * (1 + markedLoss) ? "  the other is faster" : ""
    print(
        String(
            format: "%6d %5d %7d %@ %12.1f %9.1f  ", shape.rows, shape.inner, shape.columns, transposed, blas, dnn)
            + (isBLAS ? "OpenBLAS" : "oneDNN") + mark)
}
if CommandLine.arguments.count > 1 {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try encoder.encode(measurements).write(to: URL(fileURLWithPath: CommandLine.arguments[1]))
}
let loss = spent / best - 1
print(String(format: "the table's choices take %.1f %% longer than the best ones", loss * 100))
exit(loss > lossLimit ? 1 : 0)
