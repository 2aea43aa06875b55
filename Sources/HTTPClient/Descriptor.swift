import Glibc

/// A file descriptor that is closed when its last reference is released.
package final class Descriptor: Sendable {
    package let value: Int32

    package init(_ value: Int32) {
        self.value = value
    }

    deinit {
        if value >= 0 { close(value) }
    }
}
