import API
import Dispatch
import Foundation
import Glibc
import HTTPTypes
import HTTPWire
import JobStore
import Jobs
import Locks
import Logging

/// A client's word that a server once gave it, or that it made up: where in a request it stands.
private enum Slot: CaseIterable {
    case pageToken, since, lastEventID, ifNoneMatch, ifMatch, idempotencyKey
}

/// An API on a store of its own with a little of everything, and a real word for each slot.
private final class House: Sendable {
    private let api: API
    private let store: Store
    private let folder: String
    /// GET answers each of these.
    let lists: [String]
    private let dataset: String
    let words: [Slot: [String]]

    static let shared: House = {
        do {
            return try House()
        } catch {
            fatalError("\(error)")
        }
    }()

    private init() throws {
        folder = NSTemporaryDirectory() + "tenbin-fuzz-" + UUID().uuidString
        let logger = Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() }
        let clock: @Sendable () -> Timestamp = { Timestamp(milliseconds: 1_800_000_000_000) }
        store = try Store(StoreConfiguration(dataDirectory: folder, clock: clock, logger: logger))
        var settings = APISettings()
        settings.requestsPerKeyAndMinute = 1_000_000_000
        api = API(
            Services(
                store: store, trainer: TrainerFunctions(memoryBytes: { _, _ in 1_000 }), settings: settings,
                queue: DispatchQueue(label: "fuzz.api", attributes: .concurrent), clock: clock, logger: logger,
                isDraining: { false }))
        let (jobs, dataset) = try Self.fill(api, store)
        self.dataset = dataset
        lists =
            ["/v1/jobs", "/v1/jobs?order_by=name", "/v1/datasets?order_by=bytes%20desc", "/v1/models"]
            + ["/v1/comparisons", "/v1/events", "/v1/audit-log", "/v1/api-keys", "/v1/weighting-strategies"]
            + ["events", "epochs", "logs", "task-weights", "checkpoints"].map { "/v1/jobs/\(jobs[0])/\($0)" }
            + ["/v1/jobs/\(jobs[0])", "/v1/datasets/\(dataset)"]
        var words: [Slot: [String]] = [.idempotencyKey: ["once"], .ifMatch: ["*"], .ifNoneMatch: ["*"]]
        for list in lists {
            let answer = Self.ask(api, .get, list + (list.contains("?") ? "&" : "?") + "page_size=1")
            if let tag = answer.fields[.eTag] {
                words[.ifNoneMatch]?.append(tag)
                words[.ifMatch]?.append(tag)
            }
            let token = (try? JSONValue(parsing: answer.body))?["next_page_token"]?.text
            if let token { words[.pageToken, default: []].append(token) }
        }
        let event = "\(store.identity.prefix(8))-2"
        words[.since] = ["1", event]
        words[.lastEventID] = ["1", event]
        self.words = words
    }

    /// Two data sets and three jobs, one of which has been trained.
    private static func fill(_ api: API, _ store: Store) throws -> (jobs: [String], dataset: String) {
        func id(_ answer: Answer) throws -> String {
            guard let id = try JSONValue(parsing: answer.body)["id"]?.text else {
                throw Unexpected(text: String(decoding: answer.body, as: UTF8.self))
            }
            return id
        }
        let table = "width,digit\n1.5,1\n2.5,2\n3.5,1\n4.5,2\n"
        let datasets = try ["a", "b"].map { name in
            try id(ask(api, .post, "/v1/datasets?name=\(name)", [.contentType: "text/csv"], table))
        }
        let spec = #"{"dataset":"\#(datasets[0])","tasks":[{"target":"digit","type":"classification"}]}"#
        let jobs = try (0..<3).map { _ in
            try id(ask(api, .post, "/v1/jobs", [.contentType: "application/json"], spec))
        }
        let offer = ClaimOffer(freeThreads: 8, threadsMax: 8, runningJobs: 0, runsIsolatedJob: false)
        guard case .claimed(let claim, _) = try store.claim(offer).commitAndWait() else { return (jobs, datasets[0]) }
        _ = try store.beginEpoch(1, under: claim.lease).commitAndWait()
        for epoch in 1...3 {
            try store.log(.info, "epoch \(epoch)", under: claim.lease).commitAndWait()
            let record = EpochRecord(
                epoch: epoch, attempt: 1, learningRate: 0.001, seconds: 0.25, samplesPerSecond: 1_000, trainLoss: 0.5,
                validationLoss: nil, tasks: [], strategy: "equal")
            _ = try store.record(
                record, checkpoint: nil, keep: 2, runningMilliseconds: 250, under: claim.lease
            ).commitAndWait()
        }
        return (jobs, datasets[0])
    }

    struct Answer: Sendable {
        var status = 0
        var fields = HTTPFields()
        var body: [UInt8] = []
    }

    private struct Unexpected: Error {
        let text: String
    }

    /// Puts a word into its slot of a request for a list, and looks at the answer.
    func ask(_ list: String, _ slot: Slot, _ word: [UInt8], asStream: Bool) {
        let text = String(decoding: word, as: UTF8.self)
        var fields: HTTPFields = asStream ? [.accept: "text/event-stream"] : [:]
        var (target, method, body) = (list, HTTPRequest.Method.get, "")
        switch slot {
        case .pageToken, .since:
            let name = slot == .since ? "since" : "page_token"
            let escaped = word.map { String(format: "%%%02X", Int($0)) }.joined()
            target += (list.contains("?") ? "&" : "?") + "\(name)=\(escaped)"
        case .lastEventID: fields[Self.lastEventID] = text
        case .ifNoneMatch: fields[.ifNoneMatch] = text
        case .ifMatch:
            // Jobs need the data set, so that the right tag is refused too.
            (method, fields[.ifMatch]) = (.delete, text)
            target = "/v1/datasets/\(dataset)"
        case .idempotencyKey:
            // A comparison without runs is refused, and the refusal is kept.
            (method, target, body) = (.post, "/v1/comparisons", "{}")
            (fields[.contentType], fields[Self.idempotencyKey]) = ("application/json", text)
        }
        guard fields.allSatisfy({ HTTPField.isValidValue($0.value) }) else { return }
        let answer = Self.ask(api, method, target, fields, body)
        precondition(answer.status >= 200 && answer.status < 500, "\(method) \(target) is \(answer.status)")
        if answer.fields[.contentType]?.contains("json") == true {
            precondition((try? JSONValue(parsing: answer.body)) != nil, "\(target) answers what is no JSON")
        }
        if let id = EventID(text) { precondition(EventID(id.description) == id, "\(id) is read as another") }
    }

    private static let lastEventID = HTTPField.Name("Last-Event-ID") ?? .accept
    private static let idempotencyKey = HTTPField.Name("Idempotency-Key") ?? .accept

    private static func ask(
        _ api: API, _ method: HTTPRequest.Method, _ target: String, _ fields: HTTPFields = [:], _ body: String = ""
    ) -> Answer {
        let bytes = Array(body.utf8)
        let message = RequestMessage(
            method: method, scheme: "http", authority: "127.0.0.1:8080", path: target, fields: fields,
            contentLength: bytes.count)
        let head = RequestHead(message, version: .http1_1, peer: Peer(address: "127.0.0.1"), requestID: "r")
        let responder = WaitingResponder()
        switch api.handle(head, responder: responder) {
        case .discard: break
        case .collect(_, let then): then(bytes)
        case .stream(_, let sink):
            sink.receive(bytes) {}
            sink.finish()
        }
        return responder.wait()
    }
}

