import Glibc
import HTTPTypes
import HTTPWire
import Testing

@testable import HTTPServer

@Suite struct AddressTests {
    private func makePath() -> String { "/tmp/tenbin-test-\(getpid())-\(UInt64.random(in: .min ... .max)).sock" }

    @Test func aUNIXSocketIsServedAndItsPathRemoved() throws {
        let path = makePath()
        try withServer(addresses: [.unix(path: path, mode: 0o600)]) { server in
            var status = stat()
            #expect(lstat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
            #expect(server.addresses[0].isPrivate)
            try expectAnswer(server)
        }
        #expect(access(path, F_OK) != 0)
    }

    @Test func aStaleSocketIsReplacedAndALiveOneIsNot() throws {
        let path = makePath()
        let stale = try Listener(.unix(path: path, mode: 0o600))
        #expect(throws: ServerError.pathInUse(path: path)) {
            try withServer(addresses: [.unix(path: path, mode: 0o600)]) { _ in }
        }
        close(stale.descriptor)
        try withServer(addresses: [.unix(path: path, mode: 0o666)]) { server in
            #expect(!server.addresses[0].isPrivate)
            try expectAnswer(server)
        }
    }

    @Test func aFileInTheWayIsLeftAlone() throws {
        let path = makePath()
        let descriptor = open(path, O_CREAT | O_WRONLY, 0o600)
        close(descriptor)
        defer { unlink(path) }
        #expect(throws: ServerError.pathInUse(path: path)) {
            try withServer(addresses: [.unix(path: path, mode: 0o600)]) { _ in }
        }
        #expect(access(path, F_OK) == 0)
    }

    @Test func anIPv6AddressIsServed() throws {
        try withServer(addresses: [.tcp(host: "::1", port: 0), .tcp(host: "127.0.0.1", port: 0)]) { server in
            #expect(server.addresses[0].description.hasPrefix("http://[::1]:"))
            try expectAnswer(server, address: 0)
            try expectAnswer(server, address: 1)
        }
    }

    @Test func aPortInUseIsAnErrorThatSaysSo() throws {
        try withServer { server in
            let port = try #require(server.addresses[0].port)
            #expect(throws: ServerError.system(operation: "bind 127.0.0.1:\(port)", code: EADDRINUSE)) {
                try withServer(addresses: [.tcp(host: "127.0.0.1", port: port)]) { _ in }
            }
        }
    }

    @Test func anInheritedSocketIsServedAndJudgedByItsAddress() throws {
        let listener = try Listener(.tcp(host: "127.0.0.1", port: 0))
        try withServer(addresses: [.inherited(descriptor: dup(listener.descriptor))]) { server in
            #expect(server.addresses[0].isPrivate && server.addresses[0].isInherited)
            #expect(server.addresses[0].port == listener.bound.port)
            try expectAnswer(server)
        }
        // The socket survives its server, for whoever takes over.
        try withServer(addresses: [.inherited(descriptor: listener.descriptor)]) { server in
            try expectAnswer(server)
        }
    }

    @Test(arguments: [("127.0.0.1", true), ("::1", true), ("0.0.0.0", false), ("::", false)])
    func beforeItStartsAServerKnowsWhoCanReachASocketThatWasHandedOver(_ host: String, _ isPrivate: Bool) throws {
        let listener = try Listener(.tcp(host: host, port: 0))
        defer { listener.shut() }
        #expect(SocketActivation.isPrivate(.inherited(descriptor: listener.descriptor)) == isPrivate)
    }

    @Test(arguments: [(0o600, true), (0o660, false)] as [(UInt32, Bool)])
    func aUNIXSocketThatWasHandedOverIsJudgedByItsMode(_ mode: UInt32, _ isPrivate: Bool) throws {
        let listener = try Listener(.unix(path: makePath(), mode: mode))
        defer { listener.shut() }
        #expect(SocketActivation.isPrivate(.inherited(descriptor: listener.descriptor)) == isPrivate)
        #expect(!SocketActivation.isPrivate(.inherited(descriptor: -1)))
    }

    @Test func aDescriptorThatDoesNotListenIsRefused() throws {
        let pipe = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(pipe) }
        #expect(throws: ServerError.notListening(descriptor: pipe)) {
            try withServer(addresses: [.inherited(descriptor: pipe)]) { _ in }
        }
    }

    @Test(
        arguments: [
            (["LISTEN_PID": "7", "LISTEN_FDS": "2"], 2), (["LISTEN_PID": "8", "LISTEN_FDS": "2"], 0), ([:], 0),
            (["LISTEN_PID": "7", "LISTEN_FDS": "-1"], 0), (["LISTEN_PID": "7", "LISTEN_FDS": "2147483647"], 0),
            (["LISTEN_PID": "7"], 0),
        ] as [([String: String], Int)])
    func activationCountsForTheProcessItNames(_ environment: [String: String], _ count: Int) {
        let addresses = SocketActivation.addresses(environment: environment, processID: 7)
        #expect(addresses == [.inherited(descriptor: 3), .inherited(descriptor: 4)].prefix(count).map { $0 })
    }
}
