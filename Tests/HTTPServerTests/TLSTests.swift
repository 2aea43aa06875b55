import Foundation
import HTTPServer
import HTTPTypes
import HTTPWire
import TestSupport
import Testing

@Suite struct TLSTests {
    private let certificates: TestCertificates

    init() throws { certificates = try TestCertificates() }

    private func url(_ server: Server, _ path: String = "/") -> String { server.addresses[0].description + path }

    private func connectTo(_ server: Server) -> String { "127.0.0.1:\(server.addresses[0].port ?? 0)" }

    private func curl(_ server: Server, _ path: String = "/", _ arguments: [String]) throws -> OutsideProgram.Outcome {
        let common = [
            "--silent", "--show-error", "--noproxy", "*", "--max-time", "10", "--cacert", certificates.authority,
        ]
        return try OutsideProgram.run("/usr/bin/curl", common + arguments + [url(server, path)])
    }

    @Test(arguments: [("--http1.1", "1.1"), ("--http2", "2")])
    func theProtocolIsChosenByALPN(_ flag: String, _ version: String) throws {
        try withServer(tls: certificates.configuration) { server in
            #expect(server.addresses[0].description.hasPrefix("https://"))
            let outcome = try curl(server, "/x", [flag, "--include", "--write-out", " %{http_version}"])
            #expect(outcome.status == 0 && outcome.text.hasSuffix("hello /x \(version)"), "\(outcome.text)")
            #expect(outcome.text.lowercased().contains("\nstrict-transport-security: max-age=31536000\r\n"))
        }
    }

