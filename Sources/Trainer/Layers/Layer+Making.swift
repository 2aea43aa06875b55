import Kernels

extension [NetworkPlan.PlacedLayer] {
    /// The layers at work, with memory for `rowsMax` rows; neighbours that one kernel computes together become one.
    ///
    /// - Parameter blocks: how channels of an image stand together behind the first convolution; nil for planes.
    /// - Throws: `PlanError.impossible` where blocks were asked for and the library has no convolution for them.
    func makeLayers<Number: Real>(
        rowsMax: Int, blocks: BlockedWorkspace?, as: Number.Type
    ) throws -> [any Layer<Number>] {
        var layers: [any Layer<Number>] = []
        var index = startIndex
        while index < endIndex {
            let next = index + 1 < endIndex ? self[index + 1] : nil
            let made = try self[index].makeLayer(before: next, rowsMax: rowsMax, blocks: blocks, as: Number.self)
            layers.append(made.layer)
            index += made.takesNext ? 2 : 1
        }
        return layers
    }
}

extension NetworkPlan.PlacedLayer {
    /// The layer as one kernel, if it is a convolution with few weights.
    ///
    /// - Parameter next: the layer behind it, to be part of the kernel; nil for the convolution alone.
    func narrowConvolution(before next: NetworkPlan.PlacedLayer?) throws(PlanError) -> NarrowConvolution? {
        guard case .convolution(let filters, _, _, _, _, let activation) = plan else { return nil }
        if let next {
            guard case .pool(.largest, size: 2) = next.plan else { return nil }
        }
        return NarrowConvolution(try window(), filters: filters, activation: activation, pools: next != nil)
    }

    /// How a convolution looks at its images.
    private func window() throws(PlanError) -> ImageWindow {
        guard case .convolution(_, let kernel, let stride, let padding, _, _) = plan else {
            throw .impossible(layer: name, detail: "it is no convolution")
        }
        return ImageWindow(try input.image(for: name), kernel: kernel, stride: stride, padding: padding)
    }

    /// The layer at work, together with the next one where one kernel computes both.
    fileprivate func makeLayer<Number: Real>(
        before next: NetworkPlan.PlacedLayer?, rowsMax: Int, blocks: BlockedWorkspace?, as: Number.Type
    ) throws -> (layer: any Layer<Number>, takesNext: Bool) {
        if let blocks {
            let rectifies = next?.plan == .activation(.relu)
            if let blocked = try makeBlockedLayer(rowsMax: rowsMax, blocks: blocks, rectifies: rectifies) {
                // Blocks are asked for in single precision only.
                guard let layer = blocked as? any Layer<Number> else {
                    throw PlanError.impossible(layer: name, detail: "blocks are for single precision")
                }
                return (layer, plan == .batchNorm && rectifies)
            }
        } else if let next, let narrow = try narrowConvolution(before: next) {
            return (try NarrowConvolutionLayer<Number>(self, rowsMax: rowsMax, shape: narrow), true)
        }
        return (try makeLayer(rowsMax: rowsMax, blocks: blocks, as: Number.self), false)
    }

    /// The layer on images in blocks; nil where the layout does not matter to it.
    private func makeBlockedLayer(
        rowsMax: Int, blocks: BlockedWorkspace, rectifies: Bool
    ) throws -> (any Layer<Float>)? {
        switch plan {
        case .convolution(let filters, _, _, _, _, _):
            guard
                let layer = try BlockedConvolutionLayer(
                    self, rowsMax: rowsMax, window: try window(), filters: filters, workspace: blocks)
            else { throw PlanError.impossible(layer: name, detail: "the library has no convolution in blocks") }
            return layer
        case .batchNorm: return try BlockedNormLayer(self, rowsMax: rowsMax, block: blocks.block, rectifies: rectifies)
        case .globalMean: return try BlockedMeanLayer(self, rowsMax: rowsMax, block: blocks.block)
        default: return nil
        }
    }

    /// The layer with memory for `rowsMax` rows. The plan's sizes have been counted, so their products fit.
    private func makeLayer<Number: Real>(
        rowsMax: Int, blocks: BlockedWorkspace?, as: Number.Type
    ) throws -> any Layer<Number> {
        switch plan {
        case .dense(_, _, let activation):
            try DenseLayer<Number>(self, rowsMax: rowsMax, activation: activation)
        case .activation(let activation):
            try ActivationLayer<Number>(self, rowsMax: rowsMax, activation: activation)
        case .dropout(let rate):
            try DropoutLayer<Number>(self, rowsMax: rowsMax, rate: rate)
        case .batchNorm:
            try BatchNormLayer<Number>(self, rowsMax: rowsMax)
        case .augmentation(let padding, let flips):
            try AugmentationLayer<Number>(self, rowsMax: rowsMax, padding: padding, flips: flips)
        case .convolution(let filters, _, _, _, _, let activation):
            if let narrow = try narrowConvolution(before: nil) {
                try NarrowConvolutionLayer<Number>(self, rowsMax: rowsMax, shape: narrow)
            } else {
                try ConvolutionLayer<Number>(
                    self, rowsMax: rowsMax, window: try window(), filters: filters, activation: activation)
            }
        case .pool(let kind, let size):
            try PoolLayer<Number>(self, rowsMax: rowsMax, kind: kind, size: size)
        case .globalMean:
            try GlobalMeanLayer<Number>(self, rowsMax: rowsMax)
        case .residual(let main, let shortcut):
            try ResidualLayer<Number>(self, rowsMax: rowsMax, main: main, shortcut: shortcut, blocks: blocks)
        case .columnEmbedding:
            try ColumnEmbeddingLayer<Number>(self, rowsMax: rowsMax)
        case .embeddingMean(let width):
            try EmbeddingMeanLayer<Number>(self, rowsMax: rowsMax, width: width)
        case .embedding(let width):
            try EmbeddingLayer<Number>(self, rowsMax: rowsMax, width: width)
        case .tokenConvolution(let kernels, let filters):
            try TokenConvolutionLayer<Number>(self, rowsMax: rowsMax, kernels: kernels, filters: filters)
        }
    }
}

extension ImageWindow {
    fileprivate init(
        _ image: (height: Int, width: Int, channels: Int), kernel: Int, stride: Int, padding: Int
    ) {
        self.init(
            channels: image.channels, height: image.height, width: image.width, kernel: kernel, stride: stride,
            padding: padding)
    }
}
