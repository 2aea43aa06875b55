import StoreFuzzing

/// libFuzzer's entry: one input, always 0.
@_cdecl("LLVMFuzzerTestOneInput")
package func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    StoreFuzzing.exerciseBackup(UnsafeBufferPointer(start: data, count: count))
    return 0
}
