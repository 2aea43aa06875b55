import Dispatch
import Locks

/// Keeps the models that were asked last, so that a question need not read and check a file first.
///
/// A model is read once even when several threads ask for it at the same time: the others wait for the first.
final class ModelCache: Sendable {
    /// Guarded by `state`.
    private struct State {
        /// The least recently used first.
        var kept: [(digest: String, model: LoadedModel)] = []
        /// Left when the reading of the file has ended.
        var underWay: [String: DispatchGroup] = [:]
    }

    private enum Turn {
        case found(LoadedModel)
        case wait(DispatchGroup)
        case load(DispatchGroup)
    }

    private let bytesMax: Int
    private let state = Lock(State())

    /// - Parameter bytesMax: bytes that kept models may take together; a larger one is used and let go.
    init(bytesMax: Int) {
        self.bytesMax = bytesMax
    }

    /// Bytes of the models kept.
    var bytes: Int {
        state.withLock { state in state.kept.reduce(0) { $0 + $1.model.bytes } }
    }

    /// The model whose file has this digest; blocks while another thread reads it.
    ///
    /// - Throws: what `load` throws, and `ArchiveError` where it gives no intact model.
    func model(_ digest: String, load: () throws -> [UInt8]) throws -> LoadedModel {
        while true {
            switch turn(for: digest) {
            case .found(let model): return model
            case .wait(let group): group.wait()
            case .load(let group):
                defer {
                    state.withLock { state in state.underWay[digest] = nil }
                    group.leave()
                }
                let model = try LoadedModel(try load())
                keep(model, digest)
                return model
            }
        }
    }

    private func turn(for digest: String) -> Turn {
        state.withLock { state in
            if let index = state.kept.firstIndex(where: { $0.digest == digest }) {
                let entry = state.kept.remove(at: index)
                state.kept.append(entry)
                return .found(entry.model)
            }
            if let group = state.underWay[digest] { return .wait(group) }
            let group = DispatchGroup()
            group.enter()
            state.underWay[digest] = group
            return .load(group)
        }
    }

    private func keep(_ model: LoadedModel, _ digest: String) {
        guard model.bytes <= bytesMax else { return }
        // What is let go is freed behind the lock, not under it.
        let released = state.withLock { state in
            state.kept.append((digest, model))
            var bytes = state.kept.reduce(0) { $0 + $1.model.bytes }
            var released: [LoadedModel] = []
            while bytes > bytesMax, let oldest = state.kept.first {
                bytes -= oldest.model.bytes
                released.append(oldest.model)
                state.kept.removeFirst()
            }
            return released
        }
        _ = released
    }
}
