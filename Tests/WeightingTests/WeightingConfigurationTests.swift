import Testing

@testable import Weighting

@Suite struct WeightingConfigurationTests {
    @Test func defaultsAreFilledIn() throws {
        let configuration = try WeightingConfiguration(strategy: "adaptive")
        #expect(
            configuration.parameters == ["form": .text("ratio"), "cadence": .text("epoch"), "normalize": .text("none")])
    }

    @Test func everyProblemIsToldAtOnceWithItsMember() throws {
        let problems = try #require(throws: WeightingProblems.self) {
            try WeightingConfiguration(
                strategy: "adaptive",
                parameters: ["form": .text("cubic"), "cadence": .flag(true), "speed": .number(1)])
        }
        #expect(problems.problems.map(\.member) == ["form", "cadence", "speed"])
        #expect(problems.problems[0].detail == "must be one of ratio, softmax")
        #expect(
            problems.problems[2].detail
                == "is not a parameter of adaptive, which has form, cadence, normalize")
    }

    @Test func anUnknownStrategyIsToldTheKnownOnes() throws {
        let problems = try #require(throws: WeightingProblems.self) {
            try WeightingConfiguration(strategy: "magic")
        }
        #expect(problems.problems.map(\.member) == ["strategy"])
        for descriptor in WeightingStrategies.all {
            #expect(problems.problems[0].detail.contains(descriptor.name))
        }
    }

    @Test func everyDefaultLiesWithinItsBounds() throws {
        for descriptor in WeightingStrategies.all {
            let configuration = try WeightingConfiguration(strategy: descriptor.name)
            #expect(configuration.parameters.count == descriptor.parameters.count)
            #expect(configuration.problems(for: makeTasks(3)).isEmpty)
        }
    }

    @Test func theCatalogueDescribesEachStrategyOnceAndInFull() {
        let names = WeightingStrategies.all.map(\.name)
        #expect(Set(names).count == names.count)
        for descriptor in WeightingStrategies.all {
            #expect(!descriptor.summary.isEmpty && !descriptor.paper.title.isEmpty)
            #expect(!descriptor.paper.source.isEmpty && !descriptor.paper.equation.isEmpty)
            let parameters = descriptor.parameters.map(\.name)
            #expect(Set(parameters).count == parameters.count)
            #expect(descriptor.parameters.allSatisfy { !$0.summary.isEmpty })
            #expect((descriptor.kind == .loss) == (descriptor.gradientInput == .none))
        }
    }

    @Test func aTaskWhoseLossCanBeNegativeIsRefusedWhereLossesMustBePositive() throws {
        let tasks = makeTasks(1) + [WeightedTask(name: "margin", kind: .regression, lossMayBeNegative: true)]
        let refused = try WeightingConfiguration(strategy: "adaptive").problems(for: tasks)
        #expect(refused.map(\.member) == ["strategy"])
        #expect(refused.first?.detail.contains("margin") == true)
        #expect(try WeightingConfiguration(strategy: "equal").problems(for: tasks).isEmpty)
    }

    static let values: [(StrategyParameter.Domain, ParameterValue, ParameterValue?)] = [
        (.number(.above(0, to: 1)), .number(1), .number(1)),
        (.number(.above(0, to: 1)), .integer(1), .number(1)),
        (.number(.above(0, to: 1)), .number(0), nil),
        (.number(.above(0, to: 1)), .number(.nan), nil),
        (.number(.from(0, below: 1)), .number(1), nil),
        (.number(.from(0, below: 1)), .number(0), .number(0)),
        (.number(.upTo(0)), .number(-.infinity), nil),
        (.integer(0...10), .number(2), .integer(2)),
        (.integer(0...10), .number(2.5), nil),
        (.integer(0...10), .number(1e300), nil),
        (.integer(0...10), .integer(11), nil),
        (.flag, .flag(true), .flag(true)),
        (.flag, .integer(1), nil),
        (.choice(["a", "b"]), .text("b"), .text("b")),
        (.choice(["a", "b"]), .text("B"), nil),
        (.numberPerTask(.from(0, to: 1)), .numbers([0, 1]), .numbers([0, 1])),
        (.numberPerTask(.from(0, to: 1)), .numbers([0, 2]), nil),
        (.numberPerTask(.from(0, to: 1)), .number(1), nil),
    ]

    @Test(arguments: values)
    func aValueIsTakenWithinItsDomainOnly(
        domain: StrategyParameter.Domain, value: ParameterValue, expected: ParameterValue?
    ) {
        let parameter = StrategyParameter(name: "p", domain: domain, defaultValue: .flag(false), summary: "")
        #expect(parameter.normalised(value) == expected)
    }

    @Test func boundsAreSaidInWords() {
        #expect("\(NumberBounds.above(0, to: 10))" == "above 0 and at most 10")
        #expect("\(NumberBounds.from(0.5, below: 1))" == "at least 0.5 and below 1")
        #expect("\(NumberBounds())" == "of any finite size")
    }
}
