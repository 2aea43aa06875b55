import CKernels

extension Float {
    package static func scratch(_ layer: NarrowConvolution) -> Int {
        var layer = ck_narrow(layer)
        return loops.narrow_scratch(&layer)
    }

    package static func winners(_ layer: NarrowConvolution, images: Int) -> Int {
        var layer = ck_narrow(layer)
        return loops.narrow_winners(&layer, images)
    }

    package static func convolve(
        _ layer: NarrowConvolution, images: Int, _ x: Input, weight: Input, bias: Input?, _ y: Output,
        winners: UnsafeMutablePointer<Int8>, scratch: Output
    ) {
        var layer = ck_narrow(layer)
        loops.narrow_convolve(&layer, images, x, weight, bias, y, winners, scratch)
    }

    package static func convolveGradient(
        _ layer: NarrowConvolution, images: Int, _ x: Input, weight: Input, winners: UnsafePointer<Int8>, dy: Input,
        dx: Output?, dWeight: Output, dBias: Output?, scratch: Output
    ) {
        var layer = ck_narrow(layer)
        loops.narrow_gradient(&layer, images, x, weight, winners, dy, dx, dWeight, dBias, scratch)
    }
}

extension ck_narrow {
    fileprivate init(_ layer: NarrowConvolution) {
        self.init(
            window: ck_window(layer.window), filters: layer.filters, pools: layer.pools, rectifies: layer.rectifies)
    }
}
