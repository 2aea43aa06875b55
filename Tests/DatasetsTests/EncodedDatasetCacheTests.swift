import Dispatch
import Jobs
import Locks
import Testing

@testable import Datasets

struct EncodedDatasetCacheTests {
    private let text = "x,y\n1,a\n2,b\n3,a\n4,b\n"

    @Test func theSameRequestIsAnsweredWithTheSameObject() throws {
        let data = try TestDataset(text)
        let cache = EncodedDatasetCache(bytesMax: 1 << 20, limits: .standard)
        let request = try makeRequest([classification("y")])
        let first = try cache.encoded(data.source, request: request)
        #expect(try cache.encoded(data.source, request: request) === first)
        var other = request
        other.oneHotMax = 1
        #expect(try cache.encoded(data.source, request: other) !== first)
        #expect(cache.bytes == 2 * first.bytes)
    }

    @Test func whatDecidesOnlyTheTrainingDoesNotEncodeAgain() throws {
        var one = try makeSpec([classification("y")])
        var two = one
        one.seed = 1
        two.seed = 2
        two.epochs = 99
        two.batchSize = 7
        two.model.encoder = .mlp(MLPSpec(hidden: [3]))
        #expect(EncodingRequest(one) == EncodingRequest(two))
    }

    @Test func theLeastRecentlyUsedGoFirstButWhatAJobHoldsIsFoundAgain() throws {
        let sets = try (0..<3).map { _ in try TestDataset(text) }
        let request = try makeRequest([classification("y")])
        let size = try sets[0].encode(request).bytes
        let cache = EncodedDatasetCache(bytesMax: 2 * size, limits: .standard)
        var first: EncodedDataset? = try cache.encoded(sets[0].source, request: request)
        weak let second = try cache.encoded(sets[1].source, request: request)
        _ = try cache.encoded(sets[0].source, request: request)
        _ = try cache.encoded(sets[2].source, request: request)
        #expect(second == nil, "the least recently used one is let go")
        #expect(cache.bytes == 2 * size)
        _ = try cache.encoded(sets[1].source, request: request)
        #expect(try cache.encoded(sets[0].source, request: request) === first, "a job still holds it")
        first = nil
    }

    @Test func aFailureIsToldToEveryoneAndNotKept() throws {
        let data = try TestDataset(text)
        let cache = EncodedDatasetCache(bytesMax: 1 << 20, limits: .standard)
        let request = try makeRequest([regression("y")])
        for _ in 0..<2 {
            #expect(throws: DatasetError.self) { try cache.encoded(data.source, request: request) }
        }
        #expect(cache.bytes == 0)
    }

    @Test func threadsThatAskAtTheSameTimeShareOneEncoding() throws {
        let rows = (0..<5000).map { "\($0),\($0 % 2)" }
        let data = try TestDataset("x,y\n" + rows.joined(separator: "\n"))
        let request = try makeRequest([classification("y")])
        let cache = EncodedDatasetCache(bytesMax: 0, limits: .standard)
        let source = data.source
        let found = Lock<[EncodedDataset]>([])
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
            if let dataset = try? cache.encoded(source, request: request) {
                found.withLock { $0.append(dataset) }
            }
        }
        let datasets = found.withLock { $0 }
        #expect(datasets.count == 8)
        // Nothing is kept, but all eight are held here, so whoever came later found the first one.
        #expect(Set(datasets.map(ObjectIdentifier.init)).count == 1)
    }
}
