import Jobs
import Testing

@testable import Comparisons

@Suite struct ComparisonRequestTests {
    private static let dataset = "ds_01890a5d-ac96-774b-bcce-b302099a8057"

    private static func surroundings() throws -> SpecSurroundings {
        let csv = ["a", "b", "digit", "ink"].map { name in
            ColumnProfile(
                name: name, type: name == "digit" ? .integer : .number, missing: 0, distinct: 10, minimum: 0,
                maximum: 9, mean: 4)
        }
        let schema = DatasetSchema(format: .csv, rows: 1000, columns: csv)
        return SpecSurroundings(
            dataset: { _ in schema }, modelExists: { _ in false }, threadsMax: 1,
            now: try #require(Timestamp(rfc3339: "2026-01-01T00:00:00Z")))
    }

    private static func base(_ more: String = "") -> String {
        """
        {"dataset": "\(dataset)", "test": {"fraction": 0.2}, \(more)
         "tasks": [{"name": "digit", "target": "digit", "type": "classification"},
                   {"name": "ink", "target": "ink", "type": "regression"}]}
        """
    }

    private static func request(_ text: String) throws -> ComparisonRequest {
        try ComparisonRequest(decoding: JSONValue(parsing: Array(text.utf8)), in: surroundings())
    }

    private static func problems(_ text: String) throws -> [Problem] {
        try #require(throws: InvalidSpec.self) { try request(text) }.problems
    }

    @Test func strategiesSeedsAndBaselinesMultiply() throws {
        let request = try Self.request(
            """
            {"name": "digits", "base": \(Self.base()), "seeds": 2,
             "strategies": [{"strategy": "adaptive"}, {"strategy": "adaptive", "form": "softmax"}]}
            """)
        let arms = request.runs.filter { $0.key.seed == 1 }.map(\.key.arm)
        #expect(
            arms == [
                .singleTask("digit"), .singleTask("ink"), .equal, .baseline("random"), .strategy("adaptive"),
                .strategy("adaptive(form=softmax)"),
            ])
        #expect(request.runs.count == 12 && Set(request.runs.map(\.key)).count == 12)
        #expect(
            request.terms.metrics == [.init(task: "digit", metric: "accuracy"), .init(task: "ink", metric: "rmse")])
        let last = try #require(request.runs.last)
        #expect(last.spec.seed == 2 && last.spec.priority == ComparisonRequest.priority)
        #expect(last.spec.name == "digits: adaptive(form=softmax), seed 2")
    }

    @Test func aSingleTaskRunNeverSeesTheOtherTargetsAsInputs() throws {
        let request = try Self.request(
            "{\"base\": \(Self.base()), \"strategies\": [{\"strategy\": \"equal\"}], \"seeds\": 1}")
        let alone = try #require(request.runs.first { $0.key.arm == .singleTask("ink") })
        #expect(alone.spec.tasks.map(\.name) == ["ink"])
        #expect(alone.spec.inputColumns == ["a", "b"])
    }

    @Test func aBaselineWrittenWithItsDefaultsStandsOnceToo() throws {
        let request = try Self.request(
            """
            {"base": \(Self.base()), "seeds": [7], "baselines": ["random"],
             "strategies": [{"strategy": "random", "distribution": "normal", "scale": "n"},
                            {"strategy": "dwa", "temperature": 2.0}]}
            """)
        #expect(request.runs.map(\.key.arm) == [.strategy("random(scale=n)"), .strategy("dwa")])
    }

    @Test func theRandomBaselineTrainsAtTheRateOfEqualWeights() throws {
        let request = try Self.request(
            """
            {"base": \(Self.base()), "seeds": 1, "baselines": ["random"], "strategies": [{"strategy": "dwa"}]}
            """)
        let random = try #require(request.runs.first { $0.key.arm == .baseline("random") })
        #expect(random.document["weighting"]?["scale"]?.text == "n")
        // One that is asked for as a strategy is what was asked for, and stands beside it.
        let both = try Self.request(
            """
            {"base": \(Self.base()), "seeds": 1, "baselines": ["random"], "strategies": [{"strategy": "random"}]}
            """)
        #expect(both.runs.map(\.key.arm) == [.baseline("random(scale=n)"), .strategy("random")])
        #expect(both.runs.map { RunKey($0.key.json) } == both.runs.map(\.key))
    }

    @Test func fiveSeedsAreTheDefault() throws {
        let request = try Self.request(
            "{\"base\": \(Self.base()), \"strategies\": [{\"strategy\": \"dwa\"}], \"baselines\": []}")
        #expect(request.runs.map(\.key.seed) == [1, 2, 3, 4, 5])
    }

    @Test func theTermsSayWhatTheReportMustKnow() throws {
        let request = try Self.request(
            """
            {"base": \(Self.base("\"optimizer\": {\"type\": \"sgd\"},")), "seeds": 1, "strategies": [{"strategy": "dwa"}],
             "learning_rates": [0.1, 0.01], "minimum_effect": {"ink": 0.25, "digit": null}}
            """)
        #expect(request.terms.minimumEffects == ["ink": 0.25])
        #expect(!request.terms.isScaleInvariant && request.terms.areRatesTuned)
        #expect(ComparisonTerms(request.terms.json) == request.terms)
        let earlier = ComparisonTerms(JSONValue.array(request.terms.metrics.map(\.json)))
        #expect(earlier == ComparisonTerms(metrics: request.terms.metrics))
    }

    @Test func aBaselineThatIsAlsoAStrategyStandsOnce() throws {
        let request = try Self.request(
            """
            {"base": \(Self.base()), "seeds": [7], "baselines": ["equal"],
             "strategies": [{"strategy": "equal"}, {"strategy": "dwa"}]}
            """)
        #expect(request.runs.map(\.key.arm) == [.equal, .strategy("dwa")])
        #expect(request.runs.allSatisfy { $0.spec.seed == 7 })
    }

    @Test func everyArmGetsEveryLearningRate() throws {
        let request = try Self.request(
            """
            {"base": \(Self.base("\"optimizer\": {\"type\": \"sgd\", \"momentum\": 0.9},")), "seeds": 1,
             "baselines": ["equal"], "learning_rates": [0.1, 0.01], "strategies": [{"strategy": "dwa"}]}
            """)
        #expect(request.runs.map(\.spec.optimizer.learningRate) == [0.1, 0.01, 0.1, 0.01])
        #expect(request.runs.allSatisfy { $0.spec.optimizer.momentum == 0.9 })
    }

    @Test func theStaticGridWalksTheInsideOfTheSimplex() throws {
        let request = try Self.request(
            """
            {"base": \(Self.base()), "seeds": 1, "baselines": [], "static_grid": 4,
             "strategies": [{"strategy": "equal"}]}
            """)
        let weights = request.runs.dropFirst().map { $0.spec.tasks.map(\.weight) }
        #expect(weights == [[0.5, 1.5], [1, 1], [1.5, 0.5]])
        #expect(request.runs.last?.key.arm.label == "static(1.5,0.5)")
    }

    @Test func taskWeightsAreForStrategyStaticAlone() throws {
        let weighted = Self.base().replacing(
            "\"type\": \"regression\"", with: "\"type\": \"regression\", \"weight\": 3")
        let request = try Self.request(
            """
            {"base": \(weighted), "seeds": 1, "baselines": ["equal"], "strategies": [{"strategy": "static"}]}
            """)
        #expect(request.runs.map { $0.spec.tasks[1].weight } == [1, 3])
    }

    @Test func anotherTasksMetricDoesNotStopASingleTaskRun() throws {
        let stopping =
            "\"early_stopping\": {\"patience\": 2, \"monitor\": {\"task\": \"digit\", \"metric\": \"accuracy\"}},"
        let request = try Self.request(
            "{\"base\": \(Self.base(stopping)), \"seeds\": 1, \"strategies\": [{\"strategy\": \"equal\"}]}")
        let alone = try #require(request.runs.first { $0.key.arm == .singleTask("ink") })
        #expect(alone.spec.earlyStopping == EarlyStoppingSpec(patience: 2))
    }

    static let refused: [(String, [String])] = [
        ("[]", [""]),
        ("{}", ["/base", "/strategies"]),
        (
            "{\"base\": {\"tasks\": []}, \"strategies\": [{\"strategy\": \"equal\"}]}",
            ["/base/dataset", "/base/tasks", "/base/test"]
        ),
        ("{\"base\": BASE, \"strategies\": [], \"color\": 1}", ["/color", "/strategies"]),
        ("{\"base\": BASE, \"strategies\": [{\"strategy\": \"equal\"}, {\"strategy\": \"equal\"}]}", ["/strategies/1"]),
        ("{\"base\": BASE, \"strategies\": [{\"strategy\": 1}, 3]}", ["/strategies/0/strategy", "/strategies/1"]),
        (
            "{\"base\": BASE, \"strategies\": [{}, {\"strategy\": \"adaptive\", \"form\": \"ratio\"}]}",
            ["/strategies/1"]
        ),
        (
            "{\"base\": BASE, \"strategies\": [{}], \"learning_rates\": [0.1, 1e9]}", ["/learning_rates/1"]
        ),
        (
            "{\"base\": {\"dataset\": 1, \"test\": {}}, \"strategies\": [{\"strategy\": \"magic\"}], \"seeds\": 0}",
            ["/base/dataset", "/base/tasks", "/seeds", "/strategies/0/strategy"]
        ),
        ("{\"base\": BASE, \"strategies\": [{\"strategy\": \"magic\"}]}", ["/strategies/0/strategy"]),
        (
            "{\"base\": BASE, \"strategies\": [{\"strategy\": \"dwa\", \"temperature\": 0}]}",
            ["/strategies/0/temperature"]
        ),
        ("{\"base\": BASE, \"strategies\": [{\"strategy\": \"dwa\"}], \"seeds\": 0}", ["/seeds"]),
        (
            "{\"base\": BASE, \"strategies\": [{\"strategy\": \"dwa\"}], \"seeds\": [1, -1, 1]}",
            ["/seeds/1", "/seeds/2"]
        ),
        ("{\"base\": BASE, \"strategies\": [{\"strategy\": \"dwa\"}], \"baselines\": [\"best\"]}", ["/baselines/0"]),
        ("{\"base\": BASE, \"strategies\": [{\"strategy\": \"dwa\"}], \"learning_rates\": [0]}", ["/learning_rates/0"]),
        ("{\"base\": BASE, \"strategies\": [{\"strategy\": \"dwa\"}], \"static_grid\": 1}", ["/static_grid"]),
        ("{\"base\": BASE, \"strategies\": [{\"strategy\": \"dwa\"}], \"name\": \"\"}", ["/name"]),
        (
            "{\"base\": BASE, \"strategies\": [{\"strategy\": \"dwa\"}], \"minimum_effect\": {\"ink\": 0, \"digit\": \"a\"}}",
            ["/minimum_effect/digit", "/minimum_effect/ink"]
        ),
        (
            "{\"base\": BASE, \"strategies\": [{\"strategy\": \"dwa\"}], \"minimum_effect\": {\"digits\": 1}}",
            ["/minimum_effect/digits"]
        ),
        ("{\"base\": BASE, \"strategies\": [{\"strategy\": \"dwa\"}], \"minimum_effect\": 1}", ["/minimum_effect"]),
        ("{\"base\": BASE, \"strategies\": [{\"strategy\": \"dwa\"}], \"name\": \"a\\nb\"}", ["/name"]),
    ]

    @Test(arguments: refused)
    func aWrongMemberIsToldByItsPointer(text: String, pointers: [String]) throws {
        let problems = try Self.problems(text.replacing("BASE", with: Self.base()))
        #expect(problems.map(\.pointer).sorted() == pointers)
    }

    @Test func aProblemOfTheBaseIsToldOnce() throws {
        let problems = try Self.problems(
            "{\"base\": \(Self.base("\"epochs\": 0,")), \"strategies\": [{\"strategy\": \"dwa\"}]}")
        #expect(problems.map(\.pointer) == ["/base/epochs"])
    }

    @Test func tooManyRunsAreRefusedBeforeTheyAreMade() throws {
        let rates = (1...16).map { "0.\($0)1" }.joined(separator: ",")
        let problems = try Self.problems(
            """
            {"base": \(Self.base()), "strategies": [{"strategy": "dwa"}], "seeds": 100, "learning_rates": [\(rates)]}
            """)
        #expect(problems.map(\.pointer) == [""])
        #expect(problems[0].detail == "this would be 8000 runs; at most 2000 are taken")
    }
}
