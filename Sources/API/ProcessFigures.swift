import Glibc

/// What the system tells of this process.
struct ProcessFigures {
    var residentBytes: Double?
    var openDescriptors: Double?
    var descriptorsMax: Double?
    var processorSeconds: Double?

    init() {
        residentBytes = Self.residentPages().map { Double($0) * Double(sysconf(Int32(_SC_PAGESIZE))) }
        openDescriptors = Self.countEntries(of: "/proc/self/fd")
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            descriptorsMax = Double(limit.rlim_cur)
        }
        var time = timespec()
        if clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 {
            processorSeconds = Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
        }
    }

    /// The second number of `/proc/self/statm`.
    private static func residentPages() -> Int? {
        let descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 128)
        let count = read(descriptor, &bytes, bytes.count)
        guard count > 0 else { return nil }
        let fields = String(decoding: bytes.prefix(count), as: UTF8.self).split(separator: " ")
        return fields.count > 1 ? Int(fields[1]) : nil
    }

    private static func countEntries(of path: String) -> Double? {
        guard let directory = opendir(path) else { return nil }
        defer { closedir(directory) }
        var count = 0.0
        while readdir(directory) != nil { count += 1 }
        // Itself, its parent, and the descriptor that reads them.
        return max(0, count - 3)
    }
}
