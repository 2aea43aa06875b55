/// Listening sockets handed over by systemd, as `sd_listen_fds(3)` describes.
package enum SocketActivation {
    private static let firstDescriptor: Int32 = 3
    /// More than anybody passes; a larger number is taken for a mistake.
    private static let countMax: Int32 = 1024

    /// The addresses to add to a configuration; none when the environment speaks of another process or of no sockets.
    package static func addresses(environment: [String: String], processID: Int32) -> [ListenAddress] {
        guard let owner = environment["LISTEN_PID"].flatMap({ Int32($0) }), owner == processID,
            let count = environment["LISTEN_FDS"].flatMap({ Int32($0) }), count > 0, count <= countMax
        else { return [] }
        return (firstDescriptor..<firstDescriptor + count).map { .inherited(descriptor: $0) }
    }

    /// Whether only this machine, and for UNIX sockets only this user, can reach a socket that was handed over. One whose
    /// address cannot be told is taken for open to the network.
    package static func isPrivate(_ address: ListenAddress) -> Bool {
        guard case .inherited(let descriptor) = address else { return false }
        return (try? Listener.boundAddress(descriptor, isInherited: true, isSecure: false).isPrivate) ?? false
    }
}
