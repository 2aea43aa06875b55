import Compression
import Datasets
import Jobs

/// Bodies of predictions: the first byte says which model is asked and whether the rest is gzip. What is read within an
/// allowance must be what is read without one, and rows that are taken must be encoded in bounds.
private enum FuzzPredict {
    private static let limits = DatasetLimits(predictionRowsMax: 1_000, predictionBytesMax: 1 << 20)
    private static let valuesMax = 2_000

    private static let models: [Preprocessing] = [
        .columns([
            .init(name: "age", treatment: .numeric(mean: 40, deviation: 10, indicator: true)),
            .init(name: "colour", treatment: .oneHot(categories: ["blue", "red"], missing: false)),
            .init(name: "zip", treatment: .embedded(categories: ["7", "8"], missing: true, width: 2)),
        ]),
        .columns([.init(name: "x", treatment: .vector(means: [0, 1, 2], deviations: [1, 2, 3]))]),
    ].map { (inputs: InputPreprocessing) in
        Preprocessing(
            inputs: inputs, targets: [.init(task: "t", columns: ["t"], kind: .binary(negative: "a", positive: "b"))])
    }

    static func exercise(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let choice = bytes.first, let body = body(bytes, isGzip: choice & 0x80 != 0) else { return }
        var granted = 0
        let within = Result {
            try body.withUnsafeBufferPointer { buffer in
                try JSONValue(parsing: buffer, within: JSONAllowance(valuesMax: valuesMax) { granted += $0 })
            }
        }
        precondition(granted <= valuesMax, "no more values are asked for than there may be")
        let whole = Result { try JSONValue(parsing: body) }
        guard case .success(let document) = within else {
            if case .failure(let error) = within, error is TooManyValues { return }
            guard case .failure = whole else { preconditionFailure("an allowance refuses sound JSON") }
            return
        }
        precondition(document == (try? whole.get()), "an allowance changes what is read")
        let model = models[Int(choice & 0x7F) % models.count]
        do {
            let inputs = try model.encode(rows: document["rows"] ?? document, pointer: "/rows", limits: limits)
            precondition(inputs.rows > 0 && inputs.rows <= limits.predictionRowsMax)
            if case .features(let matrix) = inputs {
                precondition(matrix.values.count == matrix.rows * matrix.features)
                precondition(matrix.values.allSatisfy(\.isFinite))
            }
        } catch {
            precondition((1...100).contains(error.problems.count), "one to a hundred problems are told")
        }
    }

    private static func body(_ bytes: UnsafeBufferPointer<UInt8>, isGzip: Bool) -> [UInt8]? {
        let rest = Array(bytes.dropFirst())
        return isGzip ? try? GzipReader.inflated(rest, within: .init(bytesMax: 1 << 20)) : rest
    }
}

/// libFuzzer's entry: one input, always 0.
@_cdecl("LLVMFuzzerTestOneInput")
package func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    FuzzPredict.exercise(UnsafeBufferPointer(start: data, count: count))
    return 0
}
