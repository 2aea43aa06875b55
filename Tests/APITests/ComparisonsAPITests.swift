import API
import HTTPTypes
import JobStore
import Jobs
import Testing

struct ComparisonsAPITests {
    private static let json: HTTPFields = [.contentType: "application/json"]

    private static func request(_ dataset: String, _ members: String = #","seeds":2"#, base: String = "") -> String {
        """
        {"name":"table","base":{"dataset":"\(dataset)","test":{"fraction":0.2},"epochs":2,
         "tasks":[{"target":"digit","type":"classification"},{"target":"price","type":"regression"}]\(base)},
         "strategies":[{"strategy":"adaptive"},{"strategy":"uncertainty"}]\(members)}
        """
    }

    private static func create(_ bench: Bench, _ members: String = #","seeds":2"#) throws -> JSONValue {
        let answer = bench.ask(
            .post, "/v1/comparisons", fields: json, body: request(try bench.upload(), members))
        guard answer.status == 202 else { throw Unexpected(answer.text) }
        return try answer.json()
    }

    /// Finishes every queued run as a worker would; runs with equal weights are the worst.
    private static func finishAll(_ bench: Bench) throws {
        while try finishNext(bench) != nil {}
    }

    @discardableResult
    private static func finishNext(_ bench: Bench) throws -> Lease? {
        let offer = ClaimOffer(
            freeThreads: 2, threadsMax: 2, runningJobs: 0, runsIsolatedJob: false, environment: ["build": "1"])
        guard case .claimed(let claim, _) = try bench.store.claim(offer).commitAndWait() else { return nil }
        let spec = try TrainingSpec(decoding: JSONValue(parsing: Array(claim.job.spec.utf8)), in: nil)
        let name = try #require(claim.job.name)
        let noise = Double(spec.seed) * 0.01 + (name.contains("random") ? 0.003 * Double(spec.seed % 2) : 0)
        let score = (name.contains("adaptive") ? 0.8 : 0.5) + noise + (name.contains("adaptive") ? noise * 0.1 : 0)
        _ = try bench.store.beginEpoch(1, under: claim.lease).commitAndWait()
        _ = try bench.store.record(
            epoch(spec), checkpoint: nil, keep: 1, runningMilliseconds: 1, under: claim.lease
        ).commitAndWait()
        var metrics: [String: [String: Double?]] = [:]
        for task in spec.tasks {
            metrics[task.name] = task.name == "digit" ? ["accuracy": score] : ["rmse": 10 - score]
        }
        let model = TrainedModel(
            bytes: [1], weightsSHA256: String(repeating: "a", count: 64), epoch: 1, tasks: [], testMetrics: metrics)
        _ = try bench.store.succeed(claim.lease, .completed, model: model, runningMilliseconds: 2).commitAndWait()
        return claim.lease
    }

    private static func epoch(_ spec: TrainingSpec) -> EpochRecord {
        EpochRecord(
            epoch: 1, attempt: 1, learningRate: 0.001, seconds: 0.5, samplesPerSecond: 1, trainLoss: 1,
            validationLoss: 1, tasks: [], strategy: "equal")
    }

    // MARK: -

    @Test func aComparisonIsItsJobsAllQueuedAtLowPriority() throws {
        let bench = try Bench()
        let created = try Self.create(bench)
        // Two single-task networks, equal, random and two strategies, each with two seeds.
        #expect(created["jobs"]?.elements?.count == 12)
        #expect(created["state"]?.text == "queued")
        #expect(created["progress"]?["queued"]?.int == 12)
        #expect(created["verdict"] == .null && created["rows"]?.elements == [])
        let id = try #require(created["id"]?.text)
        let jobs = try #require(try bench.ask(.get, "/v1/jobs?comparison=\(id)").json()["items"]?.elements)
        #expect(jobs.count == 12)
        #expect(jobs.allSatisfy { $0["comparison"]?.text == id && $0["priority"]?.int == -10 })
        #expect(Set(jobs.compactMap { $0["id"]?.text }) == Set((created["jobs"]?.elements ?? []).compactMap(\.text)))
    }

