import HTTPTypes
import JobStore
import Jobs

/// The id of an event, as streams send it and clients hand it back: `<8 hex of the store's identity>-<number>`. The number is
/// an event's `seq` in the stream of a job, and its `number` in that of all jobs.
///
/// A store that was restored from a backup has another identity, so an id from before it is known as foreign, although its
/// number may exist again. A client may also name the number alone.
package struct EventID: Sendable, Hashable, CustomStringConvertible {
    /// The first digits of the store's identity; nil where the client named none.
    package let store: String?
    package let number: Int

    private static let storeDigits = 8
    private static let numberDigitsMax = 18

    init(_ number: Int, in store: Store) {
        self.store = String(store.identity.prefix(Self.storeDigits))
        self.number = number
    }

    /// Nil where the text is no id.
    package init?(_ text: some StringProtocol) {
        let parts = Array(text.utf8).split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.count <= 2, let digits = parts.last, (1...Self.numberDigitsMax).contains(digits.count),
            digits.allSatisfy({ (0x30...0x39).contains($0) }),
            let number = Int(String(decoding: digits, as: UTF8.self))
        else { return nil }
        self.number = number
        guard parts.count == 2 else {
            store = nil
            return
        }
        let isHexadecimal = parts[0].allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        guard parts[0].count == Self.storeDigits, isHexadecimal else { return nil }
        store = String(decoding: parts[0], as: UTF8.self)
    }

    package var description: String {
        store.map { "\($0)-\(number)" } ?? String(number)
    }

    /// Why a stream cannot go on behind an id.
    enum Mismatch: String, Sendable {
        /// It is of another store.
        case foreign
        /// This store has no such event yet.
        case future
    }

    /// - Parameter newest: the number of the newest event of the line that the client reads.
    func mismatch(in store: Store, newest: Int) -> Mismatch? {
        if let named = self.store, !store.identity.hasPrefix(named) { return .foreign }
        return number > newest ? .future : nil
    }
}

extension APIRequest {
    /// `since` of a list of events; nil when it is not there.
    func sinceEvent() throws(APIError) -> EventID? {
        guard let text = query["since"] else { return nil }
        guard let id = EventID(text) else {
            throw APIError(
                .malformedRequest, "since must be the id of an event or its number, not \"\(text.prefix(100))\"")
        }
        return id
    }

    /// The last event that the client has: `Last-Event-ID` of a browser that comes back, else `since`.
    func lastEvent() throws(APIError) -> EventID? {
        guard let text = fields[.lastEventID], !text.isEmpty else { return try sinceEvent() }
        guard let id = EventID(text) else {
            throw APIError(.malformedRequest, "Last-Event-ID must be the id of an event, not \"\(text.prefix(100))\"")
        }
        return id
    }

    /// The part of a page of events that the client asks for.
    ///
    /// - Throws: `malformedRequest` when `since` is of another store, or this store has no such event yet.
    func eventTail(in store: Store, newest: Int) throws(APIError) -> Tail {
        let since = try sinceEvent()
        if let since, since.mismatch(in: store, newest: newest) == .foreign {
            throw APIError(
                .malformedRequest,
                "since is \(since), an event of another store: the server was restored from a backup, or is another; "
                    + "read again without since")
        }
        let tail = try tail(since: since?.number ?? 0)
        try tail.check(newest: newest)
        return tail
    }
}
