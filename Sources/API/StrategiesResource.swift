import HTTPTypes
import HTTPWire
import Jobs
import Weighting

/// `/v1/weighting-strategies`: the catalogue.
enum StrategiesResource {
    static func routes() -> [Route] {
        [Route(.get, "/v1/weighting-strategies", scope: .read, .blocking { .reply(try $0.tagged(list)) })]
    }

    private static let list = Reply.json { writer in
        writer.object { writer in
            writer.name("items")
            writer.array { writer in WeightingStrategies.all.forEach { write($0, to: &writer) } }
            writer.name("next_page_token")
            writer.null()
        }
    }

    private static func write(_ strategy: StrategyDescriptor, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.name("name")
            writer.value(strategy.name)
            writer.name("kind")
            writer.value(strategy.kind.rawValue)
            writer.name("summary")
            writer.value(strategy.summary)
            writer.name("parameters")
            writer.array { writer in strategy.parameters.forEach { write($0, to: &writer) } }
            writer.name("paper")
            writer.object { writer in
                writer.name("title")
                writer.value(strategy.paper.title)
                writer.name("source")
                writer.value(strategy.paper.source)
                writer.name("equation")
                writer.value(strategy.paper.equation)
            }
            writer.name("forwards")
            writer.value(strategy.cost.forwards)
            writer.name("trunk_backwards")
            write(strategy.cost.trunkBackwards, to: &writer)
            writer.name("batches_per_step")
            writer.value(strategy.cost.batchesPerStep)
            writer.name("requires_positive_losses")
            writer.value(strategy.requiresPositiveLosses)
        }
    }

    /// Backward passes over the trunk in a step: `fixed`, and how many more for each task.
    private static func write(_ backwards: StepCost.Backwards, to writer: inout JSONWriter) {
        let (fixed, perTask) =
            switch backwards {
            case .fixed(let passes): (passes, 0)
            case .perTask(let passes): (0, passes)
            }
        writer.object { writer in
            writer.name("fixed")
            writer.value(fixed)
            writer.name("per_task")
            writer.value(perTask)
        }
    }

    private static func write(_ parameter: StrategyParameter, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.name("name")
            writer.value(parameter.name)
            writer.name("type")
            writer.value(parameter.domain.typeName)
            writer.name("default")
            writer.value(parameter.defaultValue.json)
            write(parameter.domain, to: &writer)
            writer.name("summary")
            writer.value(parameter.summary)
        }
    }

    /// Bounds in the words of JSON Schema.
    private static func write(_ domain: StrategyParameter.Domain, to writer: inout JSONWriter) {
        switch domain {
        case .number(let bounds), .numberPerTask(let bounds):
            if let minimum = bounds.minimum {
                writer.name(bounds.minimumIsExcluded ? "exclusiveMinimum" : "minimum")
                writer.value(minimum)
            }
            if let maximum = bounds.maximum {
                writer.name(bounds.maximumIsExcluded ? "exclusiveMaximum" : "maximum")
                writer.value(maximum)
            }
        case .integer(let range):
            writer.name("minimum")
            writer.value(range.lowerBound)
            writer.name("maximum")
            writer.value(range.upperBound)
        case .choice(let choices):
            writer.name("choices")
            writer.value(JSONValue(choices))
        case .flag: break
        }
    }
}
