import Jobs
import Testing
import Weighting

struct TrainingSpecTests {
    private static let dataset = "ds_0192f3c4-0102-7000-8000-000000000000"
    private static let other = "ds_0192f3c4-0102-7000-8000-000000000001"

    private static let schema = DatasetSchema(
        format: .csv, rows: 100,
        columns: [
            ColumnProfile(name: "width", type: .number, missing: 0, distinct: 90),
            ColumnProfile(name: "colour", type: .string, missing: 0, distinct: 3),
            ColumnProfile(name: "digit", type: .integer, missing: 0, distinct: 10),
            ColumnProfile(name: "price", type: .number, missing: 2, distinct: 80),
            ColumnProfile(name: "constant", type: .integer, missing: 0, distinct: 1),
            ColumnProfile(name: "empty", type: .string, missing: 100, distinct: 0),
        ])

    private static var surroundings: SpecSurroundings {
        SpecSurroundings(
            dataset: { $0.description == dataset ? schema : nil }, modelExists: { _ in false }, threadsMax: 2,
            now: Timestamp(milliseconds: 1_800_000_000_000))
    }

    private func decode(_ text: String) throws -> TrainingSpec {
        try TrainingSpec(decoding: JSONValue(parsing: Array(text.utf8)), in: Self.surroundings)
    }

    private func problems(_ text: String) throws -> [Problem] {
        do {
            _ = try decode(text)
            return []
        } catch let error as InvalidSpec {
            return error.problems
        }
    }

