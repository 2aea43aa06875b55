import COneDNN

/// Which library computes which matrix product.
///
/// A fixed rule per machine, never a race at run time: two libraries round differently, and a job must give the same bytes
/// each time. `Benchmarks/products` measures the products of training steps with both.
package enum ProductTable {
    package enum Library: Sendable, Equatable {
        case openBLAS, oneDNN
    }

    /// Up to so many multiplications oneDNN's kernels, made for the very shape, win everywhere measured: they need no
    /// packing of the operands.
    static let smallProductMultiplications = 128 * 256 * 128

    /// OpenBLAS 0.3.21 has kernels for AVX-512 on Intel's processors only and runs at AVX2's width elsewhere (125 GFLOP/s
    /// of about 270 on a Zen 5 core), while oneDNN goes by what the processor can do. On AVX2 machines OpenBLAS is the
    /// faster one at larger sizes (70–78 GFLOP/s against 39–45).
    package static func library(_ shape: ProductShape) -> Library {
        if hasWideVectors { return .oneDNN }
        let (slice, overflow) = shape.rows.multipliedReportingOverflow(by: shape.columns)
        let (count, tooLarge) = slice.multipliedReportingOverflow(by: shape.inner)
        guard !overflow, !tooLarge, runsGeneratedCode else { return .openBLAS }
        return count <= smallProductMultiplications ? .oneDNN : .openBLAS
    }

    /// Whether oneDNN generates AVX-512 code here.
    static let hasWideVectors: Bool = {
        #if arch(x86_64)
            let isa = dnnl_get_effective_cpu_isa().rawValue
            // The enumeration grows bit by bit, each set holding the ones before it.
            return isa & dnnl_cpu_isa_avx512_core.rawValue == dnnl_cpu_isa_avx512_core.rawValue
        #else
            return false
        #endif
    }()

    /// Whether oneDNN generates code for this processor at all.
    static let runsGeneratedCode: Bool = {
        #if arch(x86_64)
            let isa = dnnl_get_effective_cpu_isa().rawValue
            return isa & dnnl_cpu_isa_avx2.rawValue == dnnl_cpu_isa_avx2.rawValue
        #else
            return false
        #endif
    }()
}
