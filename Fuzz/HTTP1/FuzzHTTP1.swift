import HTTPTypes
import HTTPWire

/// What a parser said, in a form that can be compared.
private struct Reading: Equatable {
    var heads: [HTTP1Head] = []
    var content: [UInt8] = []
    var ends = 0
    var problem: TransportProblem?

    /// Feeds `bytes` in pieces of `size`, each in a buffer of its own, so that reading past its end is seen.
    init(_ bytes: UnsafeBufferPointer<UInt8>, pieces size: Int) {
        var parser = HTTP1Parser(limits: HTTP1Limits())
        var start = 0
        while start < bytes.count, problem == nil {
            let end = min(start + size, bytes.count)
            Array(bytes[start..<end]).withUnsafeBytes { piece in
                var input = piece
                while problem == nil, let event = parser.next(&input) { take(event) }
                precondition(problem != nil || input.isEmpty, "input was left behind")
            }
            start = end
        }
    }

    private mutating func take(_ event: HTTP1Event) {
        switch event {
        case .head(let head): heads.append(head)
        case .content(let piece): content.append(contentsOf: piece)
        case .end: ends += 1
        case .failed(let problem): self.problem = problem
        }
    }
}

/// libFuzzer's entry: one input, always 0. The same bytes must mean the same however they are cut.
@_cdecl("LLVMFuzzerTestOneInput")
package func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let bytes = UnsafeBufferPointer(start: data, count: count)
    guard let first = bytes.first else { return 0 }
    let whole = Reading(bytes, pieces: count)
    precondition(whole == Reading(bytes, pieces: 1), "a cut changes the meaning")
    precondition(whole == Reading(bytes, pieces: 2 + Int(first) % 64), "a cut changes the meaning")
    precondition(whole.ends <= whole.heads.count && whole.heads.count <= whole.ends + 1, "ends without heads")
    for head in whole.heads {
        precondition(head.message.path != nil || head.message.method == .connect, "a head without target")
    }
    return 0
}
