import CLinux
import Foundation

/// How much memory this process may count on.
enum MachineMemory {
    /// What running jobs may take by default: 80 % of the machine's memory, or of the cgroup's where that is less.
    static var bytesForJobs: Int {
        let (most, _) = Int(clamping: min(machineBytes, groupBytes ?? .max)).quotientAndRemainder(dividingBy: 5)
        return max(most * 4, 1)
    }

    /// Asked of the system call, because `/proc/meminfo` is hidden from services that see their own processes only.
    private static var machineBytes: UInt64 {
        var information = sysinfo()
        guard sysinfo(&information) == 0 else { return .max }
        let (bytes, overflow) = UInt64(information.totalram).multipliedReportingOverflow(
            by: UInt64(max(information.mem_unit, 1)))
        return overflow ? .max : bytes
    }

    /// The smallest bound of the groups that the process is in; nil where there is none.
    private static var groupBytes: UInt64? {
        let groups = (try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8)) ?? ""
        return bound(groups: groups) { try? String(contentsOfFile: $0, encoding: .utf8) }
    }

    /// - Parameters:
    ///   - groups: the content of `/proc/self/cgroup`.
    ///   - read: the content of a file; nil where there is none.
    static func bound(groups: String, read: (String) -> String?) -> UInt64? {
        var bounds: [UInt64] = []
        for line in groups.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            let (root, file): (String, String)
            switch (parts[0], parts[1]) {
            case ("0", ""): (root, file) = ("/sys/fs/cgroup", "memory.max")
            case (_, let names) where names.split(separator: ",").contains("memory"):
                (root, file) = ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
            default: continue
            }
            // A group is bound by those that it lies in as well. In a container the root is the group itself.
            var names = parts[2].split(separator: "/")
            while true {
                let path = ([root] + names.map(String.init) + [file]).joined(separator: "/")
                if let text = read(path)?.trimmingCharacters(in: .whitespacesAndNewlines), let bytes = UInt64(text) {
                    bounds.append(bytes)
                }
                guard names.popLast() != nil else { break }
            }
        }
        return bounds.min()
    }
}
