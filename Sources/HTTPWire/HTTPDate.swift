import Glibc

/// Dates in the form HTTP wants them, RFC 9110 section 5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT`.
package enum HTTPDate {
    /// The date `seconds` after 1970 in UTC, as 29 bytes of ASCII.
    package static func bytes(secondsSince1970 seconds: Int) -> [UInt8] {
        var time = time_t(seconds)
        var parts = tm()
        guard gmtime_r(&time, &parts) != nil else { return Array("Thu, 01 Jan 1970 00:00:00 GMT".utf8) }
        let day = name(Int(parts.tm_wday), of: "SunMonTueWedThuFriSat")
        let month = name(Int(parts.tm_mon), of: "JanFebMarAprMayJunJulAugSepOctNovDec")
        let year = Int(parts.tm_year) + 1900
        let date = "\(day), \(two(parts.tm_mday)) \(month) \(year)"
        return Array("\(date) \(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) GMT".utf8)
    }

    private static func name(_ index: Int, of names: String) -> Substring {
        names.dropFirst(index * 3).prefix(3)
    }

    private static func two(_ number: Int32) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }
}
