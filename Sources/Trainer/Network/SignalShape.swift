package import Datasets

/// The shape of one row's values between two layers.
package enum SignalShape: Sendable, Hashable {
    /// `[width]`.
    case features(Int)
    /// `[features]`, and an index into each of some tables: a row of a table with embedded columns.
    case columns(features: Int, embeddings: [ColumnEmbedding])
    /// `[channels, height, width]`: one plane of pixels behind the other.
    case image(height: Int, width: Int, channels: Int)
    /// Identifiers of up to `length` tokens, each below `ids`; they carry no values.
    case tokens(length: Int, ids: Int)
    /// `[length, width]`: a vector for each token.
    case sequence(length: Int, width: Int)

    /// Values a row.
    ///
    /// - Throws: `PlanError.tooLarge` where the count does not fit an integer.
    func count() throws(PlanError) -> Int {
        switch self {
        case .features(let width), .columns(let width, _): width
        case .image(let height, let width, let channels): try product(height, width, channels)
        case .tokens: 0
        case .sequence(let length, let width): try product(length, width)
        }
    }

    /// Identifiers a row.
    var indices: Int {
        switch self {
        case .tokens(let length, _): length
        case .columns(_, let embeddings): embeddings.count
        case .features, .image, .sequence: 0
        }
    }

    /// What a bias or a batch norm has one number for.
    var channels: Int {
        switch self {
        case .features(let width), .columns(let width, _), .sequence(_, let width): width
        case .tokens: 0
        case .image(_, _, let channels): channels
        }
    }
}

/// Why no network can be built from a plan.
package enum PlanError: Error, Hashable {
    /// A count or its size in bytes does not fit 63 bits.
    case tooLarge(String)
    /// A layer cannot follow what stands before it, for example a kernel larger than its image.
    case impossible(layer: String, detail: String)
}

extension PlanError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tooLarge(let what): "\(what) is too large to count"
        case .impossible(let layer, let detail): "layer \(layer): \(detail)"
        }
    }
}

/// The product of sizes, refused where it would overflow.
func product(_ factors: Int..., of what: String = "a layer") throws(PlanError) -> Int {
    var result = 1
    for factor in factors {
        let (next, overflow) = result.multipliedReportingOverflow(by: factor)
        guard !overflow else { throw .tooLarge(what) }
        result = next
    }
    return result
}

/// The sum of sizes, refused where it would overflow.
func sum(_ terms: Int..., of what: String = "the model") throws(PlanError) -> Int {
    var result = 0
    for term in terms {
        let (next, overflow) = result.addingReportingOverflow(term)
        guard !overflow else { throw .tooLarge(what) }
        result = next
    }
    return result
}
