import Foundation

/// A table that grows, with a progress bar below it when the output is a terminal.
struct Screen {
    private let isTerminal = isatty(STDOUT_FILENO) == 1

    private static let barWidth = 40
    private static let eraseLine = "\r\u{1B}[K"

    func header(_ lines: [String]) {
        for line in lines { print(line) }
    }

    func row(_ text: String) {
        print((isTerminal ? Self.eraseLine : "") + text)
    }

    /// - Parameter fraction: 0…1.
    func progress(_ fraction: Double) {
        guard isTerminal else { return }
        let done = Int(min(max(fraction, 0), 1) * Double(Self.barWidth))
        let bar =
            String(repeating: "█", count: done) + String(repeating: "░", count: Self.barWidth - done)
        print(Self.eraseLine + bar + " \(Int(fraction * 100)) %", terminator: "")
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
    /// With that many digits behind the point; `–` when there is no number.
    func fixed(_ digits: Int, width: Int) -> String {
        (isNaN ? "–" : String(format: "%.\(digits)f", self)).leftPadded(to: width)
    }
}
