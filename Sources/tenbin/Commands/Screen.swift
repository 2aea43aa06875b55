import Foundation

/// A table that grows, with a progress bar below it when the output is a terminal.
struct Screen {
    let isTerminal = isatty(STDOUT_FILENO) == 1

    private static let barWidth = 40
    private static let eraseLine = "\r\u{1B}[K"

    /// Lines of the table. Who reads a pipe gets them at once too.
    func lines(_ texts: [String]) throws(OutputFailure) {
        for text in texts { print((isTerminal ? Self.eraseLine : "") + text) }
        try StandardOutput.flush()
    }

    /// - Parameters:
    ///   - fraction: 0…1.
    ///   - note: what stands behind the bar.
    func progress(_ fraction: Double, note: String = "") {
        guard isTerminal else { return }
        let done = Int(min(max(fraction, 0), 1) * Double(Self.barWidth))
        let bar =
            String(repeating: "█", count: done) + String(repeating: "░", count: Self.barWidth - done)
        print(Self.eraseLine + bar + " \(Int(min(max(fraction, 0), 1) * 100)) %" + note, terminator: "")
        fflush(nil)
    }

    func finish() {
        if isTerminal { print(Self.eraseLine, terminator: "") }
        fflush(nil)
    }
}

extension String {
    func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }

    func leftPadded(to width: Int) -> String {
        String(repeating: " ", count: max(0, width - count)) + self
    }
}

extension Double {
    /// In at most `width` characters, filled from the left: with four digits behind the point while they fit, with fewer when
    /// they do not, and as a power of ten when there is no other way. `–` when there is no number.
    func fitted(width: Int) -> String {
        guard isFinite else { return (isNaN ? "–" : self < 0 ? "-inf" : "inf").leftPadded(to: width) }
        let isTiny = self != 0 && magnitude < 0.00005
        let fixed =
            isTiny ? nil : (0...4).reversed().lazy.map { String(format: "%.\($0)f", self) }.first { $0.count <= width }
        let powers = (0...2).reversed().lazy.map { String(format: "%.\($0)e", self) }
        return (fixed ?? powers.first { $0.count <= width } ?? String(format: "%.0e", self)).leftPadded(to: width)
    }

    /// With that many digits behind the point; `–` when there is no number.
    func fixed(_ digits: Int, width: Int) -> String {
        (isNaN ? "–" : String(format: "%.\(digits)f", self)).leftPadded(to: width)
    }
}