    private func spec(_ members: String = "", tasks: String = #"[{"target":"digit","type":"classification"}]"#)
        -> String
    {
        #"{"dataset":"\#(Self.dataset)","tasks":\#(tasks)\#(members)}"#
    }

    @Test func everythingButDataSetAndTasksHasADefault() throws {
        let spec = try decode(spec())
        #expect(spec.epochs == 20)
        #expect(spec.batchSize == 64)
        #expect(spec.weighting.strategy == "adaptive")
        #expect(spec.tasks.first?.name == "digit")
        #expect(spec.tasks.first?.loss == .crossEntropy)
        #expect(spec.validation == .fraction(0.2, seed: 0, stratifyBy: nil))
    }

    @Test(arguments: [
        "", #","name":"a","test":{"fraction":0.1,"seed":3},"epochs":7,"seed":9007199254740991,"labels":{"team":"qa"}"#,
        #","optimizer":{"type":"sgd","momentum":0.9,"nesterov":true},"early_stopping":{"patience":2,"monitor":{"task":"digit","metric":"accuracy"}}"#,
        #","weighting":{"strategy":"adaptive","form":"softmax","cadence":"batch"},"deadline":"2030-01-01T00:00:00Z""#,
        #","model":{"encoder":{"type":"mlp","hidden":[],"dropout":0.5},"head":{"hidden":[8]}},"priority":-100"#,
        #","inputs":{"columns":["width"],"encodings":{"width":{"type":"embedded","width":4}}},"checkpoint":{"every_epochs":3,"every_seconds":10,"keep":5}"#,
    ])
    func aSpecSurvivesWritingAndReading(members: String) throws {
        let spec = try decode(spec(members))
        #expect(try TrainingSpec(decoding: spec.json, in: Self.surroundings) == spec)
        #expect(try TrainingSpec(decoding: JSONValue(parsing: spec.json.encoded), in: nil) == spec)
    }

    @Test(arguments: [
        (#","epoch":3"#, "/epoch"), (#","epochs":0"#, "/epochs"), (#","epochs":"3""#, "/epochs"),
        (#","epochs":2.5"#, "/epochs"), (#","batch_size":-1"#, "/batch_size"), (#","seed":1e300"#, "/seed"),
        (#","threads":3"#, "/threads"), (#","priority":101"#, "/priority"), (#","labels":{"a":1}"#, "/labels/a"),
        (#","deadline":"2020-01-01T00:00:00Z""#, "/deadline"), (#","deadline":"soon""#, "/deadline"),
        (#","optimizer":{"type":"lion"}"#, "/optimizer/type"),
        (#","optimizer":{"betas":[0.9,1]}"#, "/optimizer/betas/1"),
        (#","optimizer":{"nesterov":true}"#, "/optimizer/nesterov"), (#","optimizer":[]"#, "/optimizer"),
        (#","validation":{"fraction":1}"#, "/validation/fraction"), (#","test":{"fraction":0.9}"#, "/test"),
        (#","validation":{"dataset":"ds_0192f3c4-0102-7000-8000-000000000001"}"#, "/validation/dataset"),
        (#","validation":{"stratify_by":"digits"}"#, "/validation/stratify_by"),
        (#","inputs":{"columns":["width","wdith"]}"#, "/inputs/columns/1"),
        (#","inputs":{"columns":["digit"]}"#, "/inputs/columns/0"),
        (#","inputs":{"encodings":{"wdith":{"type":"one_hot"}}}"#, "/inputs/encodings/wdith"),
        (#","inputs":{"encodings":{"digit":{"type":"one_hot"}}}"#, "/inputs/encodings/digit"),
        (#","inputs":{"encodings":{"width":{"type":"onehot"}}}"#, "/inputs/encodings/width/type"),
        (#","inputs":{"encodings":{"width":{}}}"#, "/inputs/encodings/width/type"),
        (#","inputs":{"encodings":{"width":{"type":"one_hot","width":3}}}"#, "/inputs/encodings/width/width"),
        (#","inputs":{"encodings":{"width":"one_hot"}}"#, "/inputs/encodings/width"),
        (#","inputs":{"encodings":[]}"#, "/inputs/encodings"),
        (#","model":{"encoder":{"type":"transformer"}}"#, "/model/encoder/type"),
        (#","model":{"encoder":{"type":"mlp","hidden":[0]}}"#, "/model/encoder/hidden/0"),
        (#","model":{"encoder":{"type":"mlp","layers":3}}"#, "/model/encoder/layers"),
        (#","batch_size":1,"model":{"encoder":{"type":"mlp","batch_norm":true}}"#, "/batch_size"),
        (#","weighting":{"strategy":"magic"}"#, "/weighting/strategy"),
        (#","weighting":{"strategy":"adaptive","form":"cubic"}"#, "/weighting/form"),
        (#","weighting":{"strategy":"equal","temperature":2}"#, "/weighting/temperature"),
        (#","early_stopping":{"monitor":{"task":"digits","metric":"accuracy"}}"#, "/early_stopping/monitor/task"),
        (#","initial_model":"mdl_0192f3c4-0102-7000-8000-000000000000""#, "/initial_model"),
        (#","a/b~c":1"#, "/a~1b~0c"),
    ])
    func aMistakeIsPointedAt(members: String, pointer: String) throws {
        #expect(try problems(spec(members)).map(\.pointer) == [pointer])
    }

    @Test(arguments: [
        (#"[]"#, "/tasks"), (#"{}"#, "/tasks"), (#"[3]"#, "/tasks/0"),
        (#"[{"target":"digit"}]"#, "/tasks/0/type"), (#"[{"type":"regression"}]"#, "/tasks/0/target"),
        (#"[{"target":"digits","type":"classification"}]"#, "/tasks/0/target"),
        (#"[{"target":"colour","type":"regression"}]"#, "/tasks/0/target"),
        (#"[{"target":"price","type":"classification"}]"#, "/tasks/0/target"),
        (#"[{"target":"constant","type":"classification"}]"#, "/tasks/0/target"),
        (#"[{"target":"digit","type":"binary"}]"#, "/tasks/0/target"),
        (#"[{"target":"empty","type":"classification"}]"#, "/tasks/0/target"),
        (#"[{"target":"price","type":"regression","loss":"cross_entropy"}]"#, "/tasks/0/loss"),
        (#"[{"target":"price","type":"regression","class_weights":{}}]"#, "/tasks/0/class_weights"),
        (#"[{"target":"price","type":"regression","weight":2}]"#, "/tasks/0/weight"),
        (#"[{"target":"price","targets":["price"],"type":"regression"}]"#, "/tasks/0/targets"),
        (#"[{"targets":["price","cost"],"type":"regression"}]"#, "/tasks/0/targets/1"),
        (
            #"[{"name":"a","target":"price","type":"regression"},{"name":"a","target":"digit","type":"classification"}]"#,
            "/tasks/1/name"
        ),
    ])
    func aMistakeInATaskIsPointedAt(tasks: String, pointer: String) throws {
        #expect(try problems(spec(tasks: tasks)).map(\.pointer) == [pointer])
    }

    @Test func fiveMistakesAreAllNamedInOneAnswer() throws {
        let text = #"""
            {"dataset":"ds_0192f3c4-0102-7000-8000-00000000000f","epochz":3,"epochs":0,"batch_size":"64",
             "tasks":[{"target":"digit","type":"classify"}]}
            """#
        let pointers = try problems(text).map(\.pointer).sorted()
        #expect(pointers == ["/batch_size", "/dataset", "/epochs", "/epochz", "/tasks/0/type"])
    }

    @Test func missingRequiredMembersAreEachPointedAt() throws {
        #expect(try problems("{}").map(\.pointer).sorted() == ["/dataset", "/tasks"])
    }

    @Test func aSpecThatIsNoObjectIsOneProblem() throws {
        #expect(try problems("[1]").map(\.pointer) == [""])
    }

    @Test func aSlipOfThePenGetsASuggestion() throws {
        let details = try problems(spec(#","bach_size":3"#)).map(\.detail)
        #expect(details.first?.contains("did you mean \"batch_size\"?") == true)
    }
}
