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

    /// - Parameter zero: the bit pattern every element starts with.
    package init(count: Int, repeating zero: Element) {
        precondition(count >= 0, "a buffer cannot have \(count) elements")
        self.count = count
        memory = .allocate(
            byteCount: max(count, 1) * MemoryLayout<Element>.stride, alignment: Self.alignmentBytes)
        pointer = memory.bindMemory(to: Element.self, capacity: max(count, 1))
        pointer.initialize(repeating: zero, count: max(count, 1))
    }

    deinit {
        memory.deallocate()
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
        self.init(count: count, repeating: 0)
    }

    package convenience init(_ elements: some Collection<Element>) {
        self.init(count: elements.count, repeating: 0)
        copy(from: elements)
    }
}
