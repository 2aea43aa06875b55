import Dispatch

/// Time as a pool sees it: how long something takes, and something to be done later.
package protocol PoolTimers: Sendable {
    /// Milliseconds since some moment; never goes back, whatever happens to the clock on the wall.
    var uptimeMilliseconds: Int { get }
    /// Runs `body` once after that time, on any thread.
    func after(milliseconds: Int, _ body: @escaping @Sendable () -> Void)
}

/// Time as Dispatch tells it.
package struct DispatchTimers: PoolTimers {
    private let queue = DispatchQueue(label: "tenbin.pool.timers")

    package init() {}

    package var uptimeMilliseconds: Int {
        Int(clamping: DispatchTime.now().uptimeNanoseconds / 1_000_000)
    }

    package func after(milliseconds: Int, _ body: @escaping @Sendable () -> Void) {
        queue.asyncAfter(deadline: .now() + .milliseconds(max(0, milliseconds)), execute: body)
    }
}
