import Datasets
import Foundation
import Jobs

/// One job whose memory is measured.
struct MemoryJob: Sendable {
    let name: String
    let dataset: MemoryDataset
    /// The spec without its data set.
    let members: String

    func spec() throws -> TrainingSpec {
        let text = "{\"dataset\":\"\(Identifier.none(.dataset))\",\"epochs\":1,\(members)}"
        return try TrainingSpec(decoding: try JSONValue(parsing: Array(text.utf8)), in: nil)
    }

    func source(in folder: String) throws -> LocalDataset {
        let path = dataset.path(in: folder)
        let schema = try DatasetFile.inspect(path, format: dataset.format, limits: .standard)
        return LocalDataset(path: path, schema: schema, sha256: name)
    }

    static let tiny = MemoryJob(
        name: "tiny", dataset: .numbers(rows: 200, columns: 4, .csv),
        members: tasks(.classification) + "," + mlp([8]))

    enum Kind: String, CaseIterable {
        case classification, binary, multilabel, regression
    }

    static func tasks(_ kinds: Kind...) -> String {
        let tasks = kinds.map { kind in
            let target =
                switch kind {
                case .classification: "\"target\":\"class\""
                case .binary: "\"target\":\"side\""
                case .multilabel: "\"targets\":[\"side\",\"flag\"]"
                case .regression: "\"target\":\"value\""
                }
            return "{\"name\":\"\(kind.rawValue)\",\"type\":\"\(kind.rawValue)\",\(target)}"
        }
        return "\"tasks\":[\(tasks.joined(separator: ","))]"
    }

    static func mlp(_ hidden: [Int], _ more: String = "") -> String {
        "\"model\":{\"encoder\":{\"type\":\"mlp\",\"hidden\":\(hidden)\(more)}}"
    }

    static func encoder(_ text: String) -> String { "\"model\":{\"encoder\":{\(text)}}" }
}

extension MemoryJob {
    /// Stand-ins that a program without optimisation runs within seconds.
    static let small = [
        MemoryJob(
            name: "small long texts", dataset: .longTexts(bytes: 40_000_000),
            members: tasks(.binary) + "," + encoder("\"type\":\"text\",\"tokens_max\":1")),
        MemoryJob(
            name: "small distinct words", dataset: .distinctWords(bytes: 9_000_000),
            members: tasks(.binary) + "," + encoder("\"type\":\"text\"")),
        MemoryJob(
            name: "small classes", dataset: .classes(rows: 2_000, classes: 1_000),
            members: tasks(.classification) + "," + mlp([16])),
    ]

    static let all: [MemoryJob] = issue + tables + networks + images + texts + arrays

    /// Those whose plans were wrong first.
    private static let issue = [
        MemoryJob(
            name: "long texts, 1 token", dataset: .longTexts(bytes: 257_000_000),
            members: tasks(.classification) + "," + encoder("\"type\":\"text\",\"tokens_max\":1")),
        MemoryJob(
            name: "distinct words", dataset: .distinctWords(bytes: 97_000_000),
            members: tasks(.classification) + "," + encoder("\"type\":\"text\"")),
        MemoryJob(
            name: "6,000 classes", dataset: .classes(rows: 12_000, classes: 6_000),
            members: tasks(.classification) + "," + mlp([64])),
    ]

    private static let tables: [MemoryJob] = {
        var jobs: [MemoryJob] = []
        for format in [DatasetFormat.csv, .jsonLines, .npz] {
            let numbers = MemoryDataset.numbers(rows: 240_000, columns: 60, format)
            for kind in Kind.allCases {
                jobs.append(
                    MemoryJob(
                        name: "numbers \(format.rawValue) \(kind.rawValue)", dataset: numbers,
                        members: tasks(kind) + "," + mlp([32]) + ",\"batch_size\":1024"))
            }
        }
        let categories = MemoryDataset.categories(rows: 150_000, values: 300)
        jobs.append(
            MemoryJob(
                name: "categories one-hot", dataset: categories,
                members: tasks(.classification) + "," + mlp([32])
                    + ",\"batch_size\":1024,\"inputs\":{\"columns\":[\"name\"],\"encodings\":{\"name\":{\"type\":\"one_hot\"}}}"
            ))
        jobs.append(
            MemoryJob(
                name: "categories embedded", dataset: .categories(rows: 4_000_000, values: 300),
                members: tasks(.binary) + "," + mlp([16])
                    + ",\"batch_size\":8192,\"inputs\":{\"columns\":[\"name\"]}"))
        return jobs
    }()

