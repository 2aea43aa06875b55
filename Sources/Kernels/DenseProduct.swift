import COneDNN

/// y ← x·Wᵀ + b for one set of sizes, x `[rows, inputs]`, W `[outputs, inputs]`, b `[outputs]`: a kernel that oneDNN makes for
/// them. With AVX-512 it takes 2 to 10 % less than a product whose kernel is looked up each time, more where the sizes are
/// small or odd, and the bias comes with it; elsewhere the library has nothing of the kind.
///
/// The activation stays outside: the library's rectifier makes 0 of what is not a number, and a run that diverges must be
/// seen to. Thread-confined.
final class DenseProduct {
    private let primitive: OneDNN.Primitive
    private let scratch: AlignedBuffer<UInt8>

    /// - Returns: nil where the general product is as fast, or memory is exhausted.
    init?(rows: Int, inputs: Int, outputs: Int) {
        // For a single output the general product has a kernel of its own.
        guard ProductTable.hasWideVectors, rows > 0, inputs > 0, outputs > 1,
            var x = OneDNN.layout([rows, inputs], dnnl_ab), var weight = OneDNN.layout([inputs, outputs], dnnl_ba),
            var bias = OneDNN.layout([1, outputs], dnnl_ab), var y = OneDNN.layout([rows, outputs], dnnl_ab)
        else { return nil }
        var operation = dnnl_matmul_desc_t()
        guard dnnl_matmul_desc_init(&operation, &x, &weight, &bias, &y) == dnnl_success,
            let description = OneDNN.Description(operation), let xLayout = description.layout(dnnl_query_src_md),
            let weightLayout = description.layout(dnnl_query_weights_md),
            let biasLayout = description.layout(dnnl_query_weights_md, 1),
            let yLayout = description.layout(dnnl_query_dst_md),
            let primitive = OneDNN.Primitive(
                description,
                [
                    (DNNL_ARG_SRC, xLayout), (DNNL_ARG_WEIGHTS, weightLayout), (DNNL_ARG_BIAS, biasLayout),
                    (DNNL_ARG_DST, yLayout),
                ]),
            let scratch = try? AlignedBuffer<UInt8>(count: max(1, primitive.scratchBytes))
        else { return nil }
        self.primitive = primitive
        self.scratch = scratch
    }

    func run(
        _ x: UnsafePointer<Float>, weight: UnsafePointer<Float>, bias: UnsafePointer<Float>,
        _ y: UnsafeMutablePointer<Float>
    ) {
        primitive.run(x, weight, bias, y, scratch: scratch.pointer)
    }
}
