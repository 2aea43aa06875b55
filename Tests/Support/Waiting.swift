import Dispatch
import Glibc

/// What a test waited for did not happen in time.
package struct NotInTime: Error, CustomStringConvertible {
    package let seconds: Double

    package var description: String { "the condition did not become true within \(seconds) s" }
}

/// Waits until `condition` is true, asking a thousand times a second.
///
/// For conditions that send no signal. It blocks the calling thread, so it must not be called on the cooperative pool's behalf
/// of other tasks.
///
/// - Throws: `NotInTime` after `seconds`.
package func waitUntil(seconds: Double = 20, _ condition: () throws -> Bool) throws {
    let end = DispatchTime.now() + seconds
    while try !condition() {
        guard DispatchTime.now() < end else { throw NotInTime(seconds: seconds) }
        usleep(1_000)
    }
}