    @Test func aFinishedComparisonTellsMeansTestsAndAVerdict() throws {
        let bench = try Bench()
        let id = try #require(Self.create(bench, #","seeds":4"#)["id"]?.text)
        try Self.finishNext(bench)
        let running = try bench.ask(.get, "/v1/comparisons/\(id)").json()
        #expect(running["state"]?.text == "running" && running["verdict"] == .null)
        #expect(running["progress"]?["succeeded"]?.int == 1)
        try Self.finishAll(bench)
        let answer = bench.ask(.get, "/v1/comparisons/\(id)")
        let comparison = try answer.json()
        #expect(answer.fields[.retryAfter] == nil)
        #expect(comparison["state"]?.text == "succeeded")
        #expect(comparison["progress"]?["fraction"]?.double == 1)
        let rows = try #require(comparison["rows"]?.elements)
        #expect(rows.count == 10)
        let adaptive = try #require(rows.first { $0["strategy"]?.text == "adaptive" && $0["task"]?.text == "digit" })
        #expect(abs((adaptive["mean"]?.double ?? 0) - 0.8275) < 1e-9)
        #expect((adaptive["delta_m"]?.double ?? 0) > 0)
        #expect((adaptive["p_value"]?.double ?? 1) < 0.05)
        #expect(adaptive["epochs"]?.elements?.count == 4)
        #expect(adaptive["seconds"]?.double == 0.5)
        #expect(comparison["verdict"]?.text?.contains("adaptive on digit") == true)
        #expect(comparison["runs"]?.elements?.allSatisfy { $0["epoch"]?.int == 1 } == true)
    }

    @Test(arguments: [
        ("text/csv", "", "strategy,task,metric,mean"), ("text/markdown", "", "| strategy | digit (accuracy) |"),
        ("application/json", ".csv", "strategy,task"), ("application/json", ".md", "| strategy |"),
    ])
    func theReportIsATableToo(accept: String, suffix: String, beginning: String) throws {
        let bench = try Bench()
        let id = try #require(Self.create(bench)["id"]?.text)
        try Self.finishAll(bench)
        let answer = bench.ask(.get, "/v1/comparisons/\(id)\(suffix)", fields: [.accept: accept])
        #expect(answer.status == 200)
        #expect(answer.text.hasPrefix(beginning))
        let tag = try #require(answer.fields[.eTag])
        let again = bench.ask(
            .get, "/v1/comparisons/\(id)\(suffix)", fields: [.accept: accept, .ifNoneMatch: tag])
        #expect(again.status == 304)
    }

    @Test func aRunThatIsDeletedKeepsItsFigures() throws {
        let bench = try Bench()
        let created = try Self.create(bench)
        let id = try #require(created["id"]?.text)
        try Self.finishAll(bench)
        let before = try bench.ask(.get, "/v1/comparisons/\(id)").json()
        let means = before["rows"]?.elements?.compactMap { $0["mean"]?.double } ?? []
        #expect(!means.isEmpty, "without figures there is nothing to keep")
        let job = try #require(created["jobs"]?.elements?.first?.text)
        #expect(bench.ask(.delete, "/v1/jobs/\(job)").status == 204)
        let after = try bench.ask(.get, "/v1/comparisons/\(id)").json()
        #expect(after["rows"] == before["rows"])
        #expect(bench.ask(.get, "/v1/jobs/\(job)").status == 404)
        #expect(after["state"]?.text == "succeeded")
        #expect(after["runs"]?.elements?.first?["state"] == .null)
    }

    @Test func deletingCancelsWhatIsLeftAndKeepsWhatIsThere() throws {
        let bench = try Bench()
        let created = try Self.create(bench)
        let id = try #require(created["id"]?.text)
        let first = try #require(try Self.finishNext(bench)).job.description
        let stale = bench.ask(.delete, "/v1/comparisons/\(id)", fields: [.ifMatch: "\"x\""])
        #expect(stale.status == 412)
        let answer = bench.ask(.delete, "/v1/comparisons/\(id)")
        #expect(answer.status == 200)
        let comparison = try answer.json()
        #expect(comparison["state"]?.text == "cancelled")
        #expect(comparison["progress"]?["cancelled"]?.int == 11)
        #expect(comparison["progress"]?["succeeded"]?.int == 1)
        #expect(comparison["rows"]?.elements?.isEmpty == false)
        #expect(try bench.ask(.get, "/v1/jobs/\(first)").json()["state"]?.text == "succeeded")
        let again = bench.ask(.delete, "/v1/comparisons/\(id)")
        #expect(again.status == 200)
        #expect(try again.json() == comparison)
    }

