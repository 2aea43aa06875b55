import Datasets
import Dispatch
import Foundation
import Jobs
import Locks
import Testing

@testable import Trainer

/// Stored models, asked.
struct PredictionTests {
    /// A model of the digits, trained for a few epochs.
    private static let digits: Result<[UInt8], any Error> = Result {
        let spec = TrainerTests.makeDigitsSpec { $0.epochs = 4 }
        let outcome = try TrainerTests.makeTrainer().train(
            try TrainerTests.makeAssignment(spec), RecordingContext())
        guard case .succeeded(_, let model) = outcome else { throw CancellationError() }
        return model.bytes
    }

    /// The first rows of the digits, inputs and true digits apart.
    private static func makeRows(_ count: Int) throws -> (rows: JSONValue, digits: [String]) {
        let local = try TrainerTests.digits.get()
        let source = DatasetSource(path: local.path, sha256: local.sha256, schema: local.schema)
        let rows = try DatasetFile.rows(source, limit: count, limits: .standard)
        let inputs = rows.map { row in
            JSONValue.object((row.members ?? []).filter { !["digit", "parity", "ge5"].contains($0.name) })
        }
        return (.array(inputs), rows.map { $0["digit"]?.int.map(String.init) ?? "" })
    }

    private func makeLibrary(cacheBytesMax: Int = 100 << 20) -> ModelLibrary {
        ModelLibrary(cacheBytesMax: cacheBytesMax)
    }

