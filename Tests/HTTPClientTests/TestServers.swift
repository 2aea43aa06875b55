import Foundation
import Glibc
import HTTPServer
import HTTPTypes
import HTTPWire
import Locks
import Logging
import Testing

@testable import HTTPClient

/// Our own server with TLS, which answers with what it was asked.
func withTLSServer<Value>(
    _ identity: TestAuthority.Identity, host: String = "127.0.0.1", clientAuthority: String? = nil,
    _ body: (UInt16) throws -> Value
) throws -> Value {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let configuration = ServerConfiguration(
        addresses: [.tcp(host: host, port: 0)], loops: 1,
        tls: TLSConfiguration(
            certificatePath: identity.certificate, keyPath: identity.key,
            clientAuthority: clientAuthority.map { .init(path: $0) }),
        logger: logger)
    let server = try Server.start(configuration, handler: Echo())
    defer { server.stop() }
    return try body(try #require(server.addresses.first?.port))
}

private struct Echo: RequestHandler {
    func handle(_ head: RequestHead, responder: any Responder) -> ContentPlan {
        let text = "\(head.authority ?? "") \(head.path ?? "") \(head.peer.certificateSubject ?? "nobody")"
        responder.respond(Response(status: .ok, content: .bytes(Array(text.utf8))))
        return .discard
    }
}

/// A TCP server that follows a script: for every connection it reads a request's head and says its lines.
final class ScriptedServer: Sendable {
    let port: UInt16
    private let listener: Descriptor
    /// The heads of the requests so far.
    private let heads = Lock<[String]>([])

    var requests: [String] { heads.withLock { $0 } }

    /// - Parameters:
    ///   - readsHead: whether a request's head is waited for at all.
    ///   - script: what is done with a connection once the head has come; its number counts from 0.
    init(
        readsHead: Bool = true,
        _ script: @escaping @Sendable (_ number: Int, _ head: String, _ connection: Int32) -> Void
    ) throws {
        let descriptor = Descriptor(socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor.value, $0, length) | listen(descriptor.value, 16)
                    | getsockname(descriptor.value, $0, &length)
            }
        }
        try #require(status == 0)
        listener = descriptor
        port = UInt16(bigEndian: address.sin_port)
        let heads = heads
        Thread.detachNewThread {
            var number = 0
            while true {
                let connection = accept(descriptor.value, nil, nil)
                guard connection >= 0 else { return }
                let (this, head) = (number, readsHead ? Self.readHead(connection) : "")
                number += 1
                heads.withLock { $0.append(head) }
                Thread.detachNewThread {
                    script(this, head, connection)
                    close(connection)
                }
            }
        }
    }

    /// Answers every request with the same bytes and closes.
    convenience init(answering text: String) throws {
        try self.init { _, _, connection in Self.say(text, connection) }
    }

    deinit { shutdown(listener.value, Int32(SHUT_RDWR)) }

    static func readHead(_ connection: Int32) -> String {
        var head: [UInt8] = []
        var byte: UInt8 = 0
        while !head.suffix(4).elementsEqual("\r\n\r\n".utf8), recv(connection, &byte, 1, 0) == 1 { head.append(byte) }
        return String(decoding: head, as: UTF8.self)
    }

    /// - Returns: false when the client is gone.
    @discardableResult static func say(_ text: String, _ connection: Int32) -> Bool {
        let bytes = Array(text.utf8)
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }
}

/// A TLS server in Python's words, for what ours never does.
final class OddTLSServer {
    let port: UInt16
    private let process = Process()

    enum Manner: String {
        /// Speaks no TLS beyond 1.1.
        case old
        /// Ends in the middle of a counted answer, with notice.
        case midway
        /// Ends an answer that is delimited by the end, without notice.
        case unannounced
        /// Ends an answer that is delimited by the end, with notice.
        case announced
        /// Wants a client certificate, in TLS 1.2 and in TLS 1.3.
        case demanding12, demanding13
    }

    init(_ identity: TestAuthority.Identity, authority: String, _ manner: Manner) throws {
        let script = try #require(
            Bundle.module.url(forResource: "tls_server", withExtension: "py", subdirectory: "Servers"))
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "python3", "-W", "ignore", script.path, identity.certificate, identity.key, authority,
            manner.rawValue,
        ]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        var line = ""
        while let byte = try output.fileHandleForReading.read(upToCount: 1)?.first, byte != UInt8(ascii: "\n") {
            line.unicodeScalars.append(Unicode.Scalar(byte))
        }
        port = try #require(UInt16(line))
    }

    deinit {
        // A test's process may hold SIGTERM back, and what it starts inherits that.
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
    }
}
