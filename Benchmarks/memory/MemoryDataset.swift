import CZlib
import Foundation
import Jobs

/// A data set that is made up, the same every time.
enum MemoryDataset: Hashable, Sendable {
    /// Columns x0, x1, … of numbers; class (10 of them), side and flag (0 or 1), value.
    case numbers(rows: Int, columns: Int, DatasetFormat)
    case categories(rows: Int, values: Int)
    case classes(rows: Int, classes: Int)
    /// Texts of half a megabyte, of few different words.
    case longTexts(bytes: Int)
    /// Words of eight letters, each of them once.
    case distinctWords(bytes: Int)
    case texts(rows: Int, words: Int, DatasetFormat)
    case images(rows: Int, side: Int, String)
    /// x `[rows, width]`, y `[rows, outputs]` of numbers, z `[rows, outputs]` of zeros and ones.
    case vectors(rows: Int, width: Int, outputs: Int)

    var format: DatasetFormat {
        switch self {
        case .numbers(_, _, let format), .texts(_, _, let format): format
        case .categories, .classes, .longTexts, .distinctWords: .csv
        case .images, .vectors: .npz
        }
    }

    func path(in folder: String) -> String {
        let name = String(describing: self).map { $0.isLetter || $0.isNumber ? String($0) : "-" }.joined()
        return "\(folder)/\(name).\(format.rawValue)"
    }

    func make(in folder: String) throws {
        let path = path(in: folder)
        guard !FileManager.default.fileExists(atPath: path) else { return }
        let file = try OutputFile(path)
        switch self {
        case .numbers(let rows, let columns, .npz):
            var archive = NPZWriter(file)
            try archive.add("x", "<f4", [rows, columns]) { Self.number($0) }
            for name in Self.labels { try archive.add(name, "<f4", [rows]) { Float(Self.label(name, $0)) } }
            try archive.finish()
        case .numbers(let rows, let columns, let format):
            let names = (0..<columns).map { "x\($0)" }
            try Self.write(rows: rows, names + Self.labels, format, to: file) { row, column in
                column < columns
                    ? String(Double(Self.number(row * columns + column)))
                    : String(Self.label(Self.labels[column - columns], row))
            }
        case .categories(let rows, let values):
            try Self.write(rows: rows, ["name"] + Self.labels, .csv, to: file) { row, column in
                column == 0 ? "name \(row * 7 % values)" : String(Self.label(Self.labels[column - 1], row))
            }
        case .classes(let rows, let classes):
            try Self.write(rows: rows, ["x0", "x1", "class"], .csv, to: file) { row, column in
                column < 2 ? String(Double(Self.number(row * 2 + column))) : "class \(row % classes)"
            }
        case .longTexts(let bytes):
            let text = String(repeating: "the same few words again and again ", count: 500_000 / 35)
            try Self.writeTexts(rows: bytes / text.utf8.count, .csv, to: file) { _ in text }
        case .distinctWords(let bytes):
            let words = 1_000
            try Self.writeTexts(rows: bytes / (9 * words), .csv, to: file) { row in
                (0..<words).map { Self.word(row * words + $0) }.joined(separator: " ")
            }
        case .texts(let rows, let words, .npz):
            var archive = NPZWriter(file)
            try archive.addTexts("text", rows: rows, width: 9 * words) { Self.text($0, words: words) }
            for name in Self.labels { try archive.add(name, "<f4", [rows]) { Float(Self.label(name, $0)) } }
            try archive.finish()
        case .texts(let rows, let words, let format):
            try Self.writeTexts(rows: rows, format, to: file) { Self.text($0, words: words) }
        case .images(let rows, let side, let type):
            var archive = NPZWriter(file)
            if type == "u1" {
                try archive.addBytes("x", [rows, side, side, 3]) { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
            } else {
                try archive.add("x", "<f4", [rows, side, side, 3]) { Self.number($0) }
            }
            for name in Self.labels { try archive.add(name, "<f4", [rows]) { Float(Self.label(name, $0)) } }
            try archive.finish()
        case .vectors(let rows, let width, let outputs):
            var archive = NPZWriter(file)
            try archive.add("x", "<f4", [rows, width]) { Self.number($0) }
            try archive.add("y", "<f4", [rows, outputs]) { Self.number($0 + 1) }
            try archive.addBytes("z", [rows, outputs]) { UInt8($0 % 3 == 0 ? 1 : 0) }
            try archive.finish()
        }
        try file.close()
    }

    private static let labels = ["class", "side", "flag", "value"]

    private static func label(_ name: String, _ row: Int) -> Int {
        switch name {
        case "class": row % 10
        case "side": row % 2
        case "flag": row / 2 % 2
        default: row * 17 % 1_001
        }
    }

    private static func number(_ index: Int) -> Float {
        Float(UInt32(truncatingIfNeeded: (index &* 0x9E37_79B9) ^ index >> 7) >> 12) / 1_048_576
    }

    private static func word(_ number: Int) -> String {
        var (rest, letters) = (number, [UInt8]())
        for _ in 0..<8 {
            letters.append(UInt8(97 + rest % 26))
            rest /= 26
        }
        return String(decoding: letters, as: UTF8.self)
    }

    private static func text(_ row: Int, words: Int) -> String {
        (0..<words).map { word((row * 131 + $0 * 17) % 20_011) }.joined(separator: " ")
    }

    private static func writeTexts(
        rows: Int, _ format: DatasetFormat, to file: OutputFile, _ text: (Int) -> String
    ) throws {
        try write(rows: rows, ["text"] + labels, format, to: file) { row, column in
            guard column > 0 else { return format == .csv ? text(row) : "\"\(text(row))\"" }
            return String(label(labels[column - 1], row))
        }
    }

    private static func write(
        rows: Int, _ names: [String], _ format: DatasetFormat, to file: OutputFile, _ cell: (Int, Int) -> String
    ) throws {
        if format == .csv { try file.write(names.joined(separator: ",") + "\n") }
        for row in 0..<rows {
            let cells = names.indices.map { cell(row, $0) }
            let line =
                format == .csv
                ? cells.joined(separator: ",")
                : "{" + zip(names, cells).map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}"
            try file.write(line + "\n")
        }
    }
}

