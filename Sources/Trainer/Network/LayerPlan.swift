package import Kernels

/// One layer as a value: what it computes, not yet where.
package enum LayerPlan: Sendable, Hashable {
    /// y = f(x·Wᵀ + b), W `[outputs, inputs]`; b is left out before a batch norm.
    case dense(outputs: Int, bias: Bool = true, activation: ActivationFunction)
    case activation(ActivationFunction)
    /// Per channel over the batch (and the pixels of images), ε 1e-5, momentum .1.
    case batchNorm
    /// Inverted dropout: kept values grow by 1/(1 − rate).
    case dropout(rate: Double)
    /// In training only: a random crop out of the image with `padding` zeros all round, and a mirror image every other time.
    case augmentation(padding: Int, flips: Bool)
    /// y = f(x * W + b), W `[filters, channels, kernel, kernel]`; b is left out before a batch norm.
    case convolution(
        filters: Int, kernel: Int, stride: Int = 1, padding: Int = 0, bias: Bool = true,
        activation: ActivationFunction)
    /// Squares side by side; what is left at the right and the bottom is not read.
    case pool(PoolKind, size: Int)
    /// The mean of each channel.
    case globalMean
    /// y = relu(main(x) + shortcut(x)); an empty shortcut is x itself (He et al. 2016).
    case residual(main: [LayerPlan], shortcut: [LayerPlan])
    /// The features of a table's row, and behind them a vector for each embedded column, tables `[cardinality, width]`.
    case columnEmbedding
    /// The mean of the vectors of a text's tokens, table `[ids, width]`; 0 for an empty text.
    case embeddingMean(width: Int)
    /// A vector for each token, table `[ids, width]`; 0 behind the last one.
    case embedding(width: Int)
    /// Kim 2014: of each width `filters` convolutions over the tokens, W `[filters, kernel, width]`, then the largest value over
    /// time and 0. A window that reaches into padding does not count; without any the value is 0.
    case tokenConvolution(kernels: [Int], filters: Int)

    package enum PoolKind: Sendable, Hashable {
        case largest, mean
    }
}

extension LayerPlan {
    /// Whether it does nothing but draw: it has no parameters and is not there outside training.
    var isOnlyRandom: Bool {
        switch self {
        case .dropout, .augmentation: true
        default: false
        }
    }
}
