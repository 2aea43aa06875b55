import HTTPTypes

/// Reads HTTP/1.0 and HTTP/1.1 requests: a pure machine, bytes in and events out (RFC 9112).
///
/// The caller gives bytes as they come, cut anywhere, and pulls events; pulling no more is how it applies back-pressure.
/// The answer to a byte sequence does not depend on where it was cut. A line that the input ends in the middle of is kept
/// here, bounded by the limits, and is checked as it grows, so nonsense is refused without waiting for its end.
package struct HTTP1Parser {
    enum State {
        /// Before a request line; up to two empty lines are skipped (RFC 9112 section 2.2).
        case start(emptyLines: Int)
        case fields
        case content(remaining: Int)
        case chunkSize
        case chunkContent(remaining: Int)
        case chunkEnd
        case trailers
        case ended
        case failed(TransportProblem)
    }

    let limits: HTTP1Limits
    /// `http` or `https`: the scheme of targets that do not carry one.
    let scheme: String
    var state = State.start(emptyLines: 0)
    /// The head being read.
    var draft = HeadDraft()
    /// The start of a line whose end has not come yet.
    var partial: [UInt8] = []
    /// Bytes of the current field or trailer section so far, CRLFs included.
    var sectionBytes = 0
    /// Bytes of chunk extensions in the current request.
    var extensionBytes = 0
    private var lastHead = LastHead()

    /// The last head that came in one piece, and its bytes. Clients repeat themselves: what equals it byte for byte is not
    /// read again.
    private struct LastHead {
        var bytes: [UInt8] = []
        var head: HTTP1Head?

        /// Longer heads are not kept.
        static let bytesMax = 2_048
    }

    package init(limits: HTTP1Limits, scheme: String = "http") {
        self.limits = limits
        self.scheme = scheme
    }

    /// Whether the machine stands between requests with nothing read of the next one.
    package var isIdle: Bool {
        if case .start(emptyLines: 0) = state { return partial.isEmpty }
        return false
    }

    /// Whether the request that is being read, or was refused, is a HEAD, as far as it has come: its answer has no content
    /// then (RFC 9110 section 9.3.2).
    package var isHead: Bool { draft.method == .head }

    /// How many bytes of declared content are still to come; nil when that is not known (chunked) and 0 outside content.
    package var contentRemaining: Int? {
        switch state {
        case .content(let remaining): remaining
        case .chunkSize, .chunkContent, .chunkEnd, .trailers: nil
        case .start, .fields, .ended, .failed: 0
        }
    }

    /// Takes bytes off the front of `input` and returns the next event; nil when all were taken and more are needed.
    package mutating func next(_ input: inout UnsafeRawBufferPointer) -> HTTP1Event? {
        do throws(TransportProblem) {
            return try step(&input)
        } catch {
            state = .failed(error)
            partial = []
            return .failed(error)
        }
    }

    private mutating func step(_ input: inout UnsafeRawBufferPointer) throws(TransportProblem) -> HTTP1Event? {
        while true {
            switch state {
            case .ended:
                state = .start(emptyLines: 0)
                return .end
            case .content(let remaining):
                guard let piece = take(remaining, from: &input) else { return nil }
                state = piece.count == remaining ? .ended : .content(remaining: remaining - piece.count)
                return .content(piece)
            case .chunkContent(let remaining):
                guard let piece = take(remaining, from: &input) else { return nil }
                state = piece.count == remaining ? .chunkEnd : .chunkContent(remaining: remaining - piece.count)
                return .content(piece)
            case .start where isIdle:
                if let head = takeLastHead(&input) { return .head(head) }
                let whole = input
                while case .start = state { guard try takeLine(&input) else { return nil } }
                while case .fields = state { guard try takeLine(&input) else { return nil } }
                if let head = finishedHead() {
                    remember(head, whole.part(0..<whole.count - input.count))
                    return .head(head)
                }
            case .start, .fields, .chunkSize, .chunkEnd, .trailers:
                guard try takeLine(&input) else { return nil }
                if let head = finishedHead() { return .head(head) }
            case .failed(let problem):
                input = input.part(input.count..<input.count)
                return .failed(problem)
            }
        }
    }

    private mutating func finishedHead() -> HTTP1Head? {
        guard let head = draft.finished else { return nil }
        draft = HeadDraft()
        return head
    }

    private mutating func remember(_ head: HTTP1Head, _ bytes: UnsafeRawBufferPointer) {
        guard bytes.count <= LastHead.bytesMax else { return }
        lastHead.bytes.removeAll(keepingCapacity: true)
        lastHead.bytes.append(contentsOf: bytes)
        lastHead.head = head
    }

    /// The last head again, where the input begins with its bytes.
    private mutating func takeLastHead(_ input: inout UnsafeRawBufferPointer) -> HTTP1Head? {
        let count = lastHead.bytes.count
        guard let head = lastHead.head, input.count >= count,
            lastHead.bytes.withUnsafeBytes({ $0.equals(input.part(0..<count)) })
        else { return nil }
        input = input.part(count..<input.count)
        beginContent(of: head)
        return head
    }

    /// At most `count` bytes off the front; nil when there are none.
    private func take(_ count: Int, from input: inout UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        guard !input.isEmpty else { return nil }
        let length = min(count, input.count)
        let piece = input.part(0..<length)
        input = input.part(length..<input.count)
        return piece
    }

    /// Takes one line and acts on it. False when the input ended first; what there was of it is kept.
    private mutating func takeLine(_ input: inout UnsafeRawBufferPointer) throws(TransportProblem) -> Bool {
        guard let lineFeed = input.firstIndex(of: Byte.lineFeed) else {
            guard !input.isEmpty else { return false }
            // The new bytes are checked together with a CR that may wait at the end of the old ones.
            let unchecked = partial.last == Byte.carriageReturn ? partial.count - 1 : partial.count
            partial.append(contentsOf: input)
            input = input.part(input.count..<input.count)
            partial.withUnsafeBytes { noteMethod($0) }
            let allowed = lineBytesMax
            let problem = partial.withUnsafeBytes { bytes -> TransportProblem? in
                check(bytes, from: unchecked, allowed: allowed, isComplete: false)
            }
            if let problem { throw problem }
            return false
        }
        let piece = input.part(0..<lineFeed)
        input = input.part(lineFeed + 1..<input.count)
        if partial.isEmpty {
            try actOnLine(piece)
        } else {
            partial.append(contentsOf: piece)
            var whole: [UInt8] = []
            swap(&whole, &partial)
            let result = whole.withUnsafeBytes { bytes -> Result<Void, TransportProblem> in
                Result { () throws(TransportProblem) in try actOnLine(bytes) }
            }
            try result.get()
        }
        return true
    }

    /// Refuses control characters within the first `allowed` bytes, then bytes beyond them (RFC 9112 section 2.2: a bare CR
    /// is one). While the line is not complete, a CR at its end may still become a CRLF.
    private func check(
        _ bytes: UnsafeRawBufferPointer, from start: Int, allowed: Int, isComplete: Bool
    ) -> TransportProblem? {
        if case .start = state, let problem = requestLineProblem(bytes) { return problem }
        let end = min(bytes.count, allowed + 1)
        if start < end {
            let tail = bytes.part(start..<end)
            let endsInReturn = tail.last == Byte.carriageReturn && end == bytes.count
            if !ByteClass.fieldText.containsAll(endsInReturn ? tail.part(0..<tail.count - 1) : tail) {
                return .malformed("A line holds a control character or a carriage return without line feed.")
            }
        }
        if allowed < 0 || bytes.count > allowed + 1 || (bytes.count > allowed && bytes[allowed] != Byte.carriageReturn)
        {
            return lineTooLong
        }
        if isComplete, bytes.last != Byte.carriageReturn {
            return .malformed("A line ends in a line feed without carriage return.")
        }
        return nil
    }

    /// What is wrong with the beginning of a request line, however the line goes on: a method that is too long, or more bytes
    /// than a version has after the target.
    private func requestLineProblem(_ line: UnsafeRawBufferPointer) -> TransportProblem? {
        guard line.count > HTTP1Limits.versionBytesMax else { return nil }
        let head = line.part(0..<min(line.count, limits.methodBytesMax + 1))
        guard let methodEnd = head.firstIndex(of: Byte.space) else {
            return head.count > limits.methodBytesMax && ByteClass.token.containsAll(head) ? .methodNotImplemented : nil
        }
        let rest = line.part(methodEnd + 1..<line.count)
        guard let targetEnd = rest.firstIndex(of: Byte.space), targetEnd <= limits.targetBytesMax else { return nil }
        let version = rest.part(targetEnd + 1..<rest.count)
        let lineEnd = version.last == Byte.carriageReturn ? 1 : 0
        guard version.count - lineEnd > HTTP1Limits.versionBytesMax,
            ByteClass.fieldText.containsAll(line.part(0..<line.count - version.count + HTTP1Limits.versionBytesMax + 1))
        else { return nil }
        return .malformed("The request line has no well-formed version.")
    }

    /// Acts on a line that is complete but for its line feed.
    private mutating func actOnLine(_ bytes: UnsafeRawBufferPointer) throws(TransportProblem) {
        noteMethod(bytes)
        if let problem = check(bytes, from: 0, allowed: lineBytesMax, isComplete: true) { throw problem }
        let line = bytes.part(0..<bytes.count - 1)
        switch state {
        case .start(let emptyLines):
            try readStartLine(line, emptyLines: emptyLines)
        case .fields:
            sectionBytes += line.count + 2
            try readHeadFieldLine(line)
        case .chunkSize:
            try readChunkSize(line)
        case .chunkEnd:
            guard line.isEmpty else { throw .malformed("A chunk is longer than its size says.") }
            state = .chunkSize
        case .trailers:
            sectionBytes += line.count + 2
            try readTrailerLine(line)
        case .content, .chunkContent, .ended, .failed:
            break
        }
    }

    /// Notes that a request line begins with HEAD before anything of it is refused.
    private mutating func noteMethod(_ line: UnsafeRawBufferPointer) {
        guard case .start = state, line.count >= 5, line.part(0..<5).equals("HEAD ") else { return }
        draft.method = .head
    }

    /// How long the line at hand may be, without its CRLF; negative when not even an empty one fits.
    private var lineBytesMax: Int {
        switch state {
        case .start: limits.requestLineBytesMax
        case .fields: limits.fieldBytesMax - sectionBytes - 2
        case .trailers: limits.trailerBytesMax - sectionBytes - 2
        case .chunkSize: limits.chunkLineBytesMax
        case .chunkEnd, .content, .chunkContent, .ended, .failed: 0
        }
    }

    private var lineTooLong: TransportProblem {
        switch state {
        case .start: .targetTooLong(bytesMax: limits.targetBytesMax)
        case .fields: .fieldsTooLarge("The header fields may have at most \(limits.fieldBytesMax) bytes.")
        case .trailers: .fieldsTooLarge("The trailer fields may have at most \(limits.trailerBytesMax) bytes.")
        case .chunkSize: .malformed("A chunk-size line is longer than \(limits.chunkLineBytesMax) bytes.")
        case .chunkEnd: .malformed("A chunk is longer than its size says.")
        case .content, .chunkContent, .ended, .failed: .malformed("A line is too long.")
        }
    }
}
