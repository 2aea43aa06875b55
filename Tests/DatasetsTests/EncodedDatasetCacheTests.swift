import Dispatch
import Foundation
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

    @Test(arguments: [DatasetFormat.csv, .jsonLines, .npz])
    func whatIsNotWantedAnyMoreIsNotReadAndNotKept(format: DatasetFormat) throws {
        let data: TestDataset? =
            switch format {
            case .csv: try TestDataset(text)
            case .jsonLines: try TestDataset((1...4).map { "{\"x\":\($0),\"y\":\($0 % 2)}\n" }.joined(), .jsonLines)
            case .npz: nil
            }
        let source = try data?.source ?? Arrays.source("deflated")
        let request = try makeRequest([classification(format == .npz ? "digit" : "y")])
        let cache = EncodedDatasetCache(bytesMax: 1 << 20, limits: .standard)
        let error = #expect(throws: DatasetError.self) {
            try cache.encoded(source, request: request, isWanted: { false })
        }
        #expect(error?.kind == .interrupted && cache.bytes == 0)
        _ = try cache.encoded(source, request: request)
        #expect(cache.bytes > 0)
        withExtendedLifetime(data) {}
    }

    /// Whoever waits for another's encoding can change their mind as well; the other goes on.
    @Test func aWaitIsCalledOff() throws {
        let data = try TestDataset(text)
        let source = data.source
        let request = try makeRequest([classification("y")])
        let cache = EncodedDatasetCache(bytesMax: 1 << 20, limits: .standard)
        let (isReading, mayGoOn, hasEnded) = (
            DispatchSemaphore(value: 0), DispatchSemaphore(value: 0), DispatchSemaphore(value: 0)
        )
        let rows = Lock<Int?>(nil)
        Thread.detachNewThread {
            let dataset = try? cache.encoded(source, request: request) {
                isReading.signal()
                mayGoOn.wait()
                mayGoOn.signal()
                return true
            }
            rows.withLock { $0 = dataset?.rows }
            hasEnded.signal()
        }
        isReading.wait()
        let error = #expect(throws: DatasetError.self) {
            try cache.encoded(source, request: request, isWanted: { false })
        }
        #expect(error?.kind == .interrupted)
        mayGoOn.signal()
        hasEnded.wait()
        #expect(rows.withLock { $0 } == 4)
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