private final class WaitingResponder: Responder {
    private let answer = Lock(House.Answer())
    private let answered = DispatchSemaphore(value: 0)

    func respond(_ response: Response) {
        var answer = House.Answer(status: response.status.code, fields: response.fields)
        switch response.content {
        case .none: break
        case .bytes(let bytes): answer.body = bytes
        case .stream(let source):
            // What there is at once; nobody waits for more.
            while answer.body.count < 1 << 16, case .bytes(let bytes) = source.next(bytesMax: 1 << 12, wake: {}) {
                answer.body += bytes
            }
            source.cancel()
        case .file(let descriptor, _, _): close(descriptor)
        }
        self.answer.withLock { $0 = answer }
        answered.signal()
    }

    func onCancel(_ action: @escaping @Sendable () -> Void) {}

    func wait() -> House.Answer {
        answered.wait()
        return answer.withLock { $0 }
    }
}

/// A real word with some bytes replaced, added or taken away: three bytes of `edits` for each.
private func edited(_ word: String, by edits: [UInt8]) -> [UInt8] {
    var bytes = Array(word.utf8)
    for start in stride(from: 0, to: edits.count - 2, by: 3) {
        let place = Int(edits[start + 1]) % (bytes.count + 1)
        switch edits[start] % 3 {
        case 0 where place < bytes.count: bytes[place] = edits[start + 2]
        case 1 where place < bytes.count: bytes.remove(at: place)
        default: bytes.insert(edits[start + 2], at: place)
        }
    }
    return bytes
}

/// libFuzzer's entry: one input, always 0. The first byte says which list, the second where the word stands, the third
/// whether the rest is the word itself or what becomes of a real one.
@_cdecl("LLVMFuzzerTestOneInput")
package func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let bytes = UnsafeBufferPointer(start: data, count: count)
    guard count > 3 else { return 0 }
    let house = House.shared
    let list = house.lists[Int(bytes[0]) % house.lists.count]
    let slot = Slot.allCases[Int(bytes[1]) % Slot.allCases.count]
    let rest = Array(bytes[3...].prefix(600))
    let words = house.words[slot] ?? []
    let choice = Int(bytes[2] >> 1)
    let isOwn = choice % (words.count + 1) == words.count
    let word = isOwn ? rest : edited(words[choice % (words.count + 1)], by: rest)
    house.ask(list, slot, word, asStream: bytes[2] & 1 == 1)
    return 0
}
