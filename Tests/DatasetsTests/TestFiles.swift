import Foundation
import Jobs
import Weighting

@testable import Datasets

/// A file that is gone when the test is over.
final class TemporaryFile {
    let path: String

    init(_ bytes: some Sequence<UInt8>, named name: String = "data") throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "\(name)-\(UUID().uuidString)")
        try Data(bytes).write(to: url)
        path = url.path
    }

    convenience init(_ text: String) throws {
        try self.init(text.utf8)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}

/// The schema of a temporary file with these bytes.
func inspectFile(
    _ bytes: some Sequence<UInt8>, _ format: DatasetFormat, limits: DatasetLimits = .standard
) throws -> DatasetSchema {
    let file = try TemporaryFile(bytes)
    return try withExtendedLifetime(file) {
        try DatasetFile.inspect(file.path, format: format, limits: limits)
    }
}

/// A data set in a temporary file, with the schema that inspection gives.
struct TestDataset {
    let file: TemporaryFile
    let source: DatasetSource

    init(_ bytes: some Sequence<UInt8>, _ format: DatasetFormat = .csv) throws {
        file = try TemporaryFile(bytes)
        let file = file
        let schema = try withExtendedLifetime(file) {
            try DatasetFile.inspect(file.path, format: format, limits: .standard)
        }
        source = DatasetSource(path: file.path, sha256: UUID().uuidString, schema: schema)
    }

    init(_ text: String, _ format: DatasetFormat = .csv) throws {
        try self.init(Array(text.utf8), format)
    }

    var schema: DatasetSchema { source.schema }

    func encode(
        _ request: EncodingRequest, validation: TestDataset? = nil, test: TestDataset? = nil
    ) throws -> EncodedDataset {
        try withExtendedLifetime((self, validation, test)) {
            try EncodedDataset.encode(
                source, validation: validation?.source, test: test?.source, request: request, limits: .standard)
        }
    }
}

/// A spec for the given tasks; everything else has its default.
func makeSpec(
    _ tasks: [TaskSpec], inputs: [String]? = nil, encoder: EncoderSpec = .mlp(MLPSpec()),
    validation: Holdout = .fraction(0.2, seed: 0, stratifyBy: nil), test: Holdout? = nil
) throws -> TrainingSpec {
    var generator = SystemRandomNumberGenerator()
    let dataset = Identifier(.dataset, at: Timestamp(milliseconds: 0), using: &generator)
    var spec = TrainingSpec(dataset: dataset, tasks: tasks, weighting: .equal)
    spec.inputColumns = inputs
    spec.model.encoder = encoder
    spec.validation = validation
    spec.test = test
    return spec
}

func makeRequest(
    _ tasks: [TaskSpec], inputs: [String]? = nil, encoder: EncoderSpec = .mlp(MLPSpec()),
    validation: Holdout = .fraction(0.2, seed: 0, stratifyBy: nil), test: Holdout? = nil
) throws -> EncodingRequest {
    EncodingRequest(
        try makeSpec(tasks, inputs: inputs, encoder: encoder, validation: validation, test: test))
}

func classification(_ target: String) -> TaskSpec { TaskSpec(name: target, targets: [target], kind: .classification) }

func regression(_ targets: String...) -> TaskSpec {
    TaskSpec(name: targets[0], targets: targets, kind: .regression)
}

/// The project's example data.
enum Examples {
    static let digits = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Examples/data/digits.csv").path
}

/// Arrays that numpy wrote; `Arrays/make_arrays.py` makes them.
enum Arrays {
    static func path(_ name: String) -> String {
        URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Arrays/\(name).npz").path
    }

    static func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(filePath: path(name))))
    }

    static func source(_ name: String) throws -> DatasetSource {
        let schema = try DatasetFile.inspect(path(name), format: .npz, limits: .standard)
        return DatasetSource(path: path(name), sha256: name, schema: schema)
    }
}
