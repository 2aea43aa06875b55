import API
import Foundation
import HTTPTypes
import JobStore
import Jobs
import Metrics
import Testing

struct MetricsAPITests {
    /// The value of a sample, by name and labels as they are written.
    private static func value(_ sample: String, in text: String) -> Double? {
        text.split(separator: "\n").first { $0.hasPrefix(sample + " ") }
            .flatMap { Double($0.dropFirst(sample.count + 1)) }
    }

    @Test func requestsAreCountedByTheirRoute() throws {
        let bench = try Bench()
        let job = try bench.submit(try bench.upload())
        for _ in 1...3 { _ = bench.ask(.get, "/v1/jobs/\(job)") }
        _ = bench.ask(.get, "/nothing")
        let text = bench.ask(.get, "/metrics").text
        let labels = #"method="GET",route="/v1/jobs/{id}",status="200""#
        #expect(Self.value("tenbin_http_requests_total{\(labels)}", in: text) == 3)
        #expect(Self.value(#"tenbin_http_requests_total{method="GET",route="none",status="404"}"#, in: text) == 1)
        let route = #"{route="/v1/jobs/{id}""#
        #expect(Self.value("tenbin_http_request_duration_seconds_count\(route)}", in: text) == 3)
        #expect(Self.value("tenbin_http_request_duration_seconds_bucket\(route),le=\"+Inf\"}", in: text) == 3)
        #expect(Self.value(#"tenbin_jobs{state="queued"}"#, in: text) == 1)
        #expect((Self.value("process_resident_memory_bytes", in: text) ?? 0) > 1_000_000)
    }

    @Test func aRunningJobTellsItsWeights() throws {
        let bench = try Bench()
        let job = try bench.submit(try bench.upload())
        let lease = try bench.claim().lease
        _ = try bench.store.beginEpoch(1, under: lease).commitAndWait()
        try bench.record(1, weight: 1.5, under: lease)
        let text = bench.ask(.get, "/metrics").text
        #expect(Self.value("tenbin_task_weight{job=\"\(job)\",task=\"digit\"}", in: text) == 1.5)
    }

    @Test(arguments: [
        ("*/*", "text/plain; version=0.0.4; charset=utf-8", false),
        (
            "application/openmetrics-text;version=1.0.0,text/plain;q=0.5",
            "application/openmetrics-text; version=1.0.0; charset=utf-8", true
        ),
    ])
    func theFormatIsTheOneAskedFor(accept: String, type: String, isOpenMetrics: Bool) throws {
        let answer = try Bench().ask(.get, "/metrics", fields: [.accept: accept])
        #expect(answer.fields[.contentType] == type)
        #expect(answer.text.hasSuffix("# EOF\n") == isOpenMetrics)
        let counter = isOpenMetrics ? "tenbin_store_writes" : "tenbin_store_writes_total"
        #expect(answer.text.contains("# TYPE \(counter) counter\ntenbin_store_writes_total "))
    }

    @Test func whatALibraryCountsIsShownToo() throws {
        let registry = MetricsRegistry()
        let bench = try Bench(metrics: registry)
        Counter(label: "cache.hits", dimensions: [("kind", "a\"b")], factory: registry).increment(by: 3)
        Gauge(label: "cache.size", factory: registry).record(1.5)
        Recorder(label: "cache.bytes", aggregate: true, factory: registry).record(250)
        Metrics.Timer(label: "cache.fill", dimensions: [], factory: registry).recordMilliseconds(20)
        // Another kind under a name that is taken is counted nowhere.
        Gauge(label: "cache.hits", factory: registry).record(9)
        let gone = Meter(label: "cache.gone", factory: registry)
        gone.set(1)
        gone.destroy()
        let text = bench.ask(.get, "/metrics").text
        #expect(text.contains("# TYPE cache_hits_total counter\ncache_hits_total{kind=\"a\\\"b\"} 3\n"))
        #expect(Self.value("cache_size", in: text) == 1.5)
        #expect(Self.value("cache_bytes_bucket{le=\"100\"}", in: text) == 0)
        #expect(Self.value("cache_bytes_bucket{le=\"1000\"}", in: text) == 1)
        #expect(Self.value("cache_fill_seconds_bucket{le=\"0.025\"}", in: text) == 1)
        #expect(!text.contains("cache_gone"))
    }

    @Test func whatTheStoreDoesIsCounted() throws {
        let bench = try Bench()
        try bench.train()
        let text = bench.ask(.get, "/metrics").text
        #expect((Self.value("tenbin_epochs_total", in: text) ?? 0) > 0)
        #expect((Self.value("tenbin_checkpoints_total", in: text) ?? 0) > 0)
        #expect(Self.value("tenbin_job_queue_wait_seconds_count", in: text) == 1)
        #expect(Self.value("tenbin_jobs_ended_total{state=\"succeeded\"}", in: text) == 1)
        #expect((Self.value("tenbin_store_commit_duration_seconds_count", in: text) ?? 0) > 3)
    }

    @Test func everySampleBelongsToAFamilyWithHelp() throws {
        let bench = try Bench()
        try bench.train()
        let lines = bench.ask(.get, "/metrics").text.split(separator: "\n")
        var family = ""
        var families: Set<Substring> = []
        for line in lines {
            let words = line.split(separator: " ")
            if line.hasPrefix("# HELP ") {
                family = String(words[2])
                #expect(families.insert(words[2]).inserted, "\(words[2]) stands twice")
            } else if !line.hasPrefix("#") {
                #expect(line.hasPrefix(family), "\(line)")
                #expect(Double(words[words.count - 1]) != nil, "\(line)")
            }
        }
        #expect(families.count > 10)
    }

    /// Debian's package `prometheus` has it; `make test` installs that.
    @Test func promtoolHasNothingToSay() throws {
        let bench = try Bench()
        let job = try bench.submit(try bench.upload())
        let lease = try bench.claim().lease
        _ = try bench.store.beginEpoch(1, under: lease).commitAndWait()
        try bench.record(1, under: lease)
        _ = bench.ask(.get, "/v1/jobs/\(job)")
        let promtool = Process()
        promtool.executableURL = URL(filePath: "/usr/bin/promtool")
        promtool.arguments = ["check", "metrics"]
        let (input, output) = (Pipe(), Pipe())
        promtool.standardInput = input
        promtool.standardOutput = output
        promtool.standardError = output
        try promtool.run()
        // The document is shorter than a pipe holds, so writing it cannot block.
        try input.fileHandleForWriting.write(contentsOf: Data(bench.ask(.get, "/metrics").body))
        try input.fileHandleForWriting.close()
        let words = try output.fileHandleForReading.readToEnd() ?? Data()
        promtool.waitUntilExit()
        #expect(promtool.terminationStatus == 0, "\(String(decoding: words, as: UTF8.self))")
    }
}
