import Glibc
import Testing

@testable import HTTPClient

/// Requests that go through a proxy, and those that do not.
@Suite(.timeLimit(.minutes(5))) struct ProxyTests {
    /// A proxy that knows CONNECT and passes bytes on.
    private static func makeProxy(credentials: String? = nil) throws -> ScriptedServer {
        try ScriptedServer { _, head, connection in
            if let credentials, !head.contains("\r\nProxy-Authorization: \(credentials)\r\n") {
                ScriptedServer.say("HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n", connection)
                return
            }
            let port = head.split(separator: " ").dropFirst().first?.split(separator: ":").last.flatMap { UInt16($0) }
            guard head.hasPrefix("CONNECT "), let port,
                let onward = try? Sockets.connect(.tcp(host: "127.0.0.1", port: port), Deadline(seconds: 5))
            else {
                ScriptedServer.say("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", connection)
                return
            }
            ScriptedServer.say("HTTP/1.1 200 Here you are\r\nVia: a test\r\n\r\n", connection)
            pass(connection, onward.value)
        }
    }

    private static func pass(_ one: Int32, _ other: Int32) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            var entries = [
                pollfd(fd: one, events: Int16(POLLIN), revents: 0),
                pollfd(fd: other, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&entries, 2, 10_000) > 0 else { return }
            for (entry, target) in zip(entries, [other, one]) where entry.revents != 0 {
                let count = recv(entry.fd, &buffer, buffer.count, 0)
                guard count > 0, send(target, buffer, count, Int32(MSG_NOSIGNAL)) == count else { return }
            }
        }
    }

    private static func client(
        _ url: String, _ proxy: ProxySettings, authority: TestAuthority
    ) throws -> HTTPClient {
        HTTPClient(
            try ServerURL(url), .init(bearer: "secret", tls: TLSSettings(authorityPath: authority.path), proxy: proxy))
    }

    /// A name that is not this machine's own, resolved by nobody but the proxy.
    private static let host = "tenbin.test"

    @Test func tlsGoesThroughTheProxyFromEndToEnd() throws {
        let (authority, proxy) = (try TestAuthority(), try Self.makeProxy())
        try withTLSServer(try authority.identity("DNS:\(Self.host)")) { port throws in
            let settings = ProxySettings(https: "http://127.0.0.1:\(proxy.port)", http: nil, exceptions: nil)
            let client = try Self.client("https://\(Self.host):\(port)", settings, authority: authority)
            let answer = try client.send("GET", "/x", fields: [], content: .none)
            #expect(String(decoding: answer.body, as: UTF8.self) == "\(Self.host):\(port) /x nobody")
            #expect(proxy.requests.count == 1)
            #expect(proxy.requests.first?.hasPrefix("CONNECT \(Self.host):\(port) HTTP/1.1\r\n") == true)
            #expect(proxy.requests.first?.contains("secret") == false, "the key is the server's alone")
        }
    }

    @Test func aProxyThatWantsAPasswordGetsIt() throws {
        let authority = try TestAuthority()
        // user:p@ss in base64.
        let proxy = try Self.makeProxy(credentials: "Basic dXNlcjpwQHNz")
        try withTLSServer(try authority.identity("DNS:\(Self.host)")) { port throws in
            let url = "https://\(Self.host):\(port)"
            let known = ProxySettings(https: "user:p%40ss@127.0.0.1:\(proxy.port)", http: nil, exceptions: nil)
            #expect(
                try Self.client(url, known, authority: authority).send("GET", "/", fields: [], content: .none).status
                    == 200)
            let unknown = ProxySettings(https: "127.0.0.1:\(proxy.port)", http: nil, exceptions: nil)
            let client = try Self.client(url, unknown, authority: authority)
            #expect {
                _ = try client.send("GET", "/", fields: [], content: .none)
            } throws: { error in
                "\(error)".contains("407") && "\(error)".contains("USER:PASSWORD@")
            }
        }
    }

    @Test func plainRequestsNameTheWholeURL() throws {
        let authority = try TestAuthority()
        let proxy = try ScriptedServer(answering: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        let settings = ProxySettings(https: nil, http: "http://127.0.0.1:\(proxy.port)/", exceptions: nil)
        let client = try Self.client("http://\(Self.host)/base", settings, authority: authority)
        #expect(try client.send("GET", "/x?a=b", fields: [], content: .none).body == Array("ok".utf8))
        #expect(
            proxy.requests.first?.hasPrefix("GET http://\(Self.host)/base/x?a=b HTTP/1.1\r\nHost: \(Self.host)\r\n")
                == true)
    }

    @Test(arguments: [
        ("http://localhost:1", true), ("http://127.0.0.9", true), ("http://[::1]:80", true),
        ("http://a.localhost", true), ("http://lab.example", true), ("http://deep.lab.example", true),
        ("http://notlab.example", false), ("http://dot.example", true), ("http://x.dot.example", true),
        ("http://10.1.2.3", true), ("http://10.2.2.3", false), ("http://192.0.2.7", true), ("http://192.0.2.70", false),
        ("http://ported.example:81", true), ("http://ported.example:82", false), ("http://[2001:db8::5]", true),
        ("http://[2001:db9::5]", false), ("http://elsewhere.example", false), ("http://LAB.example.", true),
    ])
    func someHostsAreReachedDirectly(url: String, isDirect: Bool) throws {
        let settings = ProxySettings(
            https: nil, http: "proxy.example:3128",
            exceptions: "lab.example, .dot.example,10.1.0.0/16 192.0.2.7,ported.example:81,2001:db8::/32")
        #expect(try (settings.proxy(for: ServerURL(url)) == nil) == isDirect)
    }

    @Test func aStarAndASocketNeedNoProxy() throws {
        let all = ProxySettings(https: "p:1", http: "p:1", exceptions: "*")
        #expect(try all.proxy(for: ServerURL("https://far.example")) == nil)
        let none = ProxySettings(https: "p:1", http: "p:1", exceptions: nil)
        #expect(try none.proxy(for: ServerURL("https://far.example"))?.host == "p")
        #expect(try none.proxy(for: ServerURL(.unix(path: "/x"))) == nil)
    }

    @Test(arguments: ["socks5://p:1", "https://p:1", "http://", "p:0", "p:x", "u%zz@p:1"])
    func aProxyThatIsNotUnderstoodIsNamedWhereItIsNeeded(text: String) throws {
        let settings = ProxySettings(https: text, http: nil, exceptions: nil)
        #expect(try settings.proxy(for: ServerURL("http://far.example")) == nil)
        #expect {
            _ = try settings.proxy(for: ServerURL("https://far.example"))
        } throws: {
            "\($0)".contains("HTTPS_PROXY")
        }
    }
}
