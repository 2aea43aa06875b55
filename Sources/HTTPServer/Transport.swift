import CLinux
import Glibc

/// The byte stream of a connection: a plain socket, or TLS over one.
enum Transport {
    case plain
    case tls(TLSSession)

    var tls: TLSSession? {
        if case .tls(let session) = self { session } else { nil }
    }
}

/// What came of one attempt to move bytes without waiting.
enum TransferResult: Equatable {
    /// So many bytes were moved; `isPartial` when the system has no more to give or room to take right now.
    case moved(Int, isPartial: Bool)
    case wouldBlock
    /// The peer sends nothing more.
    case ended
    /// The connection is broken.
    case failed
}

extension Transport {
    /// Reads into `buffer`, which is not empty.
    func read(_ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer) -> TransferResult {
        switch self {
        case .plain:
            while true {
                let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
                // A stream socket that fills less than the buffer is empty; the next bytes raise another edge.
                if count > 0 { return .moved(count, isPartial: count < buffer.count) }
                if count == 0 { return .ended }
                if errno == EINTR { continue }
                return errno == EAGAIN || errno == EWOULDBLOCK ? .wouldBlock : .failed
            }
        case .tls(let session):
            return session.read(into: buffer)
        }
    }

    /// Writes from the front of `queue`, once, without taking it off.
    func write(_ descriptor: Int32, from queue: OutputQueue) -> TransferResult {
        switch self {
        case .plain:
            if let file = queue.frontFile {
                var offset = off_t(file.offset)
                let wanted = min(file.remaining, 1 << 20)
                let count = sendfile(descriptor, file.descriptor, &offset, wanted)
                // A file that became shorter can no longer fill the length that was promised.
                if count == 0 { return .failed }
                return Self.result(count, wanted: wanted)
            }
            return queue.withFront { first, second in
                if second.isEmpty {
                    return Self.result(
                        send(descriptor, first.baseAddress, first.count, Int32(MSG_NOSIGNAL)), wanted: first.count)
                }
                var vectors = (Self.vector(first), Self.vector(second))
                let count = withUnsafePointer(to: &vectors) { pointer in
                    pointer.withMemoryRebound(to: iovec.self, capacity: 2) { writev(descriptor, $0, 2) }
                }
                return Self.result(count, wanted: first.count + second.count)
            }
        case .tls(let session):
            return Self.write(session, from: queue)
        }
    }

    /// One record's worth. An attempt that could not write is repeated with the same bytes in front, as OpenSSL wants it.
    private static func write(_ session: TLSSession, from queue: OutputQueue) -> TransferResult {
        if let file = queue.frontFile {
            return withUnsafeTemporaryAllocation(byteCount: TLSSession.recordBytes, alignment: 16) { buffer in
                let count = pread(
                    file.descriptor, buffer.baseAddress, min(buffer.count, file.remaining), off_t(file.offset))
                guard count > 0 else { return .failed }
                return session.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
        }
        return queue.withFront { first, second in
            guard first.count < TLSSession.recordBytes, !second.isEmpty else { return session.write(first) }
            return withUnsafeTemporaryAllocation(byteCount: TLSSession.recordBytes, alignment: 16) { buffer in
                let more = second.prefix(buffer.count - first.count)
                buffer.copyMemory(from: first)
                UnsafeMutableRawBufferPointer(rebasing: buffer[first.count...]).copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: more))
                return session.write(UnsafeRawBufferPointer(rebasing: buffer[..<(first.count + more.count)]))
            }
        }
    }

    private static func vector(_ bytes: UnsafeRawBufferPointer) -> iovec {
        iovec(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
    }

    private static func result(_ count: Int, wanted: Int) -> TransferResult {
        if count >= 0 { return .moved(count, isPartial: count < wanted) }
        switch errno {
        case EINTR: return .moved(0, isPartial: false)
        case EAGAIN, EWOULDBLOCK: return .wouldBlock
        default: return .failed
        }
    }
}
