import Foundation

/// libfiu (Bertogli): system calls that fail at random, in a process that knows nothing of it.
enum FaultInjection {
    private static let libraries = ["/usr/lib/fiu/fiu_run_preload.so", "/usr/lib/fiu/fiu_posix_preload.so"]
    private static let control = "/usr/bin/fiu-ctrl"

    static var isInstalled: Bool {
        (libraries + [control]).allSatisfy { FileManager.default.fileExists(atPath: $0) }
    }

    private static let points = [
        "posix/io/sync/fsync", "posix/io/sync/fdatasync", "posix/io/rw/pwrite", "posix/io/dir/rename",
        "posix/io/oc/open",
    ]

    /// What is preloaded: ours first, which keeps the faults to files of the disk.
    private static var preloaded: String {
        ([VictimServer.products.appending(path: "libDiskFaults.so").path] + libraries).joined(separator: " ")
    }

    private static func commands(_ probability: Double) -> [String] {
        points.map { "enable_random name=\($0),probability=\(probability)" }
    }

    /// Faults from the first moment on.
    static func environment(failing probability: Double) -> [String: String] {
        [
            "LD_PRELOAD": preloaded,
            "FIU_ENABLE": commands(probability).joined(separator: "\n"),
        ]
    }

    /// No faults until they are asked for.
    static func environment(controlledBy pipe: String) -> [String: String] {
        ["LD_PRELOAD": preloaded, "FIU_CTRL_FIFO": pipe]
    }

    enum Failure: Error {
        case notInjected(status: Int32)
    }

    /// Begins to make a process fail.
    static func fail(_ probability: Double, in process: Int32, controlledBy pipe: String) throws {
        let program = Process()
        // A server that is killed meanwhile never answers.
        program.executableURL = URL(filePath: "/usr/bin/timeout")
        program.arguments =
            ["5", control, "-f", pipe] + commands(probability).flatMap { ["-c", $0] } + [String(process)]
        program.standardOutput = FileHandle.nullDevice
        try program.run()
        program.waitUntilExit()
        guard program.terminationStatus == 0 || program.terminationStatus == timedOut else {
            throw Failure.notInjected(status: program.terminationStatus)
        }
    }

    /// How `timeout` says so.
    private static let timedOut: Int32 = 124
}