    @Test func aClientWithoutALPNSpeaksHTTP1() throws {
        try withServer(tls: certificates.configuration) { server in
            let outcome = try curl(server, "/x", ["--no-alpn", "--http1.1"])
            #expect(outcome.text == "hello /x")
            let preface = try OutsideProgram.openssl(
                "s_client", "-connect", connectTo(server), "-quiet", "-CAfile", certificates.authority,
                input: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            #expect(preface.text.contains("HTTP/1.1 505 "))
        }
    }

    @Test func plainConnectionsAreNotToldToKeepToTLS() throws {
        try withServer { server in
            let client = try TestClient(server)
            #expect(client.get("/")?.head.contains("Strict-Transport") == false)
        }
    }

    @Test(arguments: [("1.2", true), ("1.3", true), ("1.1", false), ("1.0", false)])
    func onlyTheVersionsThatAreSoundAreSpoken(_ version: String, _ isSpoken: Bool) throws {
        try withServer(tls: certificates.configuration) { server in
            let flag = version == "1.0" ? "-tls1" : "-tls1_" + version.suffix(1)
            // Security level 0 lets the client say what the server must refuse.
            let outcome = try OutsideProgram.openssl(
                "s_client", "-connect", connectTo(server), flag, "-cipher", "ALL:@SECLEVEL=0", "-CAfile",
                certificates.authority)
            #expect(outcome.text.contains("Cipher is (NONE)") == !isSpoken)
            #expect(outcome.text.contains("alert protocol version") == !isSpoken)
        }
    }

    @Test(arguments: ["AES128-SHA", "ECDHE-ECDSA-AES128-SHA", "AES128-GCM-SHA256"])
    func ciphersWithoutForwardSecrecyOrAuthenticationAreRefused(_ cipher: String) throws {
        try withServer(tls: certificates.configuration) { server in
            let outcome = try OutsideProgram.openssl(
                "s_client", "-connect", connectTo(server), "-tls1_2", "-cipher", cipher + ":@SECLEVEL=0")
            #expect(outcome.text.contains("handshake failure"), "\(outcome.text)")
        }
    }

    @Test func aSessionIsResumedByItsTicket() throws {
        try withServer(tls: certificates.configuration) { server in
            let outcome = try OutsideProgram.openssl(
                "s_client", "-connect", connectTo(server), "-tls1_2", "-reconnect", "-CAfile", certificates.authority)
            #expect(outcome.text.components(separatedBy: "\nReused, TLSv1.2").count == 6)
        }
    }

    @Test func aRenegotiationIsRefused() throws {
        try withServer(tls: certificates.configuration) { server in
            let outcome = try OutsideProgram.openssl(
                "s_client", "-connect", connectTo(server), "-tls1_2", input: "R\n")
            #expect(outcome.text.contains("no renegotiation"), "\(outcome.text)")
        }
    }

    @Test func aProtocolNobodySpeaksEndsTheHandshake() throws {
        try withServer(tls: certificates.configuration) { server in
            let outcome = try OutsideProgram.openssl("s_client", "-connect", connectTo(server), "-alpn", "spdy/1")
            #expect(outcome.text.contains("alert no application protocol"))
        }
    }

    @Test func aHandshakeThatTakesTooLongIsCut() throws {
        var limits = ServerLimits()
        limits.handshakeSeconds = 0.2
        try withServer(limits: limits, tls: certificates.configuration) { server in
            let (silent, slow) = (try TestClient(server), try TestClient(server))
            slow.send([0x16, 0x03, 0x01, 0x02, 0x00, 0x01])
            #expect(silent.readToEnd().isEmpty && silent.hasEnded)
            #expect(slow.readToEnd().isEmpty && slow.hasEnded)
        }
    }

    @Test(arguments: ["\u{16}\u{3}\u{1}\u{0}", "\u{16}\u{3}\u{1}\u{0}\u{4}abcd", "\u{0}", "\u{7F}\u{7F}"])
    func whatIsNoTLSIsCutAndTheServerGoesOn(_ text: String) throws {
        try withServer(tls: certificates.configuration) { server in
            let client = try TestClient(server)
            client.send(text)
            client.endSending()
            #expect(!client.readToEnd().contains("HTTP/"))
            #expect(client.hasEnded)
            #expect(try curl(server, "/x", []).text == "hello /x")
        }
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "DELETE / HTTP/1.1\r\nHost: a\r\n\r\n", "P",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nabc",
    ])
    func whoeverSpeaksHTTPWithoutTLSIsToldSoInTheClear(_ text: String) throws {
        let records = Box<AccessRecord>()
        try withServer(tls: certificates.configuration, records: records) { server in
            let client = try TestClient(server)
            client.send(text)
            let answer = client.readAnswer()
            #expect(answer?.status == 400 && answer?.body.contains("This port speaks TLS") == true)
            #expect(answer?.head.contains("\r\nConnection: close\r\n") == true)
            // Over a connection that is not secure the field would be meaningless (RFC 6797 section 7.2).
            #expect(answer?.head.contains("Strict-Transport") == false)
            client.endSending()
            #expect(client.readToEnd().isEmpty && client.hasEnded)
            #expect(try curl(server, "/x", []).text == "hello /x")
            #expect(records.values.first?.status == 400)
        }
    }

    @Test(arguments: ["--http1.1", "--http2"])
    func muchContentGoesBothWays(_ flag: String) throws {
        let program = try Data(contentsOf: URL(fileURLWithPath: "/usr/bin/openssl")).prefix(600_000)
        let path = certificates.directory + "/program"
        try program.write(to: URL(fileURLWithPath: path))
        try withServer(tls: certificates.configuration) { head, responder in
            if head.method == .post {
                return .collect(bytesMax: 1 << 20) {
                    responder.respond(Response(status: .ok, content: .bytes($0)))
                }
            }
            let content = ResponseContent.file(descriptor: open(path, O_RDONLY), offset: 0, length: program.count)
            responder.respond(Response(status: .ok, content: content))
            return .discard
        } _: { server in
            for arguments in [[flag], [flag, "--data-binary", "@" + path]] {
                let answer = certificates.directory + "/answer"
                let outcome = try curl(server, "/", arguments + ["--output", answer])
                #expect(outcome.status == 0, "\(outcome.text)")
                #expect(try Data(contentsOf: URL(fileURLWithPath: answer)) == program)
            }
        }
    }

