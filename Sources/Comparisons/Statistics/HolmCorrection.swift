/// Holm's step-down correction of several tests' p-values (Holm 1979).
///
/// The k-th smallest of m is multiplied by m − k + 1, made to grow with k and capped at 1. Nil stands for a test that could
/// not be made.
///
/// - Parameter family: how many tests were asked for; those that could not be made count where it says so.
package func holmCorrected(_ probabilities: [Double?], family: Int? = nil) -> [Double?] {
    let order = probabilities.indices.filter { probabilities[$0] != nil }
        .sorted { (probabilities[$0] ?? 1) < (probabilities[$1] ?? 1) }
    let tests = max(order.count, family ?? 0)
    var corrected = probabilities
    var largest = 0.0
    for (rank, index) in order.enumerated() {
        largest = max(largest, min(1, Double(tests - rank) * (probabilities[index] ?? 1)))
        corrected[index] = largest
    }
    return corrected
}
