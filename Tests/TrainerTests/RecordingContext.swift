import Jobs
import Locks

/// A context that remembers what it was told and can wish for something at a chosen poll.
final class RecordingContext: TrainingContext {
    struct Record {
        var epochs: [EpochRecord] = []
        var checkpoints: [Checkpoint] = []
        var progress: [TrainingProgress] = []
        var log: [String] = []
        var polls = 0
        var wish = Wish.goOn
        /// Makes the wish come up at this poll.
        var wishAt: (poll: Int, wish: Wish)?
        var switches: [WeightingSwitch] = []
        /// Throws from `report` once this many epochs are there.
        var epochsMax: Int?
    }

    struct FencedOut: Error {}

    let record: Lock<Record>

    init(wishAt: (poll: Int, wish: Wish)? = nil, switches: [WeightingSwitch] = [], epochsMax: Int? = nil) {
        record = Lock(Record(wishAt: wishAt, switches: switches, epochsMax: epochsMax))
    }

    var wish: Wish {
        record.withLock { record in
            record.polls += 1
            if let (poll, wish) = record.wishAt, record.polls >= poll { record.wish = wish }
            return record.wish
        }
    }

    func report(_ epoch: EpochRecord, checkpoint: Checkpoint?) throws {
        try record.withLock { record in
            if let max = record.epochsMax, record.epochs.count >= max { throw FencedOut() }
            record.epochs.append(epoch)
            if let checkpoint { record.checkpoints.append(checkpoint.copied) }
        }
    }

    func save(_ checkpoint: Checkpoint) { record.withLock { $0.checkpoints.append(checkpoint.copied) } }
    func report(_ progress: TrainingProgress) { record.withLock { $0.progress.append(progress) } }
    func log(_ level: LogLevel, _ message: String) { record.withLock { $0.log.append(message) } }

    func begin(epoch: Int) -> WeightingSwitch? {
        record.withLock { $0.switches.last { $0.fromEpoch == epoch } }
    }

    var epochs: [EpochRecord] { record.withLock { $0.epochs } }
    var checkpoints: [Checkpoint] { record.withLock { $0.checkpoints } }
    var polls: Int { record.withLock { $0.polls } }
}

extension Checkpoint {
    /// Valid when the run has gone on as well.
    fileprivate var copied: Checkpoint {
        var copy = self
        copy.content = [.bytes(content.bytes)]
        return copy
    }
}

extension EpochRecord {
    /// Without what clocks decide.
    var timeless: EpochRecord {
        var record = self
        record.seconds = 0
        record.samplesPerSecond = 0
        record.attempt = 0
        return record
    }
}
