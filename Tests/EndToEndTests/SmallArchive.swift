import Foundation

/// A NumPy archive of a few small arrays, stored without compression: enough to upload images with labels.
struct SmallArchive {
    private var members: [(name: String, bytes: [UInt8])] = []

    /// - Parameter type: NumPy's name of the type, `|u1` for bytes.
    mutating func add(_ name: String, type: String, shape: [Int], _ bytes: [UInt8]) {
        let lengths = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
        var header = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(lengths)), }"
        // Magic, version and length take ten bytes; data begins at a multiple of 64.
        while (header.utf8.count + 11) % 64 != 0 { header += " " }
        header += "\n"
        let length = UInt16(header.utf8.count)
        members.append(
            (name + ".npy", [0x93] + Array("NUMPY".utf8) + [1, 0] + Self.little(length) + header.utf8 + bytes))
    }

    /// The file: local headers with their content, then the directory.
    var bytes: [UInt8] {
        var (file, directory): ([UInt8], [UInt8]) = ([], [])
        for (name, content) in members {
            let size = UInt32(content.count)
            let common =
                Self.little(UInt16(20)) + [0, 0, 0, 0, 0, 0, 0, 0] + Self.little(Self.checksum(content))
                + Self.little(size) + Self.little(size) + Self.little(UInt16(name.utf8.count)) + [0, 0]
            directory += [0x50, 0x4B, 1, 2, 20, 0] + common + [UInt8](repeating: 0, count: 10)
            directory += Self.little(UInt32(file.count)) + name.utf8
            file += [0x50, 0x4B, 3, 4] + common + name.utf8 + content
        }
        let count = Self.little(UInt16(members.count))
        return file + directory + [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + count + count
            + Self.little(UInt32(directory.count)) + Self.little(UInt32(file.count)) + [0, 0]
    }

    private static func little(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    /// CRC-32 as ZIP has it, bit by bit.
    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(UInt32.max) { crc, byte in
            (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
        }
    }
}
