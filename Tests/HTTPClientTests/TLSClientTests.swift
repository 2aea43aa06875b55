import Foundation
import Testing

@testable import HTTPClient

/// The client against servers that really speak TLS, well or not.
@Suite(.timeLimit(.minutes(5))) struct TLSClientTests {
    private let authority: TestAuthority

    init() throws { authority = try TestAuthority() }

    private func client(
        _ port: UInt16, host: String = "localhost", tls: TLSSettings? = nil, base: String = ""
    ) -> HTTPClient {
        var configuration = HTTPClient.Configuration(tls: tls ?? TLSSettings(authorityPath: authority.path))
        configuration.limits.connectSeconds = 10
        configuration.limits.readSeconds = 10
        return HTTPClient(ServerURL(.tcp(host: host, port: port), isSecure: true, basePath: base), configuration)
    }

    private func ask(_ client: HTTPClient, _ target: String = "/x") throws -> String {
        let answer = try client.send("GET", target, fields: [], content: .none)
        return String(decoding: answer.body, as: UTF8.self)
    }

    private func failure(_ client: HTTPClient) throws -> ClientError? {
        do {
            _ = try ask(client)
            return nil
        } catch let error as ClientError {
            return error
        }
    }

    @Test func aServerWithAGoodCertificateIsSpokenTo() throws {
        try withTLSServer(try authority.identity("DNS:localhost")) { port throws in
            let client = client(port)
            #expect(try ask(client) == "localhost:\(port) /x nobody")
            // Again, over the connection that was kept.
            #expect(try ask(client, "/y") == "localhost:\(port) /y nobody")
        }
    }

    @Test func theServersBasePathIsKept() throws {
        try withTLSServer(try authority.identity("DNS:localhost")) { port throws in
            #expect(try ask(client(port, base: "/lab/tenbin")) == "localhost:\(port) /lab/tenbin/x nobody")
        }
    }

    @Test(arguments: [("127.0.0.1", "IP:127.0.0.1"), ("::1", "IP:::1")])
    func anAddressIsHeldAgainstTheAddressesOfTheCertificate(host: String, name: String) throws {
        try withTLSServer(try authority.identity(name), host: host) { port throws in
            #expect(try ask(client(port, host: host)).hasSuffix("/x nobody"))
        }
        // A name is no address, whatever it spells.
        try withTLSServer(try authority.identity("DNS:127.0.0.1,DNS:localhost"), host: host) { port throws in
            #expect(try failure(client(port, host: host)) == .tls(.wrongName(host: host)))
        }
    }

    @Test(arguments: ["DNS:example.com", "DNS:localhost.example.com", "DNS:*.localhost", "IP:127.0.0.1"])
    func aCertificateForOthersIsRefused(names: String) throws {
        // The subject's common name is no name of a host any more.
        try withTLSServer(try authority.identity(names, commonName: "localhost")) { port throws in
            #expect(try failure(client(port)) == .tls(.wrongName(host: "localhost")))
        }
    }

    @Test func aCertificateThatHasExpiredIsRefused() throws {
        try withTLSServer(try authority.identity("DNS:localhost", days: -1)) { port throws in
            #expect(try failure(client(port)) == .tls(.expired))
        }
    }

    @Test func aCertificateThatOnlyItselfVouchesForIsRefusedUnlessItIsNamed() throws {
        let identity = try authority.selfSigned("DNS:localhost")
        try withTLSServer(identity) { port throws in
            guard case .tls(.untrusted) = try failure(client(port)) else {
                Issue.record("not refused")
                return
            }
            #expect(try ask(client(port, tls: TLSSettings(authorityPath: identity.certificate))).hasSuffix("/x nobody"))
        }
    }

    @Test func theSystemsAuthoritiesAreTrustedAndTheirFileCanBeAnother() throws {
        try withTLSServer(try authority.identity("DNS:localhost")) { port throws in
            guard case .tls(.untrusted) = try failure(client(port, tls: TLSSettings())) else {
                Issue.record("the test's authority is none of the system's")
                return
            }
            #expect(try ask(client(port, tls: TLSSettings(systemFile: authority.path))).hasSuffix("/x nobody"))
        }
    }

    @Test func aFileThatIsNotThereOrNoCertificateIsNamed() throws {
        let noCertificate = authority.folder + "/none.pem"
        try Data("none".utf8).write(to: URL(filePath: noCertificate))
        try withTLSServer(try authority.identity("DNS:localhost")) { port throws in
            for path in ["/nowhere/ca.pem", noCertificate] {
                let settings = [
                    TLSSettings(authorityPath: path), TLSSettings(systemFile: path), TLSSettings(certificatePath: path),
                ]
                for tls in settings {
                    guard case .tls(.unusableFile(let named, _)) = try failure(client(port, tls: tls)) else {
                        Issue.record("\(tls) was taken")
                        continue
                    }
                    #expect(named == path)
                }
            }
        }
    }

    @Test func aClientShowsItsCertificate() throws {
        let alice = try authority.identity("DNS:alice", commonName: "alice")
        let tls = TLSSettings(authorityPath: authority.path, certificatePath: alice.certificate, keyPath: alice.key)
        try withTLSServer(try authority.identity("DNS:localhost"), clientAuthority: authority.path) { port throws in
            #expect(try ask(client(port, tls: tls)).hasSuffix("/x CN=alice"))
            #expect(try ask(client(port)).hasSuffix("/x nobody"))
        }
    }

    @Test(arguments: [OddTLSServer.Manner.demanding12, .demanding13])
    func aServerThatWantsACertificateSaysSo(manner: OddTLSServer.Manner) throws {
        let server = try OddTLSServer(
            try authority.identity("DNS:localhost"), authority: authority.path, manner)
        #expect(try failure(client(server.port)) == .tls(.clientCertificateWanted))
        let alice = try authority.identity("DNS:alice")
        let tls = TLSSettings(authorityPath: authority.path, certificatePath: alice.certificate, keyPath: alice.key)
        #expect(try ask(client(server.port, tls: tls)) == "ok")
        let stranger = try authority.selfSigned("DNS:alice")
        let foreign = TLSSettings(
            authorityPath: authority.path, certificatePath: stranger.certificate, keyPath: stranger.key)
        guard case .tls(.clientCertificateRefused) = try failure(client(server.port, tls: foreign)) else {
            Issue.record("a stranger's certificate was not refused by name")
            return
        }
    }

    @Test func aServerOfBeforeTLS12IsRefused() throws {
        let server = try OddTLSServer(try authority.identity("DNS:localhost"), authority: authority.path, .old)
        #expect(try failure(client(server.port)) == .tls(.version))
    }

    @Test func anAnswerCutOffIsNoAnswer() throws {
        let identity = try authority.identity("DNS:localhost")
        let midway = try OddTLSServer(identity, authority: authority.path, .midway)
        #expect(try failure(client(midway.port)) == .closed)
        // Without notice the end may be an attacker's.
        let unannounced = try OddTLSServer(identity, authority: authority.path, .unannounced)
        #expect(try failure(client(unannounced.port)) == .closed)
        let announced = try OddTLSServer(identity, authority: authority.path, .announced)
        #expect(try ask(client(announced.port)) == "all of it")
    }

    @Test func whoSpeaksNoTLSIsFoundOut() throws {
        let plain = try ScriptedServer(readsHead: false) { _, _, connection in
            ScriptedServer.say("HTTP/1.1 400 Bad Request\r\n\r\n", connection)
            var byte: UInt8 = 0
            while recv(connection, &byte, 1, 0) == 1 {}
        }
        #expect(try failure(client(plain.port)) == .tls(.notTLS))
        let silent = try ScriptedServer(readsHead: false) { _, _, connection in
            var byte: UInt8 = 0
            while recv(connection, &byte, 1, 0) == 1 {}
        }
        var configuration = HTTPClient.Configuration(tls: TLSSettings(authorityPath: authority.path))
        configuration.limits.connectSeconds = 0.2
        let client = HTTPClient(try ServerURL("https://localhost:\(silent.port)"), configuration)
        guard case .timedOut = try failure(client) else {
            Issue.record("a server that says nothing was waited for")
            return
        }
    }
}
