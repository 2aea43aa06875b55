import Glibc

/// Memory for `count` elements on a 64-byte boundary, zeroed, owned by this object alone.
///
/// Everything a training step touches lives in buffers made before the first step; the step itself allocates nothing.
/// Not `Sendable`: a buffer belongs to the job, and so to the thread, that made it.
package final class AlignedBuffer<Element: BitwiseCopyable> {
    /// One cache line, and the width of the widest vector register in use.
    package static var alignmentBytes: Int { 64 }

    package let count: Int
    package let pointer: UnsafeMutablePointer<Element>

    private let memory: UnsafeMutableRawPointer

    /// Elements whose bits are all zero. The system gives large blocks that way, page by page as they are first touched, so
    /// that it takes no time here.
    fileprivate init(zeroed count: Int) {
        precondition(count >= 0, "a buffer cannot have \(count) elements")
        self.count = count
        let bytes = max(count, 1) * MemoryLayout<Element>.stride + Self.alignmentBytes
        // Swift's own allocations end the process likewise. What a job needs was held against the server's limit before.
        guard let memory = calloc(bytes, 1) else { fatalError("no memory for a buffer of \(bytes) bytes") }
        self.memory = memory
        pointer = memory.alignedUp(toMultipleOf: Self.alignmentBytes)
            .bindMemory(to: Element.self, capacity: max(count, 1))
    }

    package convenience init(count: Int, repeating element: Element) {
        self.init(zeroed: count)
        pointer.update(repeating: element, count: count)
    }

    deinit {
        free(memory)
    }

    package subscript(index: Int) -> Element {
        get {
            precondition(index >= 0 && index < count, "index \(index) outside 0..<\(count)")
            return pointer[index]
        }
        set {
            precondition(index >= 0 && index < count, "index \(index) outside 0..<\(count)")
            pointer[index] = newValue
        }
    }

    /// The elements, copied.
    package var elements: [Element] {
        Array(UnsafeBufferPointer(start: pointer, count: count))
    }

    /// The elements, in place.
    package var span: UnsafeMutableBufferPointer<Element> {
        UnsafeMutableBufferPointer(start: pointer, count: count)
    }

    /// Overwrites the first elements with those of a collection that is no longer than the buffer.
    package func copy(from elements: some Collection<Element>) {
        precondition(elements.count <= count, "\(elements.count) elements do not fit into \(count)")
        _ = span.update(fromContentsOf: elements)
    }
}

extension AlignedBuffer where Element: Numeric {
    package convenience init(count: Int) {
        self.init(zeroed: count)
    }

    package convenience init(_ elements: some Collection<Element>) {
        self.init(zeroed: elements.count)
        copy(from: elements)
    }
}
