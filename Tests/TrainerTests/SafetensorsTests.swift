import Datasets
import Jobs
import Kernels
import Testing

@testable import Trainer

/// The safetensors file, byte by byte.
struct SafetensorsTests {
    /// Three tasks behind a trunk with batch norm, every parameter another number.
    private func makeModel() throws -> ModelFile {
        let spec = makeSpec {
            $0.model = ModelSpec(encoder: .mlp(MLPSpec(hidden: [3], batchNorm: true)), headHidden: [])
        }
        let setup = try makeSetup(spec)
        let network = try Network<Float>(setup.plan, rowsMax: 1)
        for index in 0..<network.parameters.count { network.parameters[index] = Float(index) / 8 }
        for index in 0..<network.statistics.count { network.statistics[index] = -Float(index) }
        let preprocessing = Preprocessing(
            inputs: .columns(
                (0..<8).map {
                    ColumnPreprocessing(
                        name: "x\($0)", treatment: .numeric(mean: 0, deviation: 1, indicator: false))
                }),
            targets: [
                .init(task: "sign", columns: ["sign"], kind: .binary(negative: "no", positive: "yes")),
                .init(task: "largest", columns: ["largest"], kind: .classes(["a", "b", "c", "d"])),
                .init(
                    task: "smooth", columns: ["smooth"],
                    kind: .regression(outputs: ["smooth"], means: [5], deviations: [2])),
            ])
        return ModelFile(
            spec: spec, preprocessing: preprocessing, tasks: setup.tasks, network: network, epoch: 3)
    }

    @Test func theHeaderDescribesEveryByteBehindIt() throws {
        let model = try makeModel()
        let bytes = try SafetensorsFile(model).encoded()
        let length = (0..<8).reduce(0) { $0 | Int(bytes[$1]) << (8 * $1) }
        #expect(length % 8 == 0)
        #expect(bytes[8] == UInt8(ascii: "{"))
        let header = try JSONValue(parsing: Array(bytes[8..<(8 + length)]))
        let members = try #require(header.members)
        #expect(members.first?.name == "__metadata__")
        #expect(
            members.dropFirst().map(\.name) == [
                "trunk.0.weight", "trunk.1.weight", "trunk.1.bias", "heads.sign.0.weight", "heads.sign.0.bias",
                "heads.largest.0.weight", "heads.largest.0.bias", "heads.smooth.0.weight", "heads.smooth.0.bias",
                "trunk.1.running_mean", "trunk.1.running_var",
            ])
        var offset = 0
        let values = model.parameters + model.statistics
        for (member, expected) in zip(members.dropFirst(), values) {
            #expect(member.value["dtype"] == .string("F32"))
            let shape = try #require(member.value["shape"]?.elements).compactMap(\.int)
            #expect(shape.reduce(1, *) == expected.count)
            let ends = try #require(member.value["data_offsets"]?.elements).compactMap(\.int)
            try #require(ends == [offset, offset + 4 * expected.count])
            try #require(bytes.count >= 8 + length + ends[1])
            for (index, value) in expected.enumerated() {
                let place = 8 + length + offset + 4 * index
                let pattern = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[place + $1]) << (8 * UInt32($1)) }
                #expect(Float(bitPattern: pattern) == value)
            }
            offset = ends[1]
        }
        #expect(bytes.count == 8 + length + offset)
        #expect(members[1].value["shape"] == .array([.integer(3), .integer(8)]))
    }

    @Test func theMetadataAreTextsThatGiveBackSpecAndPreprocessing() throws {
        let model = try makeModel()
        let bytes = try SafetensorsFile(model).encoded()
        let length = (0..<8).reduce(0) { $0 | Int(bytes[$1]) << (8 * $1) }
        let header = try JSONValue(parsing: Array(bytes[8..<(8 + length)]))
        let metadata = try #require(header["__metadata__"])
        #expect(metadata.members?.allSatisfy { $0.value.text != nil } == true)
        #expect(metadata["format"]?.text == "tenbin")
        #expect(metadata["format_version"]?.text == "1")
        #expect(metadata["epoch"]?.text == "3")
        #expect(metadata["weights_sha256"]?.text == model.weightsSHA256)
        let spec = try JSONValue(parsing: Array(try #require(metadata["spec"]?.text).utf8))
        #expect(try TrainingSpec(decoding: spec, in: nil) == model.spec)
        let preprocessing = try JSONValue(parsing: Array(try #require(metadata["preprocessing"]?.text).utf8))
        #expect(try Preprocessing(json: preprocessing) == model.preprocessing)
    }

    @Test func theSameModelGivesTheSameBytes() throws {
        let file = try makeModel().encoded()
        let library = ModelLibrary(cacheBytesMax: 0)
        #expect(try library.safetensors(file) == library.safetensors(file))
        #expect(throws: ArchiveError.self) { try library.safetensors([1, 2, 3]) }
    }
}
