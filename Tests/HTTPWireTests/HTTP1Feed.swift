import HTTPTypes

@testable import HTTPWire

/// What a parser said about some bytes, in a form that can be compared.
struct Reading: Equatable {
    struct Request: Equatable {
        var head: HTTP1Head
        var content: [UInt8] = []
        var isComplete = false
        var trailers = HTTPFields()
    }
    var requests: [Request] = []
    var problem: TransportProblem?
}

/// Feeds `bytes` to a fresh parser, cut before each index in `cuts`.
func read(_ bytes: [UInt8], cuts: [Int] = [], limits: HTTP1Limits = HTTP1Limits()) -> Reading {
    var parser = HTTP1Parser(limits: limits)
    var reading = Reading()
    var start = 0
    for end in cuts + [bytes.count] {
        // A buffer of its own for each piece, so that reading past its end is a fault the address sanitizer sees.
        Array(bytes[start..<end]).withUnsafeBytes { piece in
            var input = piece
            while reading.problem == nil, let event = parser.next(&input) { reading.take(event) }
        }
        start = end
    }
    return reading
}

func read(_ text: String, limits: HTTP1Limits = HTTP1Limits()) -> Reading {
    read(Array(text.utf8), limits: limits)
}

extension Reading {
    mutating func take(_ event: HTTP1Event) {
        switch event {
        case .head(let head): requests.append(Request(head: head))
        case .content(let piece): requests[requests.count - 1].content.append(contentsOf: piece)
        case .end(let trailers):
            requests[requests.count - 1].isComplete = true
            requests[requests.count - 1].trailers = trailers
        case .failed(let problem): self.problem = problem
        }
    }
}
