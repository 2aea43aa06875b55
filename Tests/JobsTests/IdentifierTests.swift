import Jobs
import Testing

struct IdentifierTests {
    @Test func anIdentifierIsAPrefixAndAUUIDOfVersion7() throws {
        var generator = SystemRandomNumberGenerator()
        let identifier = Identifier(.job, at: Timestamp(milliseconds: 0x0192_F3C4_0102), using: &generator)
        let text = identifier.description
        #expect(text.hasPrefix("job_0192f3c4-0102-7"))
        #expect(text.utf8.count == 4 + 36)
        let variant = Array(text)[4 + 19]
        #expect("89ab".contains(variant))
        #expect(Identifier(text, kind: .job) == identifier)
    }

    @Test func laterIdentifiersSortBehindEarlierOnes() {
        var generator = SystemRandomNumberGenerator()
        let made = (0..<100).map {
            Identifier(.dataset, at: Timestamp(milliseconds: 1_700_000_000_000 + Int64($0)), using: &generator)
                .description
        }
        #expect(made == made.sorted())
        #expect(Set(made).count == 100)
    }

    @Test(arguments: [
        "", "job_", "ds_0192f3c4-0102-7000-8000-000000000000", "job_0192F3C4-0102-7000-8000-000000000000",
        "job_0192f3c4-0102-7000-8000-00000000000", "job_0192f3c4_0102_7000_8000_000000000000",
        "job_0192f3c4-0102-7000-8000-000000000000/..",
    ])
    func anythingElseIsNoJobIdentifier(text: String) {
        #expect(Identifier(text, kind: .job) == nil)
    }
}