/// A file that is written from its beginning to its end.
final class OutputFile {
    private let handle: FileHandle
    private var buffer: [UInt8] = []
    private(set) var offset = 0

    init(_ path: String) throws {
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        handle = try FileHandle(forWritingTo: URL(filePath: path))
    }

    func write(_ text: String) throws { try write(Array(text.utf8)) }

    func write(_ bytes: [UInt8]) throws {
        offset += bytes.count
        buffer += bytes
        if buffer.count > 1 << 20 { try flush() }
    }

    func close() throws {
        try flush()
        try handle.close()
    }

    private func flush() throws {
        try handle.write(contentsOf: buffer)
        buffer.removeAll(keepingCapacity: true)
    }
}

/// Arrays in a ZIP file without compression.
struct NPZWriter {
    private let file: OutputFile
    private var directory: [UInt8] = []
    private var members = 0

    init(_ file: OutputFile) {
        self.file = file
    }

    mutating func add(_ name: String, _ type: String, _ shape: [Int], _ value: (Int) -> Float) throws {
        try add(name, type, shape, size: 4) { Self.append(value($1).bitPattern, to: &$0) }
    }

    mutating func addBytes(_ name: String, _ shape: [Int], _ value: (Int) -> UInt8) throws {
        try add(name, "|u1", shape, size: 1) { $0.append(value($1)) }
    }

    mutating func addTexts(_ name: String, rows: Int, width: Int, _ value: (Int) -> String) throws {
        try add(name, "<U\(width)", [rows], size: 4 * width) { bytes, row in
            let scalars = Array(value(row).unicodeScalars)
            for index in 0..<width { Self.append(index < scalars.count ? scalars[index].value : 0, to: &bytes) }
        }
    }

    private static func append(_ number: UInt32, to bytes: inout [UInt8]) {
        for shift in stride(from: 0, to: 32, by: 8) { bytes.append(UInt8(truncatingIfNeeded: number >> shift)) }
    }

    private mutating func add(
        _ name: String, _ type: String, _ shape: [Int], size: Int, _ append: (inout [UInt8], Int) -> Void
    ) throws {
        let sizes = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
        var text = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(sizes)), }"
        text += String(repeating: " ", count: (64 - (10 + text.utf8.count + 1) % 64) % 64) + "\n"
        var header: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0]
        header += [UInt8(text.utf8.count & 255), UInt8(text.utf8.count >> 8)] + Array(text.utf8)
        let count = shape.reduce(1, *)
        // The checksum stands before the content, so that the values are made twice.
        var crc = crc32(0, header, UInt32(header.count))
        try forEachPiece(count, append) { crc = crc32(crc, $0, UInt32($0.count)) }
        let bytes = UInt32(header.count + count * size)
        let path = Array("\(name).npy".utf8)
        var common: [UInt8] = [20, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        for number in [UInt32(crc), bytes, bytes] { Self.append(number, to: &common) }
        common += [UInt8(path.count), 0, 0, 0]
        var entry: [UInt8] = [0x50, 0x4B, 1, 2, 20, 0] + common + [UInt8](repeating: 0, count: 10)
        Self.append(UInt32(file.offset), to: &entry)
        directory += entry + path
        members += 1
        try file.write([0x50, 0x4B, 3, 4] + common + path + header)
        try forEachPiece(count, append) { try file.write($0) }
    }

    private func forEachPiece(
        _ count: Int, _ append: (inout [UInt8], Int) -> Void, _ body: ([UInt8]) throws -> Void
    ) throws {
        var piece: [UInt8] = []
        for index in 0..<count {
            append(&piece, index)
            if piece.count >= 1 << 20 || index == count - 1 {
                try body(piece)
                piece.removeAll(keepingCapacity: true)
            }
        }
    }

    mutating func finish() throws {
        let start = file.offset
        try file.write(directory)
        var end: [UInt8] = [0x50, 0x4B, 5, 6, 0, 0, 0, 0, UInt8(members), 0, UInt8(members), 0]
        for number in [directory.count, start] { Self.append(UInt32(number), to: &end) }
        try file.write(end + [0, 0])
    }
}
