import HTTPTypes

/// Finds the ready-made `HTTPField.Name` of a common request field, so that it costs no allocation.
enum CommonFieldNames {
    /// The name for `bytes`, which must be a token already; nil when it is not a common one.
    static func name(_ bytes: UnsafeRawBufferPointer) -> HTTPField.Name? {
        guard bytes.count < byLength.count else { return nil }
        for entry in byLength[bytes.count] where matches(bytes, entry.lowercase) {
            return entry.name
        }
        return nil
    }

    private static func matches(_ bytes: UnsafeRawBufferPointer, _ lowercase: [UInt8]) -> Bool {
        for index in 0..<bytes.count {
            let byte = bytes[index]
            // Folding with 0x20 is exact here: among token bytes only letters fold onto letters, and `-` (0x2D) stays.
            if byte | 0x20 != lowercase[index] { return false }
        }
        return true
    }

    private struct Entry {
        let lowercase: [UInt8]
        let name: HTTPField.Name
    }

    private static let byLength: [[Entry]] = {
        let names: [HTTPField.Name] = [
            .accept, .acceptEncoding, .acceptLanguage, .authorization, .cacheControl, .connection, .contentLength,
            .contentType, .cookie, .expect, .ifMatch, .ifNoneMatch, .ifModifiedSince, .origin, .range, .referer,
            .transferEncoding, .upgrade, .userAgent, .te, .priority,
        ]
        var common = names.map { Entry(lowercase: Array($0.canonicalName.utf8), name: $0) }
        for text in ["host", "http2-settings", "x-request-id", "traceparent", "idempotency-key", "content-digest"] {
            if let name = HTTPField.Name(text) { common.append(Entry(lowercase: Array(text.utf8), name: name)) }
        }
        let longest = common.map(\.lowercase.count).max() ?? 0
        return (0...longest).map { length in common.filter { $0.lowercase.count == length } }
    }()
}
