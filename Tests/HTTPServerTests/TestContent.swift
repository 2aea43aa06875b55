import HTTPWire
import Locks

/// A sink that counts, and takes more at once or only when released.
final class RecordingSink: ContentSink {
    private struct State {
        var count = 0
        var holdsBack = false
        var held: [@Sendable () -> Void] = []
        var whenFinished: (@Sendable () -> Void)?
    }
    private let state = Lock(State())
    private let failed: @Sendable (ContentFailure) -> Void

    init(failed: @escaping @Sendable (ContentFailure) -> Void = { _ in }) { self.failed = failed }

    var count: Int { state.withLock { $0.count } }
    var heldCount: Int { state.withLock { $0.held.count } }
    var holdsBack: Bool {
        get { state.withLock { $0.holdsBack } }
        set { state.withLock { $0.holdsBack = newValue } }
    }
    var whenFinished: (@Sendable () -> Void)? {
        get { state.withLock { $0.whenFinished } }
        set { state.withLock { $0.whenFinished = newValue } }
    }

    func receive(_ bytes: [UInt8], ready: @escaping @Sendable () -> Void) {
        let goesOn = state.withLock { state in
            state.count += bytes.count
            if state.holdsBack { state.held.append(ready) }
            return !state.holdsBack
        }
        if goesOn { ready() }
    }

    func finish() { whenFinished?() }
    func abort(_ reason: ContentFailure) { failed(reason) }

    func release() {
        let held = state.withLock { state in
            state.holdsBack = false
            defer { state.held = [] }
            return state.held
        }
        for ready in held { ready() }
    }
}

/// A source that gives a list of pieces, and then ends or fails.
final class ListSource: ContentSource {
    private struct State {
        var next = 0
        var isCancelled = false
    }
    private let state = Lock(State())
    private let pieces: [String]
    private let fails: Bool

    init(pieces: [String], fails: Bool = false) {
        self.pieces = pieces
        self.fails = fails
    }

    var taken: Int { state.withLock { $0.next } }
    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    func next(bytesMax: Int, wake: @escaping @Sendable () -> Void) -> ContentPiece {
        let index = state.withLock { state in
            defer { state.next += 1 }
            return state.next
        }
        guard index < pieces.count else { return fails ? .failed : .end }
        return .bytes(Array(pieces[index].utf8))
    }

    func cancel() { state.withLock { $0.isCancelled = true } }
}

/// Has nothing until it is released, then one piece.
final class HeldSource: ContentSource {
    private struct State {
        var piece: String?
        var isOver = false
        var wake: (@Sendable () -> Void)?
    }
    private let state = Lock(State())

    func release(_ piece: String) {
        let wake = state.withLock { state in
            state.piece = piece
            return state.wake
        }
        wake?()
    }

    func next(bytesMax: Int, wake: @escaping @Sendable () -> Void) -> ContentPiece {
        state.withLock { state in
            if state.isOver { return .end }
            guard let piece = state.piece else {
                state.wake = wake
                return .later
            }
            state.isOver = true
            return .bytes(Array(piece.utf8))
        }
    }

    func cancel() {}
}
