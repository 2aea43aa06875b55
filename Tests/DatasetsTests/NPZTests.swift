import Jobs
import Testing

@testable import Datasets

struct NPZTests {
    private func inspect(_ bytes: [UInt8], limits: DatasetLimits = .standard) throws -> DatasetSchema {
        try inspectFile(bytes, .npz, limits: limits)
    }

    @Test(arguments: ["stored", "deflated"])
    func imagesAndLabelsAreReadStoredAndDeflated(name: String) throws {
        let source = try Arrays.source(name)
        #expect(source.schema.rows == 6)
        #expect(source.schema.columns.map(\.name) == ["x", "digit", "name"])
        let x = try #require(source.schema.column(named: "x"))
        #expect(x.type == .array && x.shape == [4, 3] && x.storage == "u1")
        #expect(x.minimum == 0 && x.maximum == 71)
        #expect(source.schema.columns[1].topValues.map(\.value) == ["1", "0", "-1"])
        #expect(source.schema.columns[2].missing == 1)
        let dataset = try EncodedDataset.encode(
            source, request: try makeRequest([classification("digit"), classification("name")]), limits: .standard)
        guard case .images(let images) = dataset.inputs, case .bytes(let pixels) = images.pixels,
            case .classes(let digits) = dataset.targets[0], case .classes(let names) = dataset.targets[1]
        else { throw DatasetError("not what was asked for") }
        #expect(pixels == (0..<72).map { UInt8($0) })
        #expect(digits.ids == [0, 1, -1, 1, 0, 1], "−1 is a missing label")
        #expect(dataset.preprocessing.targets[1].classes == ["alex", "bob", "日本"])
        #expect(names.ids == [0, 1, -1, 2, 1, 0])
        var training: [Double] = []
        for row in dataset.training { training += (0..<12).map { Double(Int(row) * 12 + $0) / 255 } }
        let mean = training.reduce(0, +) / Double(training.count)
        #expect(abs(images.preprocessing.means[0] - mean) < 1e-12)
    }

