import Testing

@testable import Jobs

/// What a document may cost before it is refused.
struct BoundTests {
    private func value(_ text: String) throws -> JSONValue { try JSONValue(parsing: Array(text.utf8)) }

    private func parse(
        _ text: String, valuesMax: Int = 1_000_000, take: @escaping (Int) throws -> Void = { _ in }
    ) throws -> JSONValue {
        try Array(text.utf8).withUnsafeBufferPointer {
            try JSONValue(parsing: $0, within: JSONAllowance(valuesMax: valuesMax, take: take))
        }
    }

    // MARK: Problems

    @Test func aSpecNamesAHundredProblemsAtMost() throws {
        let members = (0..<5_000).map { #""m\#($0)":1"# }.joined(separator: ",")
        let json = try value(#"{"dataset":"ds_x","tasks":[{"target":"t","type":"binary"}],\#(members)}"#)
        let error = #expect(throws: InvalidSpec.self) { try TrainingSpec(decoding: json, in: nil) }
        #expect(error?.problems.count == 100)
    }

    @Test func aFullListDoesNotEvenMakeProblems() {
        var list = ProblemList()
        var made = 0
        func problem() -> Problem {
            made += 1
            return Problem(detail: "wrong")
        }
        for _ in 0..<1_000 { list.add(problem()) }
        #expect(made == 100 && list.problems.count == 100 && list.isFull)
    }

    // MARK: Suggestions

    private func refuse(_ columns: [String], ofThose names: [String]) throws -> [Problem] {
        let profiles = names.map { ColumnProfile(name: $0, type: .number, missing: 0, distinct: 3) }
        let schema = DatasetSchema(format: .csv, rows: 100, columns: profiles)
        let surroundings = SpecSurroundings(
            dataset: { _ in schema }, modelExists: { _ in false }, threadsMax: 1, now: Timestamp(milliseconds: 0))
        var generator = SystemRandomNumberGenerator()
        let dataset = Identifier(.dataset, at: Timestamp(milliseconds: 0), using: &generator)
        let inputs = JSONValue.array(columns.map(JSONValue.string))
        let spec = JSONValue.object([
            .init("dataset", .string(dataset.description)),
            .init(
                "tasks",
                .array([.object([.init("target", .string(names[0])), .init("type", .string("regression"))])])),
            .init("inputs", .object([.init("columns", inputs)])),
        ])
        let error = #expect(throws: InvalidSpec.self) { try TrainingSpec(decoding: spec, in: surroundings) }
        return error?.problems ?? []
    }

    /// Each wrong name was compared with each of the columns, letter by letter: half a minute and more.
    @Test(.timeLimit(.minutes(5))) func manyWrongNamesAmongManyColumnsAreAnswered() throws {
        let names = (0..<16_000).map { "a rather long name of the column \($0)" }
        let problems = try refuse((0..<2_000).map { "a rather wrong name of a column \($0)" }, ofThose: names)
        #expect(problems.count == 100)
        #expect(problems[0].detail.contains("did you mean"))
        #expect(problems.count { $0.detail.contains("did you mean") } == 10)
    }

    @Test func aNameThatIsCloseIsStillSuggested() throws {
        let names = ["target", "width", "height", "colour", "Straße"]
        for (wrong, right) in [("widt", "width"), ("HEIGHT", "height"), ("color", "colour"), ("strasse", "Straße")] {
            #expect(wrong.closest(in: names) == right, "\(wrong)")
        }
        for wrong in ["", "depth", "wxyzh", "heightheightheight"] {
            #expect(wrong.closest(in: ["width", "height"]) == nil, "\(wrong)")
        }
        #expect("abcd".closest(in: ["abxy", "abcx", "abcd"]) == "abcd")
    }

    /// The distance within bounds is Levenshtein's, which the table of all cells gives.
    @Test func theBoundedDistanceIsTheWholeOne() {
        func distance(_ left: [UInt32], _ right: [UInt32]) -> Int {
            var row = Array(0...right.count)
            for (i, value) in left.enumerated() {
                var diagonal = row[0]
                row[0] = i + 1
                for (j, other) in right.enumerated() {
                    let substitution = diagonal + (value == other ? 0 : 1)
                    diagonal = row[j + 1]
                    row[j + 1] = min(substitution, row[j] + 1, row[j + 1] + 1)
                }
            }
            return row[right.count]
        }
        for _ in 0..<3_000 {
            let left = (0..<Int.random(in: 0...9)).map { _ in UInt32.random(in: 0...2) }
            let right = (0..<Int.random(in: 0...9)).map { _ in UInt32.random(in: 0...2) }
            let limit = Int.random(in: 0...6)
            let whole = distance(left, right)
            #expect(left.editDistance(to: right, atMost: limit) == (whole <= limit ? whole : nil), "\(left) \(right)")
        }
    }

    // MARK: Values

    @Test func aDocumentWithinItsAllowanceIsTheSame() throws {
        let text = #"{"rows":[1,2.5,"x",null,[true,{"a":{}}]]}"#
        #expect(try parse(text) == value(text))
        // As many values as there may be: the object, the array, five, and three below.
        #expect(try parse(text, valuesMax: 10) == value(text))
        #expect(throws: TooManyValues(valuesMax: 9)) { try parse(text, valuesMax: 9) }
    }

    @Test(arguments: ["[", "{\"a\":[", "[[],"]) func valuesAreAskedForBeforeTheyAreStored(opening: String) throws {
        struct Full: Error {}
        var granted = 0
        let text = opening + String(repeating: "{},", count: 100_000)
        #expect(throws: Full.self) {
            try parse(text) { values in
                granted += values
                if granted > 20_000 { throw Full() }
            }
        }
        #expect(granted < 30_000)
    }

    @Test func aTextThatIsNoJSONIsStillToldAsSuch() throws {
        let error = #expect(throws: JSONSyntaxError.self) { try parse("[1,\n2 3]") }
        #expect(error?.line == 2 && error?.column == 3)
    }

    // MARK: Columns

    @Test func aColumnIsFoundAmongManyAndAfterAChange() {
        var schema = DatasetSchema(
            format: .csv, rows: 1,
            columns: (0..<100).map { ColumnProfile(name: "c\($0)", type: .number, missing: $0, distinct: nil) })
        #expect(schema.column(named: "c77")?.missing == 77)
        #expect(schema.column(named: "c100") == nil)
        schema.columns.append(ColumnProfile(name: "c100", type: .number, missing: 5, distinct: nil))
        #expect(schema.column(named: "c100")?.missing == 5)
    }
}
