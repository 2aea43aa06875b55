import Glibc
package import Locks

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
    ///
    /// - Throws: where there is no memory for them.
    fileprivate init(zeroed count: Int) throws(OutOfMemory) {
        precondition(count >= 0, "a buffer cannot have \(count) elements")
        self.count = count
        let (size, isTooLarge) = max(count, 1).multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
        let (bytes, isTooLong) = size.addingReportingOverflow(Self.alignmentBytes)
        guard !isTooLarge, !isTooLong else { throw OutOfMemory(bytes: .max) }
        memory = try MemoryRoom.allocate(bytes)
        pointer = memory.alignedUp(toMultipleOf: Self.alignmentBytes)
            .bindMemory(to: Element.self, capacity: max(count, 1))
    }

    package convenience init(count: Int, repeating element: Element) throws(OutOfMemory) {
        try self.init(zeroed: count)
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
    package convenience init(count: Int) throws(OutOfMemory) {
        try self.init(zeroed: count)
    }

    package convenience init(_ elements: some Collection<Element>) throws(OutOfMemory) {
        try self.init(zeroed: elements.count)
        copy(from: elements)
    }
}
