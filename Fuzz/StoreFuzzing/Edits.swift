/// What an input of the store's fuzzers means: changes to bytes that are there already.
///
/// Each change is an offset of three bytes, big-endian, a count of one byte of which the low five bits count, and so many
/// bytes to put there. Offsets beyond the end begin again at the beginning. So a small input changes a large database
/// anywhere, and the fuzzer's own mutations are changes of changes.
struct Edits {
    private var rest: Slice<UnsafeBufferPointer<UInt8>>

    init(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) {
        rest = bytes
    }

    func applied(to original: [UInt8]) -> [UInt8] {
        var (bytes, rest) = (original, self.rest)
        while rest.count > 4, !bytes.isEmpty {
            let head = Array(rest.prefix(4))
            let offset = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
            rest = rest.dropFirst(4)
            let content = rest.prefix(Int(head[3] & 31) + 1)
            for (index, byte) in content.enumerated() { bytes[(offset + index) % bytes.count] = byte }
            rest = rest.dropFirst(content.count)
        }
        return bytes
    }
}
