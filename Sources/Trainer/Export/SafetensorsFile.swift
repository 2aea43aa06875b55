import Datasets
import Jobs

/// A model in the safetensors format: the length of a JSON header (8 bytes, little-endian), the header, and the tensors
/// one behind the other, all `F32` and row-major.
///
/// The header's `__metadata__` holds texts only, so spec, preprocessing and tasks stand there as JSON texts. Source: the
/// format's own description, "Safetensors", section "Format".
struct SafetensorsFile {
    /// Of our metadata, not of safetensors.
    static let formatVersion = "1"
    /// The header is filled with spaces up to a multiple of this, so that the tensors are aligned.
    static let alignment = 8
    /// The reference implementation refuses longer headers.
    static let headerBytesMax = 100_000_000

    private let model: ModelFile

    init(_ model: ModelFile) {
        self.model = model
    }

    private var metadata: [(name: String, text: String)] {
        [
            ("format", "tenbin"), ("format_version", Self.formatVersion), ("epoch", String(model.epoch)),
            ("weights_sha256", model.weightsSHA256), ("spec", String(decoding: model.spec.json.encoded, as: UTF8.self)),
            ("preprocessing", String(decoding: model.preprocessing.json.encoded, as: UTF8.self)),
        ]
    }

    /// Parameters, then statistics, by name and shape, in the order of the plan.
    private var tensors: [(plan: ParameterPlan, values: [Float])] {
        zip(model.plan.parameters.entries, model.parameters).map { ($0.plan, $1) }
            + zip(model.plan.statistics.entries, model.statistics).map { ($0.plan, $1) }
    }

    /// The whole file; the same bytes for the same model.
    ///
    /// - Throws: `ExportError` where the header would be too long; `ArchiveError.interrupted` where it is not wanted any more.
    func encoded(isWanted: () -> Bool = { true }) throws -> [UInt8] {
        var header = encodedHeader()
        guard header.count <= Self.headerBytesMax - Self.alignment else {
            throw ExportError("the preprocessing is too large for the header of a safetensors file")
        }
        let padding = (Self.alignment - header.count % Self.alignment) % Self.alignment
        header.append(contentsOf: repeatElement(UInt8(ascii: " "), count: padding))
        var bytes: [UInt8] = []
        bytes.reserveCapacity(8 + header.count + tensors.reduce(0) { $0 + $1.values.count * 4 })
        withUnsafeBytes(of: UInt64(header.count).littleEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: header)
        for tensor in tensors {
            guard isWanted() else { throw ArchiveError.interrupted }
            // Memory is copied as it stands: every machine this builds for is little-endian.
            tensor.values.withUnsafeBytes { bytes.append(contentsOf: $0) }
        }
        return bytes
    }

    private func encodedHeader() -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.name("__metadata__")
            writer.object { writer in
                for (name, text) in metadata {
                    writer.name(escaping: name)
                    writer.value(text)
                }
            }
            var offset = 0
            for tensor in tensors {
                let end = offset + tensor.values.count * 4
                writer.name(escaping: tensor.plan.name)
                writer.object { writer in
                    writer.name("dtype")
                    writer.value("F32")
                    writer.name("shape")
                    writer.value(JSONValue.array(tensor.plan.shape.map { JSONValue($0) }))
                    writer.name("data_offsets")
                    writer.value(JSONValue.array([JSONValue(offset), JSONValue(end)]))
                }
                offset = end
            }
        }
        return writer.bytes
    }
}

/// Why a model cannot be said in a format.
package struct ExportError: Error, Hashable, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
