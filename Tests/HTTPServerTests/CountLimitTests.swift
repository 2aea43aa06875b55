import Glibc
import HTTPTypes
import HTTPWire
import TestSupport
import Testing

@testable import HTTPServer

@Suite struct CountLimitTests {
    private func expectOneMoreIsRefused(_ limits: ServerLimits) throws {
        try withServer(limits: limits) { server in
            let (first, second) = (try TestClient(server), try TestClient(server))
            #expect(first.get("/")?.status == 200 && second.get("/")?.status == 200)
            let third = try TestClient(server)
            let refusal = third.readToEnd()
            #expect(refusal.hasPrefix("HTTP/1.1 503 "))
            let parts = refusal.split(separator: "\r\n\r\n", maxSplits: 1)
            let body = try #require(parts.count == 2 ? parts[1] : nil)
            #expect(parts[0].contains("\r\nContent-Type: application/problem+json\r\n"))
            #expect(parts[0].contains("\r\nContent-Length: \(body.utf8.count)\r\n"))
            #expect(body.contains("\"code\":\"overloaded\""))
            second.endSending()
            #expect(second.readToEnd().isEmpty)
            try waitUntil { server.statistics.connections <= 1 }
            try expectAnswer(server)
        }
    }

    @Test func oneConnectionMoreThanTheLimitIsRefused() throws {
        var limits = ServerLimits()
        limits.connectionsMax = 2
        try expectOneMoreIsRefused(limits)
    }

    @Test func oneConnectionMoreFromAnAddressThanTheLimitIsRefused() throws {
        var limits = ServerLimits()
        limits.connectionsPerAddressMax = 2
        try expectOneMoreIsRefused(limits)
    }

    @Test func oneRequestMoreInFlightThanTheLimitIsAnswered503() throws {
        var limits = ServerLimits()
        limits.requestsInFlightMax = 1
        let responders = Box<any Responder>()
        try withServer(limits: limits) { _, responder in
            responders.add(responder)
            return .discard
        } _: { server in
            let (first, second) = (try TestClient(server), try TestClient(server))
            first.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            try waitUntil { !responders.values.isEmpty }
            let refused = second.get("/")
            #expect(refused?.status == 503 && refused?.head.contains("\r\nRetry-After: 1\r\n") == true)
            responders.values[0].respond(text("done"))
            #expect(first.readAnswer()?.body == "done")
            second.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            try waitUntil { responders.values.count >= 2 }
            responders.values[1].respond(text("again"))
            #expect(second.readAnswer()?.body == "again")
        }
    }

    @Test func aConnectionThatPipelinesDoesNotStarveAnother() throws {
        let order = Box<String>()
        try withServer { head, responder in
            order.add(head.path ?? "")
            responder.respond(text("x"))
            return .discard
        } _: { server in
            let (greedy, modest) = (try TestClient(server), try TestClient(server))
            #expect(modest.get("/warm")?.status == 200)
            // About 40 requests fit the first read; the modest one must come in long before all are served.
            startThread { greedy.send(String(repeating: "GET /greedy HTTP/1.1\r\nHost: a\r\n\r\n", count: 20_000)) }
            try waitUntil { order.values.count >= 10 }
            #expect(modest.get("/modest")?.status == 200)
            let index = try #require(order.values.firstIndex(of: "/modest"))
            #expect(index < 15_000)
        }
    }
}