    @Test func theSubjectOfAClientCertificateReachesTheHandler() throws {
        var configuration = certificates.configuration
        configuration.clientAuthority = .init(path: certificates.authority)
        let stranger = try TestCertificates()
        try withServer(tls: configuration) { head, responder in
            responder.respond(text(head.peer.certificateSubject ?? "nobody"))
            return .discard
        } _: { server in
            func arguments(_ from: TestCertificates) -> [String] {
                ["--cert", from.directory + "/client.pem", "--key", from.directory + "/client.key"]
            }
            let (alice, nobody) = (try curl(server, "/", arguments(certificates)), try curl(server, "/", []))
            #expect(alice.text == "CN=alice,O=Tests" && nobody.text == "nobody")
            let refused = try curl(server, "/", arguments(stranger))
            #expect(refused.status != 0)
        }
    }

    @Test func aHandshakeWithoutTheRequiredCertificateFailsAndIsCounted() throws {
        var configuration = certificates.configuration
        configuration.clientAuthority = .init(path: certificates.authority, isRequired: true)
        let stranger = try TestCertificates()
        let socket = certificates.directory + "/socket"
        let addresses: [ListenAddress] = [.tcp(host: "127.0.0.1", port: 0), .unix(path: socket, mode: 0o600)]
        try withServer(addresses: addresses, tls: configuration) { server in
            func arguments(_ from: TestCertificates) -> [String] {
                ["--cert", from.directory + "/client.pem", "--key", from.directory + "/client.key"]
            }
            #expect(try curl(server, "/x", arguments(certificates)).text == "hello /x")
            #expect(server.statistics.handshakeRefusals == 0)
            #expect(try curl(server, "/x", []).status != 0)
            try waitUntil { server.statistics.handshakeRefusals == 1 }
            #expect(try curl(server, "/x", arguments(stranger)).status != 0)
            try waitUntil { server.statistics.handshakeRefusals == 2 }
            // The socket of the same user has no TLS.
            try expectAnswer(server, address: 1)
        }
    }

    @Test func aReloadServesTheNewCertificateAndABadOneChangesNothing() throws {
        let other = try TestCertificates()
        try withServer(tls: certificates.configuration) { server in
            #expect(try curl(server, "/x", []).text == "hello /x")
            try certificates.replace(with: other)
            #expect(try curl(server, "/x", []).status != 0)
            try server.reloadCertificates()
            #expect(try curl(server, "/x", []).text == "hello /x")
            try Data("no certificate".utf8).write(to: URL(fileURLWithPath: certificates.directory + "/server.pem"))
            #expect(throws: ServerError.self) { try server.reloadCertificates() }
            #expect(try curl(server, "/x", []).text == "hello /x")
        }
    }

    @Test func aKeyThatDoesNotFitIsRefusedAtStart() throws {
        var configuration = certificates.configuration
        configuration.keyPath = certificates.directory + "/client.key"
        #expect(throws: ServerError.self) { try withServer(tls: configuration) { _ in } }
        configuration.keyPath = "/nowhere"
        #expect(throws: ServerError.tls(operation: "key /nowhere", "No such file or directory")) {
            try withServer(tls: configuration) { _ in }
        }
    }

    @Test func anEncryptedKeyIsRefusedWithoutAskingForItsPassphrase() throws {
        var configuration = certificates.configuration
        configuration.keyPath = certificates.directory + "/secret.key"
        let outcome = try OutsideProgram.openssl(
            "pkcs8", "-topk8", "-in", certificates.configuration.keyPath, "-out", configuration.keyPath, "-passout",
            "pass:secret")
        #expect(outcome.status == 0)
        #expect(throws: ServerError.self) { try withServer(tls: configuration) { _ in } }
    }

    @Test func aUNIXSocketStaysPlain() throws {
        let path = "/tmp/tenbin-tls-\(getpid())-\(UInt64.random(in: .min ... .max)).sock"
        try withServer(addresses: [.unix(path: path, mode: 0o600)], tls: certificates.configuration) { server in
            try expectAnswer(server)
        }
    }
}
