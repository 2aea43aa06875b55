import CLinux
import Glibc
import HTTPWire

/// One stream of an HTTP/2 connection while its request is read and answered. Confined to its loop.
final class HTTP2Stream: ActiveExchange {
    var body = AnswerBody.none
    /// Whether the request's content is complete.
    var contentIsIn = false
    /// Content that waits for its sink. Its bytes still count against the flow-control windows, which bounds it.
    var waiting: [UInt8] = []
    /// Bytes with the sink, to be given back to the windows when it is ready.
    var unconsumed = 0
    /// Whether the source has said that it calls when there is more.
    var sourceWaits = false
    /// How much the session asked for last, when it has not got it yet.
    var wantedBytes: Int?
    /// Whether the answer's last byte was handed out.
    var answerIsOut = false
    /// When the answer was begun.
    var answeredAt: Milliseconds
    /// Unwanted content that may still come after the answer before the stream is reset.
    var discardRemaining: Int
    var rate: RateWindow
    /// Whether the peer takes the answer fast enough, its flow-control windows included.
    var drainMeter: DrainMeter
    /// The part of the answer that the meter has counted.
    var meteredBytes = 0

    init(number: Int32, head: RequestHead, connection: Connection) {
        let loop = connection.loop
        answeredAt = loop.now
        discardRemaining = loop.configuration.limits.discardBytesMax
        rate = loop.rateWindow
        drainMeter = DrainMeter(limits: loop.configuration.limits)
        super.init(
            key: ExchangeKey(connection: connection.id, exchange: Int(number)), mailbox: loop.mailbox, head: head,
            startedNanoseconds: loop.requestClock())
        rate.restart(loop.now)
    }

    /// What one attempt to get more of the answer came to.
    enum Piece {
        case bytes([UInt8], isLast: Bool)
        case later
        case failed
    }

    /// The next piece of the answer, of at most about `bytesMax` bytes.
    func next(bytesMax: Int, wake: @escaping @Sendable () -> Void) -> Piece {
        switch body {
        case .none:
            return .bytes([], isLast: true)
        case .bytes(let bytes, _):
            body = .none
            return .bytes(bytes, isLast: true)
        case .file(let file):
            return read(file, bytesMax: bytesMax)
        case .stream(let source):
            return ask(source, bytesMax: bytesMax, wake: wake)
        }
    }

    private func read(_ file: OutputQueue.FileRange, bytesMax: Int) -> Piece {
        let wanted = min(bytesMax, file.remaining)
        var failed = false
        let bytes = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
            let result = pread(file.descriptor, buffer.baseAddress, wanted, off_t(file.offset))
            count = max(0, result)
            // A file that became shorter can no longer fill the length that was promised.
            failed = result < 0 || (result == 0 && wanted > 0)
        }
        if failed {
            body.drop()
            return .failed
        }
        var rest = file
        rest.offset += bytes.count
        rest.remaining -= bytes.count
        body = .file(rest)
        guard rest.remaining == 0 else { return .bytes(bytes, isLast: false) }
        body.drop()
        return .bytes(bytes, isLast: true)
    }

    private func ask(_ source: any ContentSource, bytesMax: Int, wake: @escaping @Sendable () -> Void) -> Piece {
        while true {
            switch source.next(bytesMax: bytesMax, wake: wake) {
            case .bytes(let bytes):
                if !bytes.isEmpty { return .bytes(bytes, isLast: false) }
            case .later:
                return .later
            case .end:
                body = .none
                return .bytes([], isLast: true)
            case .failed:
                body = .none
                return .failed
            }
        }
    }
}

/// The streams of one connection that are being served, by their numbers.
struct HTTP2Streams {
    private var index = StreamIndex()
    private(set) var all: [HTTP2Stream] = []

    var numbers: [Int32] { index.streams }
    var isEmpty: Bool { all.isEmpty }

    subscript(number: Int32) -> HTTP2Stream? {
        guard let position = index.position(of: number) else { return nil }
        return all[position]
    }

    mutating func insert(_ stream: HTTP2Stream, for number: Int32) {
        if let position = index.position(of: number) {
            all[position] = stream
        } else {
            index.append(number)
            all.append(stream)
        }
    }

    mutating func remove(_ number: Int32) -> HTTP2Stream? {
        guard let position = index.remove(number) else { return nil }
        all.swapAt(position, all.count - 1)
        return all.removeLast()
    }
}
