import Datasets
import Glibc
import Jobs
import Weighting

/// What every fuzzer of a data set format does with its bytes: put them in a file, inspect it, look at its first rows, and
/// encode it for every kind of task. Refusals are fine; traps, hangs and wrong shapes are not.
package enum DatasetFuzzing {
    /// Small, so that every limit is met.
    private static let limits = DatasetLimits(
        fieldBytesMax: 4096, recordBytesMax: 16_384, columnsMax: 64, columnNameBytesMax: 64, rowsMax: 4096,
        profileBytesMax: 1 << 20, memberBytesMax: 1 << 20, archiveBytesMax: 4 << 20, arrayHeaderBytesMax: 4096,
        rowValuesMax: 4096, encodedBytesMax: 16 << 20, classesMax: 100, previewValuesMax: 4096)

    package static func exercise(_ bytes: UnsafeBufferPointer<UInt8>, format: Format) {
        guard let path = file(bytes) else { return }
        guard let schema = try? DatasetFile.inspect(path, format: format.datasetFormat, limits: limits) else { return }
        precondition(schema.rows > 0 && !schema.columns.isEmpty, "an accepted data set has rows and columns")
        let source = DatasetSource(path: path, sha256: "", schema: schema)
        let rows = try? DatasetFile.rows(source, limit: 5, limits: limits)
        for kind in TaskSpec.Kind.allCases {
            for encoder in [EncoderSpec.mlp(MLPSpec()), .cnn(CNNSpec()), .text(TextSpec(ngrams: .init(max: 2), tokensMax: 8))] {
                encode(source, kind: kind, encoder: encoder, rows: rows ?? [])
            }
        }
    }

    package enum Format {
        case csv, jsonLines, npz

        fileprivate var datasetFormat: DatasetFormat {
            switch self {
            case .csv: .csv
            case .jsonLines: .jsonLines
            case .npz: .npz
            }
        }
    }

    private static func encode(
        _ source: DatasetSource, kind: TaskSpec.Kind, encoder: EncoderSpec, rows: [JSONValue]
    ) {
        guard let target = source.schema.columns.last?.name else { return }
        var generator = SystemRandomNumberGenerator()
        let dataset = Identifier(.dataset, at: Timestamp(milliseconds: 0), using: &generator)
        let task = TaskSpec(name: "t", targets: [target], kind: kind)
        var spec = TrainingSpec(dataset: dataset, tasks: [task], weighting: .equal)
        spec.model.encoder = encoder
        spec.validation = .fraction(0.3, seed: 1, stratifyBy: source.schema.columns.first?.name)
        let request = EncodingRequest(spec)
        guard let encoded = try? EncodedDataset.encode(source, request: request, limits: limits) else { return }
        check(encoded, rows: source.schema.rows)
        let restored = try? Preprocessing(json: encoded.preprocessing.json)
        precondition(restored == encoded.preprocessing, "a preprocessing comes back from its JSON")
        _ = try? encoded.preprocessing.encode(rows: .array(rows), pointer: "/rows", limits: limits)
        _ = try? encoded.preprocessing.encode(source, limits: limits)
    }

    private static func check(_ encoded: EncodedDataset, rows: Int) {
        precondition(encoded.rows == rows)
        precondition((encoded.training + encoded.validation).sorted() == (0..<Int32(rows)).map { $0 })
        switch encoded.inputs {
        case .features(let matrix):
            precondition(matrix.values.count == rows * matrix.features)
            precondition(matrix.values.allSatisfy(\.isFinite))
            for (index, value) in matrix.indices.enumerated() {
                precondition(
                    (0..<Int32(matrix.embeddings[index % matrix.embeddings.count].cardinality)).contains(value))
            }
        case .images(let tensor):
            switch tensor.pixels {
            case .bytes(let values): precondition(values.count == rows * tensor.shape.count)
            case .floats(let values): precondition(values.count == rows * tensor.shape.count)
            }
        case .tokens(let matrix):
            precondition(matrix.ids.count == rows * matrix.tokensMax)
            precondition(matrix.ids.allSatisfy { (0..<Int32(matrix.idCount)).contains($0) })
        }
        switch encoded.targets[0] {
        case .classes(let target):
            precondition(target.ids.count == rows)
            precondition(target.ids.allSatisfy { (-1..<Int32(target.classes)).contains($0) })
        case .matrix(let target):
            precondition(target.values.count == rows * target.outputs)
            precondition(target.values.allSatisfy(\.isFinite))
        }
    }

    /// The bytes as a file in memory: a new one for each input, under the same descriptor's path.
    private static func file(_ bytes: UnsafeBufferPointer<UInt8>) -> String? {
        guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, bytes.baseAddress, bytes.count, 0) == bytes.count else {
            return nil
        }
        return "/proc/self/fd/\(descriptor)"
    }

    private static let descriptor: Int32 = {
        let path = "/dev/shm/tenbin-fuzz-\(getpid())"
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        unlink(path)
        return descriptor
    }()
}
