import HTTPWire
import JobStore
import Jobs
import Locks
import Logging

/// Writes into the audit log who took what away: backups, models, checkpoints, rows of data sets.
///
/// An entry is written behind the answer, which it can neither delay nor fail. Somebody who takes the same thing again and
/// again, in ranges perhaps, gets one entry a minute, so that reading does not fill the disk.
final class DownloadLog: Sendable {
    private struct Taking: Hashable {
        var actor: String
        var key: Identifier?
        var path: Substring
        var peer: String
    }

    private static let repeatMilliseconds: Int64 = 60_000
    /// Takings that are remembered; beyond that they are forgotten, and written again.
    private static let takingsMax = 4_096

    private let services: Services
    private let noted = Lock<[Taking: Timestamp]>([:])

    init(_ services: Services) {
        self.services = services
    }

    func note(_ entry: AuditEntry) {
        let taking = Taking(
            actor: entry.actor, key: entry.key, path: entry.target.prefix { $0 != "?" }, peer: entry.peer)
        let isNew = noted.withLock { noted in
            if let last = noted[taking], entry.at.milliseconds - last.milliseconds < Self.repeatMilliseconds {
                return false
            }
            if noted.count >= Self.takingsMax { noted = [:] }
            noted[taking] = entry.at
            return true
        }
        guard isNew else { return }
        services.store.record(entry).commit { [services] result in
            guard case .failure(let error) = result else { return }
            services.logger.warning(
                "a download is missing in the audit log: \(error)",
                metadata: ["actor": "\(entry.actor)", "target": "\(entry.target)", "request_id": "\(entry.requestID)"])
        }
    }
}
