import CLinux
import Glibc

/// What a connection has yet to write, in order: small things gathered in one buffer, large ones kept as they are, and
/// files that never enter memory on their way to a plain socket.
struct OutputQueue {
    enum Segment {
        case bytes([UInt8])
        case file(FileRange)
    }

    /// A part of an open file; the descriptor is closed when the part is written or dropped.
    struct FileRange {
        var descriptor: Int32
        var offset: Int
        var remaining: Int
    }

    /// Bytes from this size on are not copied into the gathering buffer.
    static let largeBytes = 16 * 1024

    /// Segments before `tail`, first out first.
    private(set) var segments: [Segment] = []
    /// Where heads and small contents are gathered. Append with `Connection.appendOutput`.
    var tail: [UInt8] = []
    /// Bytes of the front segment, or of the tail, that are written already.
    private(set) var offset = 0

    var isEmpty: Bool { segments.isEmpty && offset == tail.count }

    /// Bytes held in memory.
    var bufferedBytes: Int {
        segments.reduce(tail.count - (segments.isEmpty ? offset : 0)) { sum, segment in
            if case .bytes(let bytes) = segment { sum + bytes.count } else { sum }
        }
    }

    mutating func append(_ bytes: [UInt8]) {
        if bytes.count < Self.largeBytes {
            tail.append(contentsOf: bytes)
        } else {
            seal()
            segments.append(.bytes(bytes))
        }
    }

    mutating func append(_ file: FileRange) {
        seal()
        segments.append(.file(file))
    }

    /// Moves the tail, when there is something in it, behind the segments.
    private mutating func seal() {
        guard tail.count > (segments.isEmpty ? offset : 0) else { return }
        segments.append(.bytes(tail))
        tail = []
    }

    /// Lends the next one or two parts to write from memory, which covers a head and a large content in one system call.
    /// Both are empty when a file is next.
    func withFront<Result>(_ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Result) -> Result {
        let none = UnsafeRawBufferPointer(start: nil, count: 0)
        guard let front = segments.first else {
            return tail.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[offset...]), none) }
        }
        guard case .bytes(let bytes) = front else { return body(none, none) }
        var following = tail
        if segments.count > 1 {
            if case .bytes(let next) = segments[1] { following = next } else { following = [] }
        }
        return bytes.withUnsafeBytes { first in
            following.withUnsafeBytes { second in body(UnsafeRawBufferPointer(rebasing: first[offset...]), second) }
        }
    }

    /// The file part that is next, if one is.
    var frontFile: FileRange? {
        if case .file(let file)? = segments.first { file } else { nil }
    }

    /// Notes that `count` bytes from the front are written.
    mutating func consume(_ count: Int) {
        var rest = count
        while rest > 0, let first = segments.first {
            switch first {
            case .bytes(let bytes):
                let available = bytes.count - offset
                guard rest >= available else {
                    offset += rest
                    return
                }
                rest -= available
                offset = 0
                segments.removeFirst()
            case .file(var file):
                let taken = min(rest, file.remaining)
                file.offset += taken
                file.remaining -= taken
                rest -= taken
                segments[0] = .file(file)
                if file.remaining == 0 { dropFront() }
            }
        }
        offset += rest
        if segments.isEmpty, offset == tail.count {
            tail.removeAll(keepingCapacity: true)
            offset = 0
        }
    }

    /// Drops the front segment, closing its file.
    mutating func dropFront() {
        guard let first = segments.first else { return }
        if case .file(let file) = first { close(file.descriptor) }
        segments.removeFirst()
        offset = 0
    }

    /// Takes the empty gathering buffer away, for somebody else to use.
    mutating func takeTail() -> [UInt8] {
        var taken: [UInt8] = []
        swap(&taken, &tail)
        offset = 0
        return taken
    }

    /// Whether a file waits to be written.
    var hasFile: Bool {
        segments.contains { if case .file = $0 { true } else { false } }
    }

    /// Drops everything, closing files.
    mutating func removeAll() {
        while !segments.isEmpty { dropFront() }
        tail = []
        offset = 0
    }
}
