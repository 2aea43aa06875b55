/// What somebody who asks for long work gives it: whether they still wait, and how much memory it may take.
package struct Allowance: Sendable {
    /// Asked often while the work goes on; where it says no, the work ends with an error that nobody will read.
    package var isWanted: @Sendable () -> Bool
    /// Called before that many bytes are taken; throws where there are not so many.
    package var claim: @Sendable (_ bytes: Int) throws -> Void

    package static let unbounded = Allowance(isWanted: { true }, claim: { _ in })

    package init(
        isWanted: @escaping @Sendable () -> Bool, claim: @escaping @Sendable (_ bytes: Int) throws -> Void
    ) {
        self.isWanted = isWanted
        self.claim = claim
    }
}
