import Glibc

/// exp(xᵢ) / Σ exp(xⱼ), shifted by the largest so that nothing overflows.
func softmax(_ logits: [Double]) -> [Double] {
    guard let largest = logits.max() else { return [] }
    let exponentials = logits.map { exp($0 - largest) }
    let total = exponentials.reduce(0, +)
    return exponentials.map { $0 / total }
}
