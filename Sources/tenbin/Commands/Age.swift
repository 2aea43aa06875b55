import ArgumentParser

/// A length of time as people write it: `90s`, `30m`, `12h`, `30d`; without a unit, seconds.
struct Age: ExpressibleByArgument, Equatable {
    let seconds: Int64

    init?(argument: String) {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
        let unit = argument.last.flatMap { units[$0] }
        guard let count = Int64(unit == nil ? argument : String(argument.dropLast())), count >= 0 else { return nil }
        let (seconds, overflows) = count.multipliedReportingOverflow(by: unit ?? 1)
        guard !overflows, seconds <= Self.secondsMax else { return nil }
        self.seconds = seconds
    }

    private static let secondsMax: Int64 = 100 * 366 * 86_400
}
