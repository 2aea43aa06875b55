import Glibc
import HTTPClient

/// The socket in a data folder through which its owner speaks to the server that holds the folder.
///
/// A socket's path may have 107 bytes, a folder's many more: the folder is opened, and the socket named below its
/// descriptor.
final class ControlSocket: Sendable {
    private static let name = "control.sock"

    /// For bind and connect; valid as long as this object lives.
    let path: String
    private let folder: Descriptor

    /// - Throws: `ClientError` when there is no such folder.
    init(dataDirectory: String) throws(ClientError) {
        folder = Descriptor(open(dataDirectory, O_DIRECTORY | O_RDONLY | O_CLOEXEC))
        guard folder.value >= 0 else { throw .unreadable(path: dataDirectory, errno) }
        path = "/proc/self/fd/\(folder.value)/\(Self.name)"
    }
}
