import Foundation
import Glibc
import HTTPServer

/// Limits of this process (`ulimit`) that are too low to serve with.
enum ProcessLimits {
    /// With fewer left for connections, clients wait for each other.
    private static let connectionsMin = 16
    /// With less address space left, requests and jobs fail for want of memory.
    private static let addressBytesMin = 256 << 20

    /// What is too low, in sentences; empty when nothing is. Asked when everything is open that stays open.
    ///
    /// - Throws: `NoDescriptors` where no client could connect.
    static func shortages() throws -> [String] {
        try [descriptors(), addressSpace()].compactMap { $0 }
    }

    private static func descriptors() throws -> String? {
        guard let open = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count else { return nil }
        // The descriptor that lists the others is closed by now.
        let left = Server.descriptorsForConnections - (open - 1)
        guard left > 0 else { throw NoDescriptors(open: open) }
        guard left < connectionsMin else { return nil }
        return "only \(left) connections are possible with \(open) of the file descriptors in use; raise \"ulimit -n\""
    }

    private static func addressSpace() -> String? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0, limit.rlim_cur != rlim_t.max,
            let statm = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8),
            let pages = statm.split(separator: " ").first.flatMap({ Int($0) })
        else { return nil }
        let used = pages.multipliedReportingOverflow(by: Int(sysconf(Int32(_SC_PAGESIZE)))).partialValue
        let left = Int(clamping: limit.rlim_cur) - used
        guard left < addressBytesMin else { return nil }
        return "only \(max(0, left)) bytes of address space are left for requests and jobs; raise \"ulimit -v\""
    }
}

/// The limit of open files leaves nothing for a client.
struct NoDescriptors: Error, CustomStringConvertible {
    var open: Int

    var description: String {
        "no file descriptors are left for clients: the server itself has \(open) open; raise \"ulimit -n\" to at least 1024"
    }
}
