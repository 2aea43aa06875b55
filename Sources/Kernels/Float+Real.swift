import CKernels
import COneDNN
import COpenBLAS
import Glibc

/// The loops this machine runs fastest, chosen once.
let loops: ck_table = ckernels_best().pointee

private let letterN = CChar(UInt8(ascii: "N"))
private let letterT = CChar(UInt8(ascii: "T"))

/// Single precision computes with OpenBLAS, oneDNN and the loops of CKernels.
extension Float: Real {
    package static func exp(_ x: Float) -> Float { Glibc.expf(x) }
    package static func log(_ x: Float) -> Float { Glibc.logf(x) }
    package static func tanh(_ x: Float) -> Float { Glibc.tanhf(x) }
    package static func erf(_ x: Float) -> Float { Glibc.erff(x) }

    package static func multiply(_ shape: ProductShape, _ a: Input, _ b: Input, beta: Float, _ c: Output) {
        multiply(shape, a, b, beta: beta, c, by: ProductTable.library(shape))
    }

    /// The product by one of the libraries, whatever the table says.
    package static func multiply(
        _ shape: ProductShape, _ a: Input, _ b: Input, beta: Float, _ c: Output, by library: ProductTable.Library
    ) {
        guard shape.rows > 0, shape.columns > 0 else { return }
        // With nothing to sum OpenBLAS would leave c as it is, whatever beta says.
        guard shape.inner > 0 else {
            if beta == 0 { return c.clear(count: shape.rows * shape.columns) }
            return scale(shape.rows * shape.columns, by: beta, c)
        }
        let lda = shape.transposeA ? shape.rows : shape.inner
        let ldb = shape.strideB
        switch library {
        case .openBLAS:
            cblas_sgemm(
                CblasRowMajor, shape.transposeA ? CblasTrans : CblasNoTrans,
                shape.transposeB ? CblasTrans : CblasNoTrans, blasint(shape.rows), blasint(shape.columns),
                blasint(shape.inner), 1, a, blasint(lda), b, blasint(ldb), beta, c, blasint(shape.columns))
        case .oneDNN:
            let status = dnnl_sgemm(
                shape.transposeA ? letterT : letterN, shape.transposeB ? letterT : letterN, dnnl_dim_t(shape.rows),
                dnnl_dim_t(shape.columns), dnnl_dim_t(shape.inner), 1, a, dnnl_dim_t(lda), b, dnnl_dim_t(ldb), beta, c,
                dnnl_dim_t(shape.columns))
            precondition(status == dnnl_success, "dnnl_sgemm refused \(shape)")
        }
    }

    package static func denseKernel(rows: Int, inputs: Int, outputs: Int) -> DenseKernel? {
        guard let product = DenseProduct(rows: rows, inputs: inputs, outputs: outputs) else { return nil }
        return { x, weight, bias, y in product.run(x, weight: weight, bias: bias, y) }
    }

    package static func withFloats<Result>(
        _ count: Int, _ x: Output, _ body: (UnsafeMutablePointer<Float>) -> Result
    ) -> Result {
        body(x)
    }

    package static func gather(
        _ rows: UnsafeBufferPointer<Int32>, width: Int, from matrix: UnsafePointer<Float>, _ to: Output
    ) {
        for (index, row) in rows.enumerated() {
            (to + index * width).update(from: matrix + Int(row) * width, count: width)
        }
    }

    package static func scale(_ count: Int, by factor: Float, _ x: Output) {
        loops.scale(count, factor, x)
    }

    package static func add(_ count: Int, _ x: Input, to y: Output) {
        loops.add(count, x, y)
    }

    package static func add(_ count: Int, _ factor: Float, times x: Input, to y: Output) {
        loops.axpy(count, factor, x, y)
    }

    package static func addRectified(_ count: Int, _ x: Input, _ y: Input, _ z: Output) {
        loops.add_rectified(count, x, y, z)
    }

    package static func sumOfSquares(_ count: Int, _ x: Input) -> Double {
        loops.sum_of_squares(count, x)
    }

    package static func dot(_ count: Int, _ x: Input, _ y: Input) -> Double {
        loops.dot(count, x, y)
    }

    package static func columnSums(rows: Int, columns: Int, _ matrix: Input, _ sums: Output) {
        loops.column_sums(rows, columns, matrix, sums)
    }
}
