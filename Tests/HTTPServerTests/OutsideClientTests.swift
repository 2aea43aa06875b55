import Foundation
import HTTPServer
import HTTPTypes
import HTTPWire
import Testing

/// What clients of other makers think of this server.
@Suite struct OutsideClientTests {
    private static let echo: @Sendable (RequestHead, any Responder) -> ContentPlan = { head, responder in
        guard head.method == .post else { return answeringHello(head, responder) }
        return .collect(bytesMax: 4 << 20) { bytes, _ in
            responder.respond(Response(status: .ok, content: .bytes(bytes)))
        }
    }

    @Test(arguments: [("--http1.1", "1.1"), ("--http2", "2"), ("--http2-prior-knowledge", "2"), ("--http1.0", "1.0")])
    func curlIsAnsweredInTheVersionItAsksFor(_ flag: String, _ version: String) throws {
        try withServer { server in
            let url = server.addresses[0].description + "/x"
            let outcome = try OutsideProgram.curl(flag, "--write-out", " %{http_version} %{http_code}", url)
            // HTTP/1.0 is answered as 1.1, the version this server speaks (RFC 9110 section 2.5).
            #expect(outcome.text == "hello /x \(version == "1.0" ? "1.1" : version) 200")
        }
    }

    @Test(arguments: ["--http1.1", "--http2", "--http2-prior-knowledge"])
    func curlSendsMuchAndGetsItBack(_ flag: String) throws {
        let content = String(repeating: "0123456789abcdef", count: 1 << 16)
        try withServer(handler: Self.echo) { server in
            let url = server.addresses[0].description
            for more in [[], ["--header", "Transfer-Encoding: chunked"], ["--header", "Expect: 100-continue"]] {
                let arguments = ["--silent", "--noproxy", "*", flag, "--data-binary", "@-"] + more + [url]
                let outcome = try OutsideProgram.run("/usr/bin/curl", arguments, input: content)
                #expect(outcome.status == 0 && outcome.text == content)
            }
        }
    }

    @Test func nghttpUpgradesAndMultiplexes() throws {
        try withServer { server in
            let url = server.addresses[0].description
            for flag in ["--upgrade", "--no-dep"] {
                let outcome = try OutsideProgram.run("/usr/bin/nghttp", [flag, url + "/a", url + "/b", url + "/c"])
                for name in ["a", "b", "c"] { #expect(outcome.text.contains("hello /\(name)"), "\(outcome.text)") }
            }
        }
    }

    @Test(arguments: [["-m", "10"], ["--h1"]])
    func h2loadFindsEveryRequestAnswered(_ arguments: [String]) throws {
        try withServer(loops: 2) { server in
            let url = server.addresses[0].description
            let outcome = try OutsideProgram.run("/usr/bin/h2load", ["-n", "2000", "-c", "20"] + arguments + [url])
            #expect(outcome.text.contains("2000 succeeded, 0 failed, 0 errored"), "\(outcome.text)")
        }
    }

    /// Scripts beside this file, run by Debian's Python with its packages of these libraries.
    @Test(arguments: ["h11", "h2", "httpx"])
    func pythonsLibrariesAreContent(_ library: String) throws {
        let script = try #require(
            Bundle.module.path(forResource: "client_\(library)", ofType: "py", inDirectory: "Clients"))
        try withServer(handler: Self.echo) { server in
            let port = String(server.addresses[0].port ?? 0)
            let outcome = try OutsideProgram.run("/usr/bin/python3", [script, port])
            #expect(outcome.status == 0 && outcome.text.hasSuffix("content\n"), "\(outcome.text)")
        }
    }

    /// A thousand connections that send heads (-H) or content (-B) bit by bit, or take answers so (-X). Its own probe must
    /// find the service available all the time. Slow senders must all be gone well before it gives up by itself; a slow
    /// reader of a short answer has it in its own system's buffers, so when it is gone is its own business.
    @Test(arguments: [("-H", "15"), ("-B", "15"), ("-X", "5")])
    func slowhttptestFindsTheServiceAvailable(_ mode: String, _ seconds: String) throws {
        var limits = ServerLimits()
        limits.headerSeconds = 1
        limits.bodyWindowSeconds = 1
        limits.writeStallSeconds = 1
        limits.idleSeconds = 1
        try withServer(limits: limits, handler: Self.echo) { server in
            let url = server.addresses[0].description
            let outcome = try OutsideProgram.run(
                "/usr/bin/slowhttptest",
                [mode, "-c", "1000", "-r", "1000", "-i", "1", "-l", seconds, "-p", "3", "-u", url])
            #expect(outcome.text.contains("service available:") && !outcome.text.contains("NO"), "\(outcome.text)")
            if mode != "-X" { #expect(outcome.text.contains("No open connections left"), "\(outcome.text)") }
        }
    }
}
