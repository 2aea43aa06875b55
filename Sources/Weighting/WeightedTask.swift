/// What a strategy may know of a task: nothing of its data or its network.
package struct WeightedTask: Sendable, Hashable {
    package enum Kind: String, Sendable, CaseIterable {
        case classification, binary, multilabel, regression
    }

    package let name: String
    package let kind: Kind
    /// The weight of the strategy `static`; the others ignore it.
    package let staticWeight: Double
    /// No loss of ours can be; strategies that divide by losses refuse one that could.
    package let lossMayBeNegative: Bool

    package init(name: String, kind: Kind, staticWeight: Double = 1, lossMayBeNegative: Bool = false) {
        self.name = name
        self.kind = kind
        self.staticWeight = staticWeight
        self.lossMayBeNegative = lossMayBeNegative
    }
}
