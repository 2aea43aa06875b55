/// A moment in milliseconds since 1970-01-01T00:00:00Z, written as RFC 3339 in UTC: `2026-01-31T09:05:00.250Z`.
package struct Timestamp: Sendable, Hashable, Comparable {
    package var milliseconds: Int64

    package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.milliseconds < right.milliseconds
    }
}

extension Timestamp: CustomStringConvertible {
    /// The moment as RFC 3339 section 5.6 writes it, always with milliseconds and `Z`.
    package var description: String {
        let (days, inDay) = milliseconds.flooredDivision(by: 86_400_000)
        let (year, month, day) = Self.civil(fromDays: days)
        return String(unsafeUninitializedCapacity: 40) { buffer in
            var count = 0
            func append(_ byte: UInt8) {
                buffer[count] = byte
                count += 1
            }
            func append(_ value: Int64, width: Int, before separator: Unicode.Scalar) {
                // RFC 3339 ends with the year 9999 and has none before 0; what a clock says beyond is not cut.
                if value < 0 { append(UInt8(ascii: "-")) }
                var (digits, limit) = (width, UInt64(width == 2 ? 100 : width == 3 ? 1_000 : 10_000))
                while value.magnitude >= limit, digits < 18 { (digits, limit) = (digits + 1, limit * 10) }
                for _ in 0..<digits {
                    limit /= 10
                    append(0x30 + UInt8(value.magnitude / limit % 10))
                }
                append(UInt8(ascii: separator))
            }
            append(year, width: 4, before: "-")
            append(month, width: 2, before: "-")
            append(day, width: 2, before: "T")
            append(inDay / 3_600_000, width: 2, before: ":")
            append(inDay / 60_000 % 60, width: 2, before: ":")
            append(inDay / 1_000 % 60, width: 2, before: ".")
            append(inDay % 1_000, width: 3, before: "Z")
            return count
        }
    }

    /// Reads an RFC 3339 date-time with any offset; nil when the text is not one. Digits beyond milliseconds are dropped.
    package init?(rfc3339 text: String) {
        var scanner = Scanner(text)
        guard
            let year = scanner.digits(4), scanner.skip("-"),
            let month = scanner.digits(2), scanner.skip("-"),
            let day = scanner.digits(2), scanner.skip("T") || scanner.skip("t"),
            let hour = scanner.digits(2), scanner.skip(":"),
            let minute = scanner.digits(2), scanner.skip(":"),
            let second = scanner.digits(2), let fraction = scanner.fractionMilliseconds(),
            let offset = scanner.offsetMinutes(), scanner.isAtEnd,
            (1...12).contains(month), (1...Self.days(inMonth: month, of: year)).contains(day),
            hour < 24, minute < 60, second <= 60
        else { return nil }
        let days = Self.days(fromCivil: year, month, day)
        // A leap second is read as the second before it: the scale of UNIX time has no place for it.
        let seconds = days * 86_400 + hour * 3_600 + (minute - offset) * 60 + min(second, 59)
        milliseconds = seconds * 1_000 + fraction
    }

    // Days to civil dates and back in the proleptic Gregorian calendar, counting years from March so that the leap day
    // comes last (Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    private static func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = (days + 719_468).flooredDivision(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shifted + 2) / 5 + 1
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    private static func days(fromCivil year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = shiftedYear.flooredDivision(by: 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    private static func days(inMonth month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

extension Int64 {
    /// Quotient rounded towards minus infinity, and the remainder that goes with it (never negative).
    fileprivate func flooredDivision(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}

/// Reads the fixed-width parts of a date-time from the front of a text.
private struct Scanner {
    private var rest: Substring.UTF8View

    init(_ text: String) {
        rest = Substring(text).utf8
    }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard let first = rest.first, first == UInt8(ascii: character) else { return false }
        rest = rest.dropFirst()
        return true
    }

    mutating func digits(_ count: Int) -> Int64? {
        let taken = rest.prefix(count)
        guard taken.count == count, taken.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        rest = rest.dropFirst(count)
        return taken.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
    }

    mutating func fractionMilliseconds() -> Int64? {
        guard skip(".") else { return 0 }
        let taken = rest.prefix { (0x30...0x39).contains($0) }
        guard !taken.isEmpty else { return nil }
        rest = rest.dropFirst(taken.count)
        let three = Array(taken.prefix(3)) + [0x30, 0x30]
        return three.prefix(3).reduce(0) { $0 * 10 + Int64($1 - 0x30) }
    }

    mutating func offsetMinutes() -> Int64? {
        if skip("Z") || skip("z") { return 0 }
        let isNegative = skip("-")
        guard isNegative || skip("+"), let hours = digits(2), skip(":"), let minutes = digits(2),
            hours < 24, minutes < 60
        else { return nil }
        return (hours * 60 + minutes) * (isNegative ? -1 : 1)
    }
}
