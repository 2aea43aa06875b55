import Foundation
import Glibc
import HTTPClient
import JobStore

/// The way to whoever may write a data folder: this process when its server is stopped, otherwise the server.
enum DataFolder {
    /// How often a server that has the folder but does not answer yet is asked again, and how long to wait between.
    private static let attempts = 50
    private static let pauseMicroseconds: UInt32 = 100_000

    /// - Throws: `DataFolderError`, `ClientError`, or `StoreError` for a folder that cannot be used.
    static func sender(for path: String) throws -> any RequestSender {
        try checkOwner(of: path)
        try checkContent(of: path)
        umask(FolderAccess.found(at: path).mask)
        var failure: any Error = ClientError.closed
        for _ in 0..<attempts {
            do {
                return try LocalServer(dataDirectory: path)
            } catch StoreError.locked {
                // A server has it, and may be about to listen, or about to end.
            }
            do {
                return try ControlSender(dataDirectory: path)
            } catch {
                failure = error
            }
            usleep(pauseMicroseconds)
        }
        throw failure
    }

    /// Files of another user's folder that were made here could not be opened by the server any more.
    private static func checkOwner(of path: String) throws {
        var status = stat()
        guard stat(path, &status) == 0 else { throw DataFolderError.missing(path) }
        guard status.st_uid == geteuid() else { throw DataFolderError.foreign(path, user: status.st_uid) }
    }

    /// A database is made in an empty folder only: what stands in another one is somebody else's, or has lost its database.
    private static func checkContent(of path: String) throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: path)
        guard names.isEmpty || names.contains("tenbin.db") else { throw DataFolderError.noDatabase(path) }
    }
}

/// Speaks to the server that holds a data folder.
private final class ControlSender: RequestSender {
    private let socket: ControlSocket
    private let http: HTTPClient

    init(dataDirectory: String) throws(ClientError) {
        socket = try ControlSocket(dataDirectory: dataDirectory)
        http = HTTPClient(.unix(path: socket.path))
        // Whether anybody answers.
        _ = try http.send("GET", "/healthz")
    }

    func send(
        _ method: String, _ target: String, fields: [(String, String)], content: HTTPClient.Content
    ) throws(ClientError) -> HTTPClient.Response {
        try http.send(method, target, fields: fields, content: content)
    }

    func download(
        _ target: String, fields: [(String, String)], quietSeconds: Double?,
        receive: @escaping (ArraySlice<UInt8>) throws(ClientError) -> Void
    ) throws(ClientError) -> HTTPClient.Response {
        try http.download(target, fields: fields, quietSeconds: quietSeconds, receive: receive)
    }
}

/// Why a data folder cannot be used from here.
enum DataFolderError: Error, CustomStringConvertible {
    case missing(String)
    case foreign(String, user: UInt32)
    case noDatabase(String)

    var description: String {
        switch self {
        case .missing(let path): "there is no data folder \(path)"
        case .foreign(let path, let user): "\(path) belongs to the user with the id \(user); run this as that user"
        case .noDatabase(let path):
            """
            \(path) holds files but no tenbin.db: it is no data folder, or its database is missing. Name the folder of a \
            server, or an empty one
            """
        }
    }
}
