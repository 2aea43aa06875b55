import Glibc
import JobStore
import Jobs
import Logging
import TestSupport
import Testing
import WorkerPool

struct HousekeeperTests {
    @Test func whatHasOutlivedItsTimeGoesByItself() throws {
        let shop = Workshop()
        let store = try shop.openStore()
        let pool = shop.makePool(store)
        pool.start()
        let id = try store.submit("a", on: store.makeDataset())
        try store.wait(for: id, in: .succeeded)
        #expect(pool.drain(seconds: 10))
        let removed = Signal()
        let subscription = store.changes.subscribe { if $0 == .job(id) { removed.send() } }
        let housekeeper = Housekeeper(
            store: store, retention: Retention(jobSeconds: 60), timers: shop.timers,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        housekeeper.start()
        try waitUntil { shop.timers.pendingCount > 0 }
        #expect(try store.job(id, owner: nil).state == .succeeded)
        shop.clock.advance(seconds: 60)
        shop.timers.advance(milliseconds: 60_000)
        try removed.wait()
        #expect(throws: StoreError.notFound) { try store.job(id, owner: nil) }
        housekeeper.stop()
        withExtendedLifetime(subscription) {}
    }
}
