import Locks

/// Shares encoded data sets among the jobs that ask for the same one; see `LoadingCache`.
package final class EncodedDatasetCache: Sendable {
    private struct Key: Hashable {
        var digests: [String?]
        var request: EncodingRequest
    }

    private let limits: DatasetLimits
    private let cache: LoadingCache<Key, EncodedDataset>

    /// - Parameter bytesMax: bytes kept beyond what jobs hold; 0 keeps nothing.
    package init(bytesMax: Int, limits: DatasetLimits) {
        self.limits = limits
        cache = LoadingCache(bytesMax: bytesMax) { $0.bytes }
    }

    /// Bytes of the data sets kept here.
    package var bytes: Int { cache.bytes }

    /// The encoded data set; blocks while another thread encodes the same one. Never call it on a thread that must not block.
    ///
    /// - Parameter isWanted: see `EncodedDataset.encode`; asked while it waits for another thread as well.
    package func encoded(
        _ main: DatasetSource, validation: DatasetSource? = nil, test: DatasetSource? = nil, request: EncodingRequest,
        isWanted: @escaping () -> Bool = { true }
    ) throws(DatasetError) -> EncodedDataset {
        let key = Key(digests: [main.sha256, validation?.sha256, test?.sha256], request: request)
        return try cache.value(for: key) { () throws(DatasetError) in
            try DatasetError.check(isWanted)
        } make: { () throws(DatasetError) in
            try EncodedDataset.encode(
                main, validation: validation, test: test, request: request, limits: limits, isWanted: isWanted)
        }
    }
}
