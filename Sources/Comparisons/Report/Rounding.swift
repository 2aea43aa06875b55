import Foundation

/// Three significant digits, for people: `0.0123`, `4.2`, `1.2e-07`.
func rounded(_ number: Double) -> String { rounded(number, digits: 3) }

private func rounded(_ number: Double, digits: Double) -> String {
    guard number.isFinite, number != 0 else { return number == 0 ? "0" : "–" }
    let unit = pow(10, digits - 1 - floor(log10(abs(number))))
    guard unit.isFinite, unit > 0 else { return "\(number)" }
    return plain((number * unit).rounded() / unit)
}

/// A value with its deviation, both rounded to the second digit of the deviation: `1412.1 ± 1.7`, `0.9240 ± 0.0066`.
///
/// Without a deviation, or with one of 0, the value has four digits.
func rounded(_ value: Double, deviation: Double?) -> String {
    guard let deviation else { return rounded(value, digits: 4) }
    guard value.isFinite, deviation.isFinite, deviation > 0 else {
        return "\(rounded(value, digits: 4)) ± \(rounded(deviation))"
    }
    var places = 1 - Int(floor(log10(deviation)))
    // 0.0996 is 0.10, whose second digit is one place further left.
    if (deviation * pow(10, Double(places))).rounded() >= 100 { places -= 1 }
    guard (-15...15).contains(places), abs(value) < 1e15 else { return "\(rounded(value)) ± \(rounded(deviation))" }
    func text(_ number: Double) -> String {
        let unit = pow(10, Double(places))
        return String(format: "%.\(max(0, places))f", (number * unit).rounded() / unit)
    }
    return "\(text(value)) ± \(text(deviation))"
}

/// Without a trailing `.0`.
func plain(_ number: Double) -> String {
    Int(exactly: number).map(String.init) ?? "\(number)"
}
