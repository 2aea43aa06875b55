import Jobs
import Testing

@testable import Datasets

/// Spellings that look alike stay apart, as they do in the files and in an ONNX graph.
struct ExactTextTests {
    private static let composed = "gr\u{FC}n"
    private static let decomposed = "gru\u{308}n"

    @Test func categoriesOfOneLookHaveIndicesOfTheirOwn() {
        let index = CategoryIndex([Self.decomposed, Self.composed], missing: false)
        #expect(index.index(of: Self.decomposed) == 1)
        #expect(index.index(of: Self.composed) == 2)
        #expect(CategoryIndex([Self.composed], missing: false).index(of: Self.decomposed) == 0)
    }

    @Test func textsAreTheSameByteForByte() {
        #expect(ExactText(Self.composed) != ExactText(Self.decomposed))
        #expect(Set([ExactText(Self.composed), ExactText(Self.decomposed), ExactText("gr\u{FC}n")]).count == 2)
    }
}
