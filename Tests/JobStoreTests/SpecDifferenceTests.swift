import Jobs
import Testing

@testable import JobStore

struct SpecDifferenceTests {
    private static let base =
        #"{"a":[1,"x",{"b":null}],"name":"é\"","seed":1,"tasks":[{"n":"y","w":0.5},{"n":"z","w":2}]}"#

    @Test(arguments: [
        base,
        #"{"a":[1,"x",{"b":null}],"name":"other","seed":12345,"tasks":[{"n":"y","w":1.5},{"n":"z","w":2}]}"#,
        #"{"a":[],"name":null,"seed":1,"tasks":[{"n":"y","w":0.5}]}"#,
        #"{"a":[1,"x",{"c":null}],"name":"é\"","seed":1}"#,
        #"[1,2]"#, #"null"#,
        // The same name in other code points: equal as text, not as bytes.
        #"{"a":[1,"x",{"b":null}],"name":"e\#u{301}\"","seed":1,"tasks":[{"n":"y","w":0.5},{"n":"z","w":2}]}"#,
    ])
    func whatIsToldAgainstABaseIsGotBackToTheByte(text: String) throws {
        let (base, spec) = try (JSONValue(parsing: Array(Self.base.utf8)), JSONValue(parsing: Array(text.utf8)))
        guard let difference = SpecDifference(of: spec, text: spec.jsonText, from: base, baseText: base.jsonText) else {
            // Kept whole then.
            return #expect(text.unicodeScalars.contains("\u{301}"))
        }
        let read = try SpecDifference(text: difference.text)
        #expect(read == difference)
        #expect(try Array(read.applied(to: base.jsonText).utf8) == Array(spec.jsonText.utf8))
    }

    @Test func onlyWhatDiffersIsTold() throws {
        let base = try JSONValue(parsing: Array(Self.base.utf8))
        let text = base.jsonText.replacing("0.5", with: "0.25")
        let spec = try JSONValue(parsing: Array(text.utf8))
        let difference = try #require(SpecDifference(of: spec, text: text, from: base, baseText: base.jsonText))
        #expect(difference.splices.map(\.replacement) == ["0.25"])
    }

    @Test(arguments: [
        "", "{}", "[1]", "[[1,2]]", #"[[0,-1,"x"]]"#, #"[[900,1,"x"]]"#, #"[[0,900,"x"]]"#, #"[[5,1,"x"],[2,1,"y"]]"#,
        #"[[9223372036854775807,9223372036854775807,"x"]]"#,
    ])
    func aDamagedRowIsAnErrorAndNoCrash(text: String) {
        #expect(throws: StoreError.self) { try SpecDifference(text: text).applied(to: Self.base) }
    }
}
