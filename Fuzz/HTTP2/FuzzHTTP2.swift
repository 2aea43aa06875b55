import HTTPTypes
import HTTPWire

/// A server that answers at random, driven by the input's own bytes.
private struct Driver {
    let session: HTTP2Session
    var choices: ArraySlice<UInt8>
    var clock = 0
    var written: [UInt8] = []
    var heads: Set<Int32> = []

    mutating func choice() -> UInt8 { choices.popFirst() ?? 0 }

    mutating func receive(_ piece: ArraySlice<UInt8>) {
        clock += Int(choice()) * 10
        // A buffer of its own, so that reading past its end is seen.
        Array(piece).withUnsafeBytes { session.receive($0, now: clock) }
        handleEvents()
        session.produce(into: &written, bytesMax: 64 * 1024, now: clock)
        handleEvents()
        written.removeAll(keepingCapacity: true)
        if choice() == 77 { session.announceEnd() }
        _ = session.isFinished
    }

    private mutating func handleEvents() {
        while let event = session.nextEvent() {
            switch event {
            case .head(let stream, let head, _):
                precondition(heads.insert(stream).inserted, "two heads on a stream")
                precondition(head.message.path != nil || head.message.method == .connect, "a head without target")
                answer(stream)
            case .refused(let stream, let problem, _):
                respond(stream, status: problem.status, content: problem.document(requestID: "f"), isWhole: true)
            case .malformed(let stream):
                session.reset(stream: stream, code: .protocolError)
            case .late(let stream):
                session.reset(stream: stream, code: .streamClosed)
            case .content(let stream, let bytes):
                session.consume(stream: stream, count: bytes.count)
            case .wantsContent(let stream, let bytesMax):
                let count = min(bytesMax, Int(choice()) * 64)
                session.supply(stream: stream, [UInt8](repeating: 120, count: count), isLast: choice() % 2 == 0)
            case .noticed:
                session.goAway()
            case .end, .answered, .closed:
                break
            }
        }
    }

    private mutating func answer(_ stream: Int32) {
        switch choice() % 6 {
        case 0: session.reset(stream: stream, code: .refusedStream)
        case 1: break
        case 2: respond(stream, status: 200, content: [], isWhole: false)
        case 3:
            session.sendContinue(stream: stream)
            respond(stream, status: 200, content: [1, 2, 3], isWhole: true)
        default: respond(stream, status: 204, content: [], isWhole: true)
        }
    }

    private func respond(_ stream: Int32, status: Int, content: [UInt8], isWhole: Bool) {
        var fields = HTTP2FieldBlock()
        fields.begin(status: status, [.contentType: "text/plain"])
        fields.add("content-length", content.count)
        session.respond(stream: stream, fields: &fields, content: content, contentIsWhole: isWhole)
    }
}

/// libFuzzer's entry: one input, always 0. The first bytes choose how the rest, which are frames, is cut and answered.
@_cdecl("LLVMFuzzerTestOneInput")
package func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let input = Array(UnsafeBufferPointer(start: data, count: count))
    guard count > 16 else { return 0 }
    let (size, isUpgraded) = (1 + Int(input[0]) * 4, input[1] == 1)
    let limits = HTTP2Limits(streamsMax: 8)
    let session =
        isUpgraded
        ? try? HTTP2Session(limits: limits, upgradingWith: Array(input[2..<8]), isHead: false)
        : try? HTTP2Session(limits: limits)
    guard let session else { return 0 }
    var driver = Driver(session: session, choices: input[8..<16])
    if isUpgraded { driver.heads.insert(1) }
    driver.receive(HTTP2Library.preface[...])
    var rest = input[16...]
    while !rest.isEmpty {
        driver.receive(rest.prefix(size))
        rest = rest.dropFirst(size)
    }
    return 0
}
