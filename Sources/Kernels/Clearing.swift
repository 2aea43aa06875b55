import Glibc

extension UnsafeMutablePointer where Pointee: Real {
    /// Makes numbers zero, at the speed of memory also in code that is not compiled for one precision.
    package func clear(count: Int) {
        // Zero of every IEEE 754 format is all bits 0.
        memset(self, 0, count * MemoryLayout<Pointee>.stride)
    }
}
