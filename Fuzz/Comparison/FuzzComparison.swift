import Comparisons
import Jobs

/// Comparison requests on a small data set. One that is taken must be within the bounds, and each of its runs must be a spec
/// that can be read back; one that is refused must say why, at most a hundred times.
private enum FuzzComparison {
    private static let schema = DatasetSchema(
        format: .csv, rows: 100,
        columns: ["x", "y", "z"].map { ColumnProfile(name: $0, type: .integer, missing: 0, distinct: 2) })

    static func exercise(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let document = try? JSONValue(parsing: bytes) else { return }
        let surroundings = SpecSurroundings(
            dataset: { _ in schema }, modelExists: { _ in true }, threadsMax: 2, now: Timestamp(milliseconds: 0))
        do throws(InvalidSpec) {
            let request = try ComparisonRequest(decoding: document, in: surroundings)
            precondition(request.runs.count <= ComparisonRequest.runsMax)
            precondition(!request.metrics.isEmpty)
            for run in request.runs {
                precondition((try? TrainingSpec(decoding: run.document, in: nil)) != nil, "a run's spec is read back")
            }
        } catch {
            precondition((1...100).contains(error.problems.count), "one to a hundred problems are told")
        }
    }
}

/// libFuzzer's entry: one input, always 0.
@_cdecl("LLVMFuzzerTestOneInput")
package func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    FuzzComparison.exercise(UnsafeBufferPointer(start: data, count: count))
    return 0
}
