import Glibc

/// The process has no memory left for what a job needs.
package struct OutOfMemory: Error, Sendable, Hashable, CustomStringConvertible {
    /// What was asked for.
    package var bytes: Int

    package init(bytes: Int) {
        self.bytes = bytes
    }

    package var description: String {
        "there is no memory for \(bytes) bytes more; "
            + "use a smaller model, batch or data set, or run the server with more memory"
    }
}

/// Memory for the large things of jobs. Everything above 1 MiB asks here first, because Swift's own allocations end the
/// process where there is none.
///
/// Beside what is granted, `reserveBytes` always stay free: for all that is small, for other threads, and for what the
/// libraries take when they are first used.
package enum MemoryRoom {
    /// Smaller allocations live from the reserve.
    package static let unaskedBytes = 1 << 20
    private static let reserveBytes = 96 << 20

    /// One at a time, so that two threads are not promised the same room.
    private static let turn = Lock(())

    /// Throws where so much cannot be allocated now. To be called right before the allocation.
    package static func claim(_ bytes: Int) throws(OutOfMemory) {
        guard bytes > unaskedBytes else { return }
        try turn.withLock { _ throws(OutOfMemory) in try probe(bytes) }
    }

    /// Memory whose bits are all zero, to be freed with `free`. The system gives large blocks page by page as they are first
    /// touched, so that it takes no time here.
    package static func allocate(_ bytes: Int) throws(OutOfMemory) -> UnsafeMutableRawPointer {
        try turn.withLock { _ throws(OutOfMemory) in
            if bytes > unaskedBytes { try probe(bytes) }
            guard let memory = calloc(bytes, 1) else { throw OutOfMemory(bytes: bytes) }
            return memory
        }
    }

    /// The system counts a private mapping like any other allocation, and gives it pages only when they are touched.
    private static func probe(_ bytes: Int) throws(OutOfMemory) {
        let (wanted, overflow) = bytes.addingReportingOverflow(reserveBytes)
        guard !overflow, wanted > 0 else { throw OutOfMemory(bytes: bytes) }
        let mapping = mmap(nil, wanted, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let mapping, mapping != MAP_FAILED else { throw OutOfMemory(bytes: bytes) }
        munmap(mapping, wanted)
    }
}