    @Test func everyElementTypeIsReadForWhatItSays() throws {
        let source = try Arrays.source("types")
        let columns = source.schema.columns
        #expect(columns.map(\.storage) == ["b1", "u2", "u8", "i1", "i4", "i8", "f2", "f4", "f8", "S5", "f8"])
        #expect(
            columns.map(\.type) == [
                .boolean, .integer, .integer, .integer, .integer, .integer, .number, .integer, .number, .string, .array,
            ])
        #expect(columns.map(\.missing) == [0, 0, 0, 0, 0, 0, 1, 0, 1, 1, 1])
        #expect(Set(columns[2].topValues.map(\.value)) == ["0", "1", "18446744073709551615"])
        #expect(Set(columns[5].topValues.map(\.value)) == ["-9223372036854775808", "0", "9223372036854775807"])
        #expect(columns[3].minimum == -128)
        #expect(columns[4].minimum == -7 && columns[4].maximum == 7)
        #expect(columns[6].minimum == -65504 && columns[6].maximum == 0.5)
        #expect(columns[8].minimum == .leastNonzeroMagnitude && columns[8].maximum == 0.1)
        #expect(Set(columns[9].topValues.map(\.value)) == ["abc", "12345"])
    }

    @Test func colourImagesAndArraysOfLabelsAreEncoded() throws {
        let task = TaskSpec(name: "y", targets: ["y"], kind: .multilabel)
        let dataset = try EncodedDataset.encode(
            try Arrays.source("colour"), request: try makeRequest([task], encoder: .cnn(CNNSpec())), limits: .standard)
        guard case .images(let images) = dataset.inputs, case .matrix(let labels) = dataset.targets[0] else {
            throw DatasetError("not what was asked for")
        }
        #expect(images.shape == ImageShape([2, 2, 3]))
        #expect(labels.values == [0, 1, 1, 0, 1, 0, 0, 0, 1, 1])
        #expect(labels.mask == [1, 1, 1, 1, 1, 0, 1, 1, 1, 1])
        #expect(dataset.preprocessing.targets[0].classes == ["y[0]", "y[1]"])
        var gathered = [Float](repeating: 0, count: dataset.training.count * 12)
        gathered.withUnsafeMutableBufferPointer { images.gather(dataset.training, into: $0) }
        for channel in 0..<3 {
            var values: [Float] = []
            for image in dataset.training.indices {
                let start = image * 12 + channel * 4
                values += gathered[start..<start + 4]
            }
            let squares = values.reduce(Float(0)) { $0 + $1 * $1 }
            #expect(abs(values.reduce(0, +)) < 1e-4)
            #expect(abs(squares / Float(values.count) - 1) < 1e-4)
        }
    }

    @Test func minusOneIsAClassWhenTheSpecSaysSo() throws {
        var task = classification("digit")
        task.missingLabel = .none
        let dataset = try EncodedDataset.encode(
            try Arrays.source("stored"), request: try makeRequest([task]), limits: .standard)
        #expect(dataset.preprocessing.targets[0].classes == ["-1", "0", "1"])
        task.missingLabel = .value(0)
        let other = try EncodedDataset.encode(
            try Arrays.source("stored"), request: try makeRequest([task]), limits: .standard)
        #expect(other.preprocessing.targets[0].classes == ["-1", "1"])
        task.missingLabel = .value(1)
        let last = try EncodedDataset.encode(
            try Arrays.source("stored"), request: try makeRequest([task]), limits: .standard)
        #expect(last.preprocessing.targets[0].classes == ["-1", "0"])
    }

    @Test func labelsOfMinusOneAndOneAskForTheMissingLabel() throws {
        let data = try TestDataset(
            NPZWriter.archive([("x", "<f4", [2, 1], [0, 0, 0, 0, 0, 0, 128, 63]), ("y", "|i1", [2], [255, 1])]), .npz)
        let error = #expect(throws: DatasetError.self) { try data.encode(try makeRequest([classification("y")])) }
        #expect(error?.problems[0].pointer == "/tasks/0/missing_label")
        #expect(error?.problems[0].detail.contains("\"missing_label\": null") == true)
    }

    @Test func minusOneInAnArrayOfLabelsIsMissingToo() throws {
        let data = try TestDataset(
            NPZWriter.archive([("x", "|u1", [3, 1], [1, 2, 3]), ("y", "|i1", [3, 2], [1, 255, 0, 1, 255, 0])]), .npz)
        let task = TaskSpec(name: "y", targets: ["y"], kind: .multilabel)
        guard case .matrix(let labels) = try data.encode(try makeRequest([task])).targets[0] else {
            throw DatasetError("no matrix")
        }
        #expect(labels.values == [1, 0, 0, 1, 0, 0])
        #expect(labels.mask == [1, 0, 1, 1, 0, 1])
        let numbers = TaskSpec(name: "y", targets: ["y"], kind: .regression)
        guard case .matrix(let values) = try data.encode(try makeRequest([numbers])).targets[0] else {
            throw DatasetError("no matrix")
        }
        #expect(values.mask == nil, "a whole number is a value of a regression")
        var strict = task
        strict.missingLabel = .none
        let request = try makeRequest([strict])
        #expect(throws: DatasetError.self) { try data.encode(request) }
    }

    @Test(
        arguments: [
            ("object", "pickled"), ("structured", "structured"), ("complex", "'<c8'"), ("fortran", "Fortran"),
            ("ragged", "4 rows, \"x\" has 3"), ("scalar", "expected 1 to 4 axes"), ("empty", "none empty"),
            ("infinite", "infinite"), ("hole", "not a number"), ("none", "no arrays"),
        ])
    func arraysThatCannotBeReadAreRefusedInWords(name: String, words: String) throws {
        let error = #expect(throws: DatasetError.self) {
            try DatasetFile.inspect(Arrays.path(name), format: .npz, limits: .standard)
        }
        #expect(error?.problems[0].detail.contains(words) == true, "\(String(describing: error))")
    }

    @Test func sizesAndOffsetsOf64BitsAreRead() throws {
        let arrays = [("x", "|u1", [3, 1], [1, 2, 3] as [UInt8]), ("y", "|u1", [3], [0, 1, 0] as [UInt8])]
        let bytes = NPZWriter.archive(arrays, zip64: true)
        #expect(try inspect(bytes) == inspect(NPZWriter.archive(arrays)))
        for length in 0..<bytes.count {
            #expect(throws: DatasetError.self) { try inspect(Array(bytes[..<length])) }
        }
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 0xFF
            _ = try? inspect(changed)
        }
    }

    @Test(arguments: ["stored", "deflated"])
    func aFileCutAnywhereIsRefused(name: String) throws {
        let bytes = try Arrays.bytes(name)
        for length in 0..<bytes.count {
            #expect(throws: DatasetError.self, "cut to \(length) bytes") { try inspect(Array(bytes[..<length])) }
        }
    }

    /// A bit of a stored array may only change what the checksum covers; any other change may also be harmless (a date).
    @Test(arguments: ["stored", "deflated"])
    func aChangedByteNeverGivesOtherValues(name: String) throws {
        let bytes = try Arrays.bytes(name)
        let sound = try inspect(bytes)
        var refused = 0
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 0x41
            do {
                #expect(try inspect(changed).columns.map(\.mean) == sound.columns.map(\.mean), "byte \(index)")
            } catch {
                refused += 1
            }
        }
        #expect(refused > bytes.count / 2)
    }

    @Test func sizesBeyondTheLimitsAreRefusedBeforeAnythingIsInflated() throws {
        var limits = DatasetLimits.standard
        limits.memberBytesMax = 100
        #expect(throws: DatasetError.self) { try inspect(try Arrays.bytes("stored"), limits: limits) }
        limits = .standard
        limits.archiveBytesMax = 400
        #expect(throws: DatasetError.self) { try inspect(try Arrays.bytes("stored"), limits: limits) }
        limits = .standard
        limits.columnsMax = 2
        #expect(throws: DatasetError.self) { try inspect(try Arrays.bytes("stored"), limits: limits) }
        limits = .standard
        limits.rowValuesMax = 11
        #expect(throws: DatasetError.self) { try inspect(try Arrays.bytes("stored"), limits: limits) }
        let huge = NPZWriter.archive([("x", "<f8", [1 << 31, 1 << 31, 1 << 31], [])])
        #expect(throws: DatasetError.self, "an overflowing shape") { try inspect(huge) }
    }

    @Test(
        arguments: [
            "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }",
            "{'shape':(3),'fortran_order':False,'descr':\"<f4\"}",
            " { 'descr' : '<f4' , 'fortran_order' : False , 'shape' : ( 3L , ) }  \n",
        ])
    func aHeaderMayBeWrittenInSeveralWays(text: String) throws {
        let header = try ArrayHeader(text: text, name: "x")
        #expect(header.shape == [3])
        #expect(header.contentBytes == 12)
    }

    /// Each differs in one thing from a header that is read, and is refused for that thing.
    @Test(
        arguments: [
            ("", "cannot be read"), ("{", "cannot be read"), ("{'descr': [", "cannot be read"),
            ("{'descr': '<f4", "cannot be read"), ("{}", "must have the keys"),
            ("{'descr': '<f4'}", "must have the keys"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (3,)} x", "cannot be read"),
            ("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (3,)}", "cannot be read"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (-3,)}", "cannot be read"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", "cannot be read"),
            ("{'descr': '<f4', 'fortran_order': 0, 'shape': (3,)}", "cannot be read"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': ()}", "expected 1 to 4 axes"),
            ("{'descr': __import__('os'), 'fortran_order': False, 'shape': (3,)}", "cannot be read"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), 'more': 1}", "cannot be read"),
            ("{'descr': '<f3', 'fortran_order': False, 'shape': (3,)}", "element type '<f3'"),
            ("{'descr': '<U99999999999', 'fortran_order': False, 'shape': (3,)}", "element type"),
            ("{'descr': '|O', 'fortran_order': False, 'shape': (3,)}", "pickled objects"),
            ("{'descr': '<f4\\'', 'fortran_order': False, 'shape': (3,)}", "cannot be read"),
        ])
    func aHeaderThatIsNoneIsRefused(text: String, reason: String) {
        #expect {
            try ArrayHeader(text: text, name: "x")
        } throws: { error in
            (error as? DatasetError)?.description.contains(reason) == true
        }
    }
}