    private static let networks: [MemoryJob] = {
        let small = MemoryDataset.numbers(rows: 4_000, columns: 100, .csv)
        var jobs: [MemoryJob] = []
        for (name, more) in [
            ("adam", ""), ("adamw", ",\"optimizer\":{\"type\":\"adamw\"}"),
            ("sgd", ",\"optimizer\":{\"type\":\"sgd\",\"momentum\":0}"),
            ("sgd with momentum", ",\"optimizer\":{\"type\":\"sgd\",\"momentum\":0.9}"),
        ] {
            jobs.append(
                MemoryJob(
                    name: "wide \(name)", dataset: small,
                    members: tasks(.classification, .regression) + "," + mlp([3_000, 3_000]) + more))
        }
        for strategy in [
            "equal", "uncertainty", "pcgrad", "mgda", "cagrad", "gradnorm", "famo", "nash_mtl", "graddrop", "imtl_g",
            "moco", "modo", "sdmgrad", "gradvac", "stch", "upgrad", "db_mtl",
        ] {
            jobs.append(
                MemoryJob(
                    name: "wide \(strategy)", dataset: small,
                    members: tasks(.classification, .binary, .regression) + "," + mlp([2_500, 2_000])
                        + ",\"weighting\":{\"strategy\":\"\(strategy)\"}"))
        }
        for (name, more) in [
            ("batches", ""), ("batches with norm", ",\"batch_norm\":true"),
            ("batches with dropout", ",\"dropout\":0.2"),
            ("batches with gelu", ",\"activation\":\"gelu\""),
        ] {
            jobs.append(
                MemoryJob(
                    name: "large \(name)", dataset: .numbers(rows: 40_000, columns: 60, .csv),
                    members: tasks(.classification) + "," + mlp([2_000, 1_000], more) + ",\"batch_size\":8192"))
        }
        return jobs
    }()

    private static let images: [MemoryJob] = {
        var jobs: [MemoryJob] = []
        for (name, storage) in [("bytes", "u1"), ("floats", "f4")] {
            jobs.append(
                MemoryJob(
                    name: "cnn \(name)", dataset: .images(rows: storage == "u1" ? 60_000 : 20_000, side: 32, storage),
                    members: tasks(.classification) + ","
                        + encoder(
                            "\"type\":\"cnn\",\"blocks\":[{\"filters\":4,\"kernel\":3,\"stride\":2}],\"dense\":[16]")
                        + ",\"batch_size\":512"))
        }
        let few = MemoryDataset.images(rows: 600, side: 32, "u1")
        for (name, text) in [
            ("cnn wide", "\"type\":\"cnn\",\"blocks\":[{\"filters\":64,\"kernel\":3,\"padding\":1}],\"dense\":[512]"),
            (
                "cnn norm",
                "\"type\":\"cnn\",\"blocks\":[{\"filters\":32,\"kernel\":5,\"padding\":2,\"batch_norm\":true}],\"dense\":[256]"
            ),
            ("resnet narrow", "\"type\":\"resnet\",\"width\":16"), ("resnet", "\"type\":\"resnet\",\"width\":64"),
            ("resnet augmented", "\"type\":\"resnet\",\"width\":32,\"augmentation\":[\"random_crop\"]"),
        ] {
            for batch in name == "resnet" ? [32, 128] : [256] {
                jobs.append(
                    MemoryJob(
                        name: "\(name), batches of \(batch)", dataset: few,
                        members: tasks(.classification) + "," + encoder(text) + ",\"batch_size\":\(batch)"))
            }
        }
        return jobs
    }()

    private static let texts: [MemoryJob] = {
        var jobs: [MemoryJob] = []
        for format in [DatasetFormat.csv, .jsonLines, .npz] {
            jobs.append(
                MemoryJob(
                    name: "texts \(format.rawValue)", dataset: .texts(rows: 60_000, words: 30, format),
                    members: tasks(.classification) + ","
                        + encoder("\"type\":\"text\",\"tokens_max\":512,\"vocabulary_max\":5000")
                        + ",\"inputs\":{\"columns\":[\"text\"]}"))
        }
        let texts = MemoryDataset.texts(rows: 20_000, words: 30, .csv)
        jobs.append(
            MemoryJob(
                name: "texts conv", dataset: texts,
                members: tasks(.classification) + ","
                    + encoder("\"type\":\"text\",\"variant\":\"conv\",\"tokens_max\":256,\"vocabulary_max\":5000")
                    + ",\"batch_size\":512"))
        jobs.append(
            MemoryJob(
                name: "texts wide embedding", dataset: texts,
                members: tasks(.classification) + ","
                    + encoder("\"type\":\"text\",\"embedding\":1024,\"vocabulary_max\":20000")))
        jobs.append(
            MemoryJob(
                name: "texts n-grams", dataset: texts,
                members: tasks(.binary) + ","
                    + encoder("\"type\":\"text\",\"ngrams\":{\"max\":3},\"tokens_max\":64,\"vocabulary_max\":20000")))
        jobs.append(
            MemoryJob(
                name: "texts characters", dataset: texts,
                members: tasks(.regression) + ","
                    + encoder("\"type\":\"text\",\"tokens\":\"characters\",\"tokens_max\":200")))
        return jobs
    }()

    private static let arrays: [MemoryJob] = [
        MemoryJob(
            name: "vectors", dataset: .vectors(rows: 60_000, width: 784, outputs: 1),
            members: "\"tasks\":[{\"target\":\"y\",\"type\":\"regression\"}]," + mlp([32])),
        MemoryJob(
            name: "many regressions", dataset: .vectors(rows: 40_000, width: 10, outputs: 600),
            members: "\"tasks\":[{\"target\":\"y\",\"type\":\"regression\"}]," + mlp([32])),
        MemoryJob(
            name: "many labels", dataset: .vectors(rows: 40_000, width: 10, outputs: 600),
            members: "\"tasks\":[{\"target\":\"z\",\"type\":\"multilabel\"}]," + mlp([32])),
    ]
}
