import CNghttp2
import Glibc

/// What can be told of the libnghttp2 this process runs on.
package enum HTTP2Library {
    /// The version the library names, such as `1.52.0`.
    package static var version: String {
        guard let info = nghttp2_version(0), let text = info.pointee.version_str else { return "unknown" }
        return String(cString: text)
    }

    /// The fixes this server relies on that the library lacks; empty when it may be used.
    ///
    /// Two fixes of 1.52.0-1+deb12u3 came with functions of their own, whose presence is checked: the limit on resets
    /// (CVE-2023-44487) and the limit on CONTINUATION frames (CVE-2024-28182). The third (CVE-2026-27135, an assertion
    /// that input can trip) left no trace that a program could see without risking the very crash, so it is not checked:
    /// keep the package up to date.
    package static func missingFixes() -> [String] {
        guard let program = dlopen(nil, RTLD_NOW) else { return ["dlopen"] }
        defer { dlclose(program) }
        let fixes = [
            ("CVE-2023-44487", "nghttp2_option_set_stream_reset_rate_limit"),
            ("CVE-2024-28182", "nghttp2_option_set_max_continuations"),
        ]
        return fixes.filter { dlsym(program, $0.1) == nil }.map(\.0)
    }

    /// The client's side of the connection preface, RFC 9113 section 3.4.
    package static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    /// Whether `bytes` begins with the preface; nil while it may still become one.
    package static func beginsWithPreface(_ bytes: UnsafeRawBufferPointer) -> Bool? {
        let length = min(bytes.count, preface.count)
        for index in 0..<length where bytes[index] != preface[index] { return false }
        return length == preface.count ? true : nil
    }
}
