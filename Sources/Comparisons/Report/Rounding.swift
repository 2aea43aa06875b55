import Glibc

/// Three significant digits, for people: `0.0123`, `4.2`, `1.2e-07`.
func rounded(_ number: Double) -> String {
    guard number.isFinite, number != 0 else { return number == 0 ? "0" : "–" }
    let unit = pow(10, 2 - floor(log10(abs(number))))
    guard unit.isFinite, unit > 0 else { return "\(number)" }
    return plain((number * unit).rounded() / unit)
}

/// Without a trailing `.0`.
func plain(_ number: Double) -> String {
    Int(exactly: number).map(String.init) ?? "\(number)"
}
