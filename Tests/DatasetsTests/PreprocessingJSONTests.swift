import Jobs
import Testing

@testable import Datasets

struct PreprocessingJSONTests {
    static let examples: [Preprocessing] = [
        Preprocessing(
            inputs: .columns([
                .init(name: "a", treatment: .numeric(mean: 0.1 + 0.2, deviation: 1.0 / 3, indicator: true)),
                .init(name: "b\"\\\n", treatment: .oneHot(categories: ["", "é", "日本"], missing: true)),
                .init(name: "c", treatment: .embedded(categories: ["x"], missing: false, width: 3)),
                .init(
                    name: "d",
                    treatment: .vector(means: [.leastNonzeroMagnitude, 1.7976931348623157e308], deviations: [3, 0.1])),
            ]),
            targets: [
                .init(task: "k", columns: ["k"], kind: .classes(["-1", "0", "10"])),
                .init(task: "b", columns: ["b"], kind: .binary(negative: "no", positive: "yes")),
                .init(task: "m", columns: ["m", "n"], kind: .multilabel(outputs: ["m", "n"])),
                .init(task: "r", columns: ["r"], kind: .regression(outputs: ["r"], means: [-7], deviations: [1e-9])),
            ]),
        Preprocessing(
            inputs: .text(
                .init(
                    column: "t",
                    options: TextOptions(TextSpec(column: "t", tokens: .characters, ngrams: .init(min: 2, max: 3))),
                    vocabulary: ["a b", "\u{1F600}"])), targets: []),
    ]

    @Test(arguments: examples)
    func aPreprocessingComesBackToTheLastBit(preprocessing: Preprocessing) throws {
        let text = preprocessing.json.encoded
        #expect(try Preprocessing(json: JSONValue(parsing: text)) == preprocessing)
    }

    @Test func imagesComeBackToo() throws {
        let shape = try #require(ImageShape([3, 4, 3]))
        let preprocessing = Preprocessing(
            inputs: .images(
                .init(
                    column: "x", shape: shape, storage: .floats, scale: 1, means: [1, 2, 1.0 / 7],
                    deviations: [1, 1, 2])),
            targets: [])
        #expect(try Preprocessing(json: JSONValue(parsing: preprocessing.json.encoded)) == preprocessing)
    }

    /// Takes every member away, one at a time, and puts something else in its place.
    @Test func aDamagedPreprocessingIsRefusedAndNeverTrusted() throws {
        var damaged = 0
        for value in Self.examples.map(\.json) {
            for variant in Self.variants(of: value) where variant != value {
                damaged += 1
                if let read = try? Preprocessing(json: variant) {
                    // What is accepted must be whole: it comes back from its own text.
                    #expect(try Preprocessing(json: read.json) == read)
                }
            }
        }
        #expect(damaged > 100)
        #expect(throws: DatasetError.self) { try Preprocessing(json: .object([])) }
        let zero = ColumnPreprocessing(name: "a", treatment: .numeric(mean: 0, deviation: 0, indicator: false))
        let json = Preprocessing(inputs: .columns([zero]), targets: []).json
        #expect(throws: DatasetError.self, "a deviation of 0 cannot be divided by") { try Preprocessing(json: json) }
    }

    private static func variants(of value: JSONValue) -> [JSONValue] {
        switch value {
        case .object(let members):
            return members.indices.flatMap { index -> [JSONValue] in
                var without = members
                without.remove(at: index)
                let changed = variants(of: members[index].value).map { variant in
                    var changed = members
                    changed[index].value = variant
                    return JSONValue.object(changed)
                }
                return [.object(without)] + changed
            }
        case .array(let values):
            return values.indices.flatMap { index in
                variants(of: values[index]).map { variant in
                    var changed = values
                    changed[index] = variant
                    return .array(changed)
                }
            } + [.array(values.dropLast()), .null]
        case .string: return [.null, .string("")]
        case .number, .integer: return [.null, .number(-1), .number(0), .number(1e300)]
        case .bool, .null: return [.integer(3)]
        }
    }
}
