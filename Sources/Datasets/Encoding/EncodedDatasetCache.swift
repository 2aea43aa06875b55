import Dispatch
import Locks

/// Shares encoded data sets among the jobs that ask for the same one.
///
/// Encoded once even when several ask at the same time: the others wait for the first. The most recently used ones are kept
/// up to `bytesMax`; one that a job still holds is found again even after it was let go here.
package final class EncodedDatasetCache: Sendable {
    private struct Key: Hashable {
        var digests: [String?]
        var request: EncodingRequest
    }

    private struct Weak {
        weak var dataset: EncodedDataset?
    }

    /// Guarded by `state`.
    private struct State {
        /// The least recently used first.
        var kept: [(key: Key, dataset: EncodedDataset)] = []
        var lent: [Key: Weak] = [:]
        /// Left when the encoding for the key has ended.
        var underWay: [Key: DispatchGroup] = [:]
    }

    private enum Turn {
        case found(EncodedDataset)
        case wait(DispatchGroup)
        case encode(DispatchGroup)
    }

    private let bytesMax: Int
    private let limits: DatasetLimits
    private let state = Lock(State())

    /// - Parameter bytesMax: Bytes kept beyond what jobs hold; 0 keeps nothing.
    package init(bytesMax: Int, limits: DatasetLimits) {
        self.bytesMax = bytesMax
        self.limits = limits
    }

    /// Bytes of the data sets kept here.
    package var bytes: Int {
        state.withLock { state in state.kept.reduce(0) { $0 + $1.dataset.bytes } }
    }

    /// The encoded data set; blocks while another thread encodes the same one. Never call it on a thread that must not block.
    package func encoded(
        _ main: DatasetSource, validation: DatasetSource? = nil, test: DatasetSource? = nil, request: EncodingRequest
    ) throws(DatasetError) -> EncodedDataset {
        let key = Key(digests: [main.sha256, validation?.sha256, test?.sha256], request: request)
        while true {
            switch turn(for: key) {
            case .found(let dataset): return dataset
            case .wait(let group): group.wait()
            case .encode(let group):
                defer {
                    state.withLock { state in state.underWay[key] = nil }
                    group.leave()
                }
                let dataset = try EncodedDataset.encode(
                    main, validation: validation, test: test, request: request, limits: limits)
                keep(dataset, for: key)
                return dataset
            }
        }
    }

    private func turn(for key: Key) -> Turn {
        state.withLock { state in
            if let index = state.kept.firstIndex(where: { $0.key == key }) {
                let entry = state.kept.remove(at: index)
                state.kept.append(entry)
                return .found(entry.dataset)
            }
            if let dataset = state.lent[key]?.dataset { return .found(dataset) }
            if let group = state.underWay[key] { return .wait(group) }
            let group = DispatchGroup()
            group.enter()
            state.underWay[key] = group
            return .encode(group)
        }
    }

    private func keep(_ dataset: EncodedDataset, for key: Key) {
        // What is let go is freed behind the lock, not under it.
        let released = state.withLock { state in
            state.lent = state.lent.filter { $0.value.dataset != nil }
            state.lent[key] = Weak(dataset: dataset)
            state.kept.append((key, dataset))
            var bytes = state.kept.reduce(0) { $0 + $1.dataset.bytes }
            var released: [EncodedDataset] = []
            while bytes > bytesMax, let oldest = state.kept.first {
                bytes -= oldest.dataset.bytes
                released.append(oldest.dataset)
                state.kept.removeFirst()
            }
            return released
        }
        _ = released
    }
}