    @Test func rowsAreAnsweredInTheirOrderWithLabelsAndProbabilities() throws {
        // More than go through the network at once.
        let (rows, digits) = try Self.makeRows(150)
        let answer = try makeLibrary().predict("d", load: { try Self.digits.get() }, rows: rows)
        let predictions = try #require(answer.elements)
        #expect(predictions.count == 150)
        var right = 0
        for (prediction, digit) in zip(predictions, digits) {
            #expect(prediction.members?.map(\.name) == ["digit", "parity", "ge5"])
            for member in try #require(prediction.members) {
                let probabilities = try #require(member.value["probabilities"]?.members)
                #expect(abs(probabilities.compactMap(\.value.double).reduce(0, +) - 1) < 1e-6)
                let best = probabilities.max { ($0.value.double ?? 0) < ($1.value.double ?? 0) }
                #expect(member.value["label"]?.text == best?.name)
            }
            #expect(prediction["ge5"]?["probabilities"]?.members?.map(\.name) == ["0", "1"])
            if prediction["digit"]?["label"]?.text == digit { right += 1 }
        }
        #expect(right > 130)
    }

    @Test func theRowsOfAFileGetTheAnswersOfTheSameRowsInTheRequest() throws {
        let local = try TrainerTests.digits.get()
        let library = makeLibrary()
        let file = try library.predict(
            "d", load: { try Self.digits.get() },
            file: DatasetSource(path: local.path, sha256: local.sha256, schema: local.schema))
        let (rows, _) = try Self.makeRows(70)
        let some = try library.predict("d", load: { try Self.digits.get() }, rows: rows)
        #expect(file.elements?.count == local.schema.rows)
        #expect(file.elements.map { Array($0.prefix(64)) } == some.elements.map { Array($0.prefix(64)) })
    }

    @Test func everyBadRowIsNamed() throws {
        var rows = try #require(try Self.makeRows(3).rows.elements)
        rows[1] = .object([.init("colour", .string("red"))])
        rows.append(.integer(7))
        let error = try #require(throws: InvalidSpec.self) {
            try makeLibrary().predict("d", load: { try Self.digits.get() }, rows: .array(rows))
        }
        #expect(error.problems.contains { $0.pointer == "/rows/1/colour" && $0.row == 2 })
        #expect(error.problems.contains { $0.pointer == "/rows/3" && $0.row == 4 })
        #expect(!error.problems.contains { $0.row == 1 || $0.row == 3 })
    }

    @Test(arguments: [JSONValue.null, .array([]), .string("rows"), .object([])])
    func rowsThatAreNoneAreRefused(rows: JSONValue) {
        #expect(throws: InvalidSpec.self) {
            try makeLibrary().predict("d", load: { try Self.digits.get() }, rows: rows)
        }
    }

    @Test func moreRowsThanAnAnswerHoldsAreRefusedBeforeTheyAreEncoded() throws {
        let rows = JSONValue.array(Array(repeating: .null, count: ModelLibrary.answerNumbersMax / 13 + 1))
        let error = try #require(throws: InvalidSpec.self) {
            try makeLibrary().predict("d", load: { try Self.digits.get() }, rows: rows)
        }
        #expect(error.problems.map(\.pointer) == ["/rows"])
    }

    @Test func aModelAtHandIsNotReadAgain() throws {
        let loads = Lock(0)
        let rows = try Self.makeRows(1).rows
        func ask(_ library: ModelLibrary, _ digest: String) throws {
            _ = try library.predict(
                digest,
                load: {
                    loads.withLock { $0 += 1 }
                    return try Self.digits.get()
                }, rows: rows)
        }
        let library = makeLibrary()
        for _ in 0..<3 { try ask(library, "a") }
        #expect(loads.withLock { $0 } == 1)
        try ask(library, "b")
        #expect(loads.withLock { $0 } == 2)
        let nothingKept = makeLibrary(cacheBytesMax: 0)
        for _ in 0..<3 { try ask(nothingKept, "a") }
        #expect(loads.withLock { $0 } == 5)
    }

    @Test func theModelAskedLongestAgoLeavesFirst() throws {
        let bytes = try Self.digits.get()
        let rows = try Self.makeRows(1).rows
        let library = makeLibrary(cacheBytesMax: 2 * (try LoadedModel(bytes).bytes))
        for digest in ["a", "b", "a", "c"] { _ = try library.predict(digest, load: { bytes }, rows: rows) }
        // "b" is gone, so it alone is read again.
        for digest in ["a", "c"] {
            _ = try library.predict(digest, load: { throw CancellationError() }, rows: rows)
        }
        #expect(throws: CancellationError.self) {
            try library.predict("b", load: { throw CancellationError() }, rows: rows)
        }
    }

    @Test func threadsThatAskAtOnceGetTheSameAnswers() throws {
        let rows = try Self.makeRows(40).rows
        let bytes = try Self.digits.get()
        let library = makeLibrary()
        let expected = try library.predict("d", load: { bytes }, rows: rows)
        let answers = Lock([JSONValue?]())
        DispatchQueue.concurrentPerform(iterations: 6) { _ in
            let answer = try? library.predict("d", load: { bytes }, rows: rows)
            answers.withLock { $0.append(answer) }
        }
        #expect(answers.withLock { $0 } == Array(repeating: expected, count: 6))
    }

    @Test func aDamagedModelIsNoModel() throws {
        var bytes = try Self.digits.get()
        bytes[bytes.count / 2] ^= 1
        let damaged = bytes
        let rows = try Self.makeRows(1).rows
        #expect(throws: ArchiveError.self) { try makeLibrary().predict("d", load: { damaged }, rows: rows) }
    }

    @Test(
        arguments: [
            (
                .classes(["cat", "dog"]), [0.25, 0.75],
                #"{"label":"dog","probabilities":{"cat":0.25,"dog":0.75}}"#
            ),
            (.classes(["cat", "dog"]), [0.5, 0.5], #"{"label":"cat","probabilities":{"cat":0.5,"dog":0.5}}"#),
            (.classes(["cat", "dog"]), [.nan, .nan], #"{"label":null,"probabilities":{"cat":null,"dog":null}}"#),
            (
                .binary(negative: "no", positive: "yes"), [0.75],
                #"{"label":"yes","probabilities":{"no":0.25,"yes":0.75}}"#
            ),
            (
                .multilabel(outputs: ["red", "round", "old"]), [0.75, 0.5, 0.25],
                #"{"labels":["red","round"],"probabilities":{"red":0.75,"round":0.5,"old":0.25}}"#
            ),
            (.regression(outputs: ["price"], means: [0], deviations: [1]), [12.5], #"{"value":12.5}"#),
            (.regression(outputs: ["price"], means: [0], deviations: [1]), [.infinity], #"{"value":null}"#),
            (
                .regression(outputs: ["heating", "cooling"], means: [0, 0], deviations: [1, 1]), [1.5, 2.5],
                #"{"values":{"heating":1.5,"cooling":2.5}}"#
            ),
        ] as [(TargetPreprocessing.Kind, [Double], String)])
    func theNumbersOfARowBecomeWords(kind: TargetPreprocessing.Kind, scores: [Double], expected: String) {
        let target = TargetPreprocessing(task: "t", columns: ["t"], kind: kind)
        #expect(String(decoding: target.prediction(scores).encoded, as: UTF8.self) == expected)
    }
}
