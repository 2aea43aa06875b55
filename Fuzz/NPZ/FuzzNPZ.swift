import DatasetFuzzing

/// libFuzzer's entry: one input, always 0.
@_cdecl("LLVMFuzzerTestOneInput")
package func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    DatasetFuzzing.exercise(UnsafeBufferPointer(start: data, count: count), format: .npz)
    return 0
}
