import Datasets
import Foundation
import Glibc
import Jobs
import Weighting

/// How fast data sets are read and encoded, and how much memory it takes:
///
///     .build-release/release/DatasetReading [FILE.csv|FILE.jsonl|FILE.npz …]
///
/// Without files it makes 64 MB of a mixed table (numbers, categories, gaps) and 64 MB of JSON Lines, from a fixed seed.
@main
struct DatasetReading {
    static func main() throws {
        var files = CommandLine.arguments.dropFirst().map { String($0) }
        if files.isEmpty { files = try [makeTable(bytes: 64 << 20), makeLines(bytes: 64 << 20)] }
        for file in files { try measure(file) }
    }

    private static func measure(_ path: String) throws {
        guard let format = DatasetFormat(rawValue: URL(filePath: path).pathExtension) else {
            throw CocoaError(.fileReadUnsupportedScheme)
        }
        let bytes = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
        let megabytes = Double(bytes) / 1e6
        var schema = DatasetSchema(format: format, rows: 0, columns: [])
        let inspection = try cpuSeconds {
            schema = try DatasetFile.inspect(path, format: format, limits: .standard)
        }
        print(
            "\(path): \(schema.rows) rows, \(schema.columns.count) columns, inspected in \(milliseconds(inspection)) ms of processor time, "
                + "\(Int(megabytes / inspection)) MB/s, peak memory \(peakMegabytes) MB")
        guard let target = schema.columns.last, schema.columns.count > 1 else { return }
        let source = DatasetSource(path: path, sha256: path, schema: schema)
        let request = try makeRequest(target, schema)
        var encoded: EncodedDataset?
        let encoding = try cpuSeconds {
            encoded = try EncodedDataset.encode(source, request: request, limits: .standard)
        }
        print(
            "  encoded for \"\(target.name)\" in \(milliseconds(encoding)) ms, \(Int(megabytes / encoding)) MB/s, "
                + "\((encoded?.bytes ?? 0) / 1_000_000) MB, peak memory \(peakMegabytes) MB")
    }

    private static func makeRequest(_ target: ColumnProfile, _ schema: DatasetSchema) throws -> EncodingRequest {
        var generator = SystemRandomNumberGenerator()
        let isClass = target.distinct.map { $0 >= 2 && $0 < 1000 } == true
        let task = TaskSpec(name: "task", targets: [target.name], kind: isClass ? .classification : .regression)
        var spec = TrainingSpec(
            dataset: Identifier(.dataset, at: Timestamp(milliseconds: 0), using: &generator), tasks: [task],
            weighting: .equal)
        if let text = schema.columns.first(where: { $0.type == .string && $0.distinct == ColumnProfile.distinctMax }) {
            spec.model.encoder = .text(TextSpec(column: text.name))
        }
        return EncodingRequest(spec)
    }

    /// Processor time, so that a busy machine does not count.
    private static func cpuSeconds(_ body: () throws -> Void) rethrows -> Double {
        var start = timespec()
        var end = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start)
        try body()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end)
        return Double(end.tv_sec - start.tv_sec) + Double(end.tv_nsec - start.tv_nsec) / 1e9
    }

    private static func milliseconds(_ seconds: Double) -> Int { Int(seconds * 1000) }

    private static var peakMegabytes: Int {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
        return (Int(line.filter(\.isNumber)) ?? 0) / 1000
    }
}

// MARK: Made data

private struct Numbers {
    private var state: UInt64 = 1

    mutating func next(_ bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % bound
    }
}

private func makeTable(bytes: Int) throws -> String {
    let words = ["Private", "Self-emp", "", "State-gov", "Bachelors", "HS-grad", "Sales", "Craft-repair"]
    var numbers = Numbers()
    var text = "age,work,weight,school,years,job,gain,hours,rate,country,label\n"
    while text.utf8.count < bytes {
        text +=
            "\(17 + numbers.next(70)),\(words[numbers.next(8)]),\(numbers.next(1_000_000)),\(words[numbers.next(8)]),"
        text += "\(numbers.next(17)),\(words[numbers.next(8)]),\(numbers.next(9) == 0 ? numbers.next(99_999) : 0),"
        text +=
            "\(numbers.next(99)),\(numbers.next(1000)).\(numbers.next(1000)),\"United-States, \(numbers.next(40))\","
        text += "\(numbers.next(2))\n"
    }
    return try write(text, "table.csv")
}

private func makeLines(bytes: Int) throws -> String {
    let words = ["a", "stirring", "funny", "film", "of", "beauty", "and", "the", "beast", "."]
    var numbers = Numbers()
    var text = ""
    while text.utf8.count < bytes {
        let sentence = (0..<5 + numbers.next(20)).map { _ in words[numbers.next(10)] }.joined(separator: " ")
        text += "{\"text\": \"\(sentence)\", \"score\": \(numbers.next(100)), \"fine\": \(numbers.next(5))}\n"
    }
    return try write(text, "lines.jsonl")
}

private func write(_ text: String, _ name: String) throws -> String {
    let folder = FileManager.default.temporaryDirectory.appending(path: "tenbin-dataset-reading")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let file = folder.appending(path: name)
    try Data(text.utf8).write(to: file)
    return file.path
}
