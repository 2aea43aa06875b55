import Jobs
import Kernels

/// The trunks that specs ask for, as lists of layers.
extension NetworkPlan {
    static func trunk(_ encoder: EncoderSpec, input: SignalShape) throws(PlanError) -> [LayerPlan] {
        switch encoder {
        case .mlp(let spec):
            if case .tokens = input { throw .impossible(layer: "trunk", detail: "mlp reads no texts") }
            let activation = ActivationFunction(spec.activation)
            let isEmbedded = if case .columns = input { true } else { false }
            return (isEmbedded ? [.columnEmbedding] : [])
                + spec.hidden.flatMap { dense($0, activation, batchNorm: spec.batchNorm, dropout: spec.dropout) }
        case .cnn(let spec): return spec.blocks.flatMap(block) + spec.dense.flatMap { dense($0, .relu) }
        case .resnet(let spec): return try residual(spec)
        case .text(let spec): return text(spec)
        }
    }

    static func dense(
        _ width: Int, _ activation: ActivationFunction, batchNorm: Bool = false, dropout: Double = 0
    ) -> [LayerPlan] {
        let layers: [LayerPlan] =
            batchNorm
            ? [.dense(outputs: width, bias: false, activation: .identity), .batchNorm, .activation(activation)]
            : [.dense(outputs: width, activation: activation)]
        return dropout > 0 ? layers + [.dropout(rate: dropout)] : layers
    }

    private static func block(_ block: CNNSpec.Block) -> [LayerPlan] {
        let activation = ActivationFunction(block.activation)
        var layers: [LayerPlan] = [
            .convolution(
                filters: block.filters, kernel: block.kernel, stride: block.stride, padding: block.padding,
                bias: !block.batchNorm, activation: block.batchNorm ? .identity : activation)
        ]
        if block.batchNorm { layers += [.batchNorm, .activation(activation)] }
        switch block.pool {
        case .max: layers.append(.pool(.largest, size: block.poolSize))
        case .average: layers.append(.pool(.mean, size: block.poolSize))
        case .none: break
        }
        if block.dropout > 0 { layers.append(.dropout(rate: block.dropout)) }
        return layers
    }

    /// He et al. 2016, section 4.2 and Table 1: a stem of one 3×3 convolution, four stages of basic blocks, the mean.
    private static func residual(_ spec: ResNetSpec) throws(PlanError) -> [LayerPlan] {
        var layers: [LayerPlan] = []
        if !spec.augmentation.isEmpty {
            layers.append(
                .augmentation(
                    padding: spec.augmentation.contains(.randomCrop) ? 4 : 0,
                    flips: spec.augmentation.contains(.horizontalFlip)))
        }
        layers += normalized(filters: spec.width, kernel: 3, stride: 1) + [.activation(.relu)]
        var channels = spec.width
        let stages = spec.depth == 34 ? [3, 4, 6, 3] : [2, 2, 2, 2]
        for (stage, blocks) in stages.enumerated() {
            let filters = try product(spec.width, 1 << stage)
            for block in 0..<blocks {
                let stride = stage > 0 && block == 0 ? 2 : 1
                layers.append(
                    .residual(
                        main: normalized(filters: filters, kernel: 3, stride: stride) + [.activation(.relu)]
                            + normalized(filters: filters, kernel: 3, stride: 1),
                        shortcut: stride == 1 && channels == filters
                            ? [] : normalized(filters: filters, kernel: 1, stride: stride)))
                channels = filters
            }
        }
        return layers + [.globalMean]
    }

    private static func normalized(filters: Int, kernel: Int, stride: Int) -> [LayerPlan] {
        [
            .convolution(
                filters: filters, kernel: kernel, stride: stride, padding: kernel / 2, bias: false,
                activation: .identity), .batchNorm,
        ]
    }

    private static func text(_ spec: TextSpec) -> [LayerPlan] {
        var layers: [LayerPlan] =
            switch spec.variant {
            case .mean: [.embeddingMean(width: spec.embedding)]
            case .conv:
                [.embedding(width: spec.embedding), .tokenConvolution(kernels: spec.kernels, filters: spec.filters)]
            }
        if spec.dropout > 0 { layers.append(.dropout(rate: spec.dropout)) }
        return layers + spec.dense.flatMap { dense($0, .relu, dropout: spec.dropout) }
    }
}
