import Foundation
import Glibc

/// What a process held at a moment.
struct Sample {
    /// Since the start of the run, without the time that it was stopped.
    var seconds: Double
    /// Finished until then.
    var jobs: Int
    var residentBytes: Int
    var descriptors: Int
    /// Of the write-ahead log.
    var logBytes: Int

    static func csv(_ samples: [Sample]) -> String {
        let lines = samples.map { sample in
            "\(String(format: "%.1f", sample.seconds)),\(sample.jobs),\(sample.residentBytes),"
                + "\(sample.descriptors),\(sample.logBytes)\n"
        }
        return "seconds,jobs,resident_bytes,descriptors,log_bytes\n" + lines.joined()
    }
}

/// Reads what the system tells of a process (proc(5)).
struct ProcessMemory {
    let identifier: Int32
    /// The path of the write-ahead log.
    let log: String

    enum Failure: Error {
        case unreadable(String)
    }

    func sample(seconds: Double, jobs: Int) throws -> Sample {
        let status = try String(contentsOfFile: "/proc/\(identifier)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        guard let kibibytes = line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Int($0) }) else {
            throw Failure.unreadable("/proc/\(identifier)/status")
        }
        let descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(identifier)/fd").count
        var information = stat()
        let logBytes = stat(log, &information) == 0 ? Int(information.st_size) : 0
        return Sample(
            seconds: seconds, jobs: jobs, residentBytes: kibibytes << 10, descriptors: descriptors, logBytes: logBytes)
    }
}