    @Test func deletingWhatRunsWaitsForTheWorker() throws {
        let bench = try Bench()
        let id = try #require(Self.create(bench)["id"]?.text)
        let offer = ClaimOffer(
            freeThreads: 2, threadsMax: 2, runningJobs: 0, runsIsolatedJob: false, environment: ["build": "1"])
        guard case .claimed(let claim, _) = try bench.store.claim(offer).commitAndWait() else {
            throw Unexpected("nothing to claim")
        }
        let answer = bench.ask(.delete, "/v1/comparisons/\(id)")
        #expect(answer.status == 202)
        #expect(try answer.json()["state"]?.text == "cancelling")
        _ = try bench.store.cancelled(claim.lease, runningMilliseconds: 1).commitAndWait()
        #expect(try bench.ask(.get, "/v1/comparisons/\(id)").json()["state"]?.text == "cancelled")
    }

    @Test func aRunIsPausedAndResumedLikeAnyJob() throws {
        let bench = try Bench()
        let created = try Self.create(bench)
        let id = try #require(created["id"]?.text)
        let jobs = (created["jobs"]?.elements ?? []).compactMap(\.text)
        for job in jobs { #expect(bench.ask(.post, "/v1/jobs/\(job)/pause").status == 200) }
        #expect(try bench.ask(.get, "/v1/comparisons/\(id)").json()["state"]?.text == "paused")
        for job in jobs { #expect(bench.ask(.post, "/v1/jobs/\(job)/resume").status == 200) }
        #expect(try bench.ask(.get, "/v1/comparisons/\(id)").json()["state"]?.text == "queued")
    }

    @Test func validateOnlyCountsRunsAndStoresNothing() throws {
        let bench = try Bench()
        let answer = bench.ask(
            .post, "/v1/comparisons?validate_only=true", fields: Self.json, body: Self.request(try bench.upload()))
        #expect(answer.status == 200)
        #expect(try answer.json()["runs"]?.int == 12)
        #expect(try bench.ask(.get, "/v1/comparisons").json()["items"]?.elements == [])
        #expect(try bench.ask(.get, "/v1/jobs").json()["items"]?.elements == [])
    }

    @Test func aKeyMakesARepetitionHarmless() throws {
        let bench = try Bench()
        let body = Self.request(try bench.upload())
        let name = try #require(HTTPField.Name("Idempotency-Key"))
        let fields: HTTPFields = [.contentType: "application/json", name: "k1"]
        let first = bench.ask(.post, "/v1/comparisons", fields: fields, body: body)
        let second = bench.ask(.post, "/v1/comparisons", fields: fields, body: body)
        #expect(first.status == 202 && second.status == 202)
        #expect(first.body == second.body)
        #expect(try bench.ask(.get, "/v1/comparisons").json()["items"]?.elements?.count == 1)
        #expect(try bench.ask(.get, "/v1/jobs?page_size=500").json()["items"]?.elements?.count == 12)
    }

    struct Refusal: Sendable {
        let members: String
        var base = ""
        let pointers: [String]
    }

    @Test(arguments: [
        Refusal(members: #","seedz":2"#, pointers: ["/seedz"]),
        Refusal(members: #","seeds":0"#, pointers: ["/seeds"]),
        Refusal(members: #","baselines":["none"]"#, pointers: ["/baselines/0"]),
        Refusal(members: #","learning_rates":[0.1,-1]"#, pointers: ["/learning_rates/1"]),
        Refusal(members: #","static_grid":1"#, pointers: ["/static_grid"]),
        Refusal(members: #","seeds":100,"learning_rates":[1,2,3,4,5,6,7,8,9]"#, pointers: [""]),
        Refusal(members: "", base: #","batch_size":0"#, pointers: ["/base/batch_size"]),
        Refusal(members: "", base: #","threads":3"#, pointers: ["/base/threads"]),
    ])
    func aMistakeIsNamedWithItsPointer(refusal: Refusal) throws {
        let bench = try Bench()
        let answer = bench.ask(
            .post, "/v1/comparisons", fields: Self.json,
            body: Self.request(try bench.upload(), refusal.members, base: refusal.base))
        #expect(answer.status == 422)
        #expect(answer.code == "invalid-spec")
        #expect(answer.pointers == refusal.pointers)
        #expect(try bench.ask(.get, "/v1/jobs").json()["items"]?.elements == [])
    }

    @Test func aBaseWithoutATestPartIsRefused() throws {
        let bench = try Bench()
        let body = Self.request(try bench.upload()).replacing(#""test":{"fraction":0.2},"#, with: "")
        let answer = bench.ask(.post, "/v1/comparisons", fields: Self.json, body: body)
        #expect(answer.status == 422)
        #expect(answer.pointers == ["/base/test"])
    }

    @Test func aWrongParameterOfAStrategyPointsIntoTheRequest() throws {
        let bench = try Bench()
        let body = Self.request(try bench.upload()).replacing(
            #"{"strategy":"uncertainty"}"#, with: #"{"strategy":"dwa","temperature":-1}"#)
        let answer = bench.ask(.post, "/v1/comparisons", fields: Self.json, body: body)
        #expect(answer.status == 422)
        #expect(answer.pointers == ["/strategies/1/temperature"])
    }

    @Test func memoryAndQuotaAreThoseOfJobs() throws {
        let narrow = try Bench({ $0.jobMemoryBytesMax = 999 }, memoryBytes: 1_000)
        let tooLarge = narrow.ask(
            .post, "/v1/comparisons", fields: Self.json, body: Self.request(try narrow.upload()))
        #expect(tooLarge.status == 422)
        #expect(tooLarge.pointers == ["/base/model"])
        var limits = StoreLimits()
        limits.queuedJobsPerOwnerMax = 11
        let small = try Bench(limits: limits)
        let tooMany = small.ask(
            .post, "/v1/comparisons", fields: Self.json, body: Self.request(try small.upload()))
        #expect(tooMany.code == "quota-exceeded")
        #expect(try small.ask(.get, "/v1/jobs").json()["items"]?.elements == [])
    }

    @Test func listsAreFilteredAndPaged() throws {
        let bench = try Bench()
        let ids = try (0..<3).map { _ in try #require(Self.create(bench)["id"]?.text) }
        #expect(bench.ask(.delete, "/v1/comparisons/\(ids[1])").status == 200)
        func items(_ query: String) throws -> [String] {
            (try bench.ask(.get, "/v1/comparisons" + query).json()["items"]?.elements ?? []).compactMap {
                $0["id"]?.text
            }
        }
        #expect(try items("") == ids.reversed())
        #expect(try items("?state=queued") == [ids[2], ids[0]])
        #expect(try items("?state=cancelled") == [ids[1]])
        let page = try bench.ask(.get, "/v1/comparisons?page_size=2").json()
        let token = try #require(page["next_page_token"]?.text)
        #expect(try items("?page_size=2&page_token=\(token)") == [ids[0]])
        #expect(bench.ask(.get, "/v1/comparisons?state=queued&page_token=\(token)").status == 400)
        #expect(bench.ask(.get, "/v1/comparisons.csv").text.hasPrefix("id,name,state"))
    }

    @Test func anotherOwnersComparisonIsNotThere() throws {
        let bench = try Bench()
        func key(_ owner: String, _ secret: String?) throws -> HTTPFields {
            var fields = Self.json
            if let secret { fields[.authorization] = "Bearer " + secret }
            let scopes = owner == "root" ? #"["admin"]"# : #"["read","write"]"#
            let made = bench.ask(
                .post, "/v1/api-keys", fields: fields,
                body: #"{"name":"\#(owner)","owner":"\#(owner)","scopes":\#(scopes)}"#)
            fields[.authorization] = "Bearer " + (try #require(made.json()["secret"]?.text))
            return fields
        }
        let root = try key("root", nil)
        let secret = try #require(root[.authorization]?.dropFirst("Bearer ".count)).description
        let (own, other) = (try key("own", secret), try key("other", secret))
        var upload = own
        upload[.contentType] = "text/csv"
        let dataset = try #require(
            bench.ask(.post, "/v1/datasets?name=t", fields: upload, body: Bench.csv).json()["id"]?.text)
        #expect(
            bench.ask(.post, "/v1/comparisons", fields: other, body: Self.request(dataset)).pointers
                == ["/base/dataset"])
        let created = bench.ask(.post, "/v1/comparisons", fields: own, body: Self.request(dataset))
        let path = try #require(created.fields[.location])
        #expect(bench.ask(.get, path, fields: own).status == 200)
        #expect(bench.ask(.get, path, fields: other).status == 404)
        #expect(bench.ask(.delete, path, fields: other).status == 404)
        #expect(bench.ask(.get, path, fields: root).status == 200)
        #expect(try bench.ask(.get, "/v1/comparisons", fields: other).json()["items"]?.elements == [])
    }

    @Test func whatIsNotThereIs404() throws {
        let bench = try Bench()
        let id = "cmp_0192f3c4-0102-7000-8000-000000000000"
        #expect(bench.ask(.get, "/v1/comparisons/\(id)").status == 404)
        #expect(bench.ask(.get, "/v1/comparisons/x.md").status == 404)
        #expect(bench.ask(.delete, "/v1/comparisons/\(id)").status == 404)
        #expect(bench.ask(.get, "/v1/jobs/\(id).md").status == 404)
    }
}