/// A minimal NPZ writer: stored members, so that tests can say anything.
enum NPZWriter {
    static func archive(
        _ arrays: [(name: String, type: String, shape: [Int], content: [UInt8])], zip64: Bool = false
    ) -> [UInt8] {
        var file: [UInt8] = []
        var directory: [UInt8] = []
        for (name, type, shape, content) in arrays {
            let text = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(shape.map { "\($0)," }.joined())), }"
            let member =
                [0x93] + Array("NUMPY".utf8) + [1, 0] + little(text.utf8.count, 2) + Array(text.utf8) + content
            let fileName = Array("\(name).npy".utf8)
            let size = little(zip64 ? 0xFFFF_FFFF : member.count, 4)
            let offset = little(zip64 ? 0xFFFF_FFFF : file.count, 4)
            // An unrelated extra field first, then the one of ZIP64: size, stored size, offset.
            let sizes64 = little(member.count, 8) + little(member.count, 8) + little(file.count, 8)
            let extra: [UInt8] = zip64 ? [7, 0, 1, 0, 9, 1, 0, 24, 0] + sizes64 : []
            directory += Array("PK\u{1}\u{2}".utf8) + little(20, 2) + little(20, 2) + little(0, 8)
            directory += little(Int(crc(member)), 4) + size + size
            directory += little(fileName.count, 2) + little(extra.count, 2) + little(0, 10) + offset + fileName + extra
            file +=
                Array("PK\u{3}\u{4}".utf8) + little(20, 2) + little(0, 8) + little(Int(crc(member)), 4) + size + size
            file += little(fileName.count, 2) + little(0, 2) + fileName + member
        }
        let start = file.count
        file += directory
        if zip64 { file += end64(count: arrays.count, directory: directory.count, start: start) }
        let count = little(zip64 ? 0xFFFF : arrays.count, 2)
        file += Array("PK\u{5}\u{6}".utf8) + little(0, 4) + count + count
        file += little(zip64 ? 0xFFFF_FFFF : directory.count, 4) + little(zip64 ? 0xFFFF_FFFF : start, 4)
        return file + little(0, 2)
    }

    private static func end64(count: Int, directory: Int, start: Int) -> [UInt8] {
        var bytes = Array("PK\u{6}\u{6}".utf8) + little(44, 8) + little(45, 2) + little(45, 2) + little(0, 8)
        bytes += little(count, 8) + little(count, 8) + little(directory, 8) + little(start, 8)
        bytes += Array("PK\u{6}\u{7}".utf8) + little(0, 4) + little(start + directory, 8) + little(1, 4)
        return bytes
    }

    private static func little(_ value: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { $0 < 8 ? UInt8(truncatingIfNeeded: value >> (8 * $0)) : 0 }
    }

    /// CRC-32 of ISO 3309, bit by bit.
    static func crc(_ bytes: [UInt8]) -> UInt32 {
        var crc = ~UInt32(0)
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? (crc >> 1) ^ 0xEDB8_8320 : crc >> 1 }
        }
        return ~crc
    }
}
