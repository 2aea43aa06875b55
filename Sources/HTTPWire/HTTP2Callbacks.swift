import CNghttp2

private let fatal = Int32(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue)
private let resetStream = Int32(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)

/// Calls `body` with the recorder behind a context, which the session that makes the call keeps alive: so it need not be
/// retained for each of the dozen calls that one request makes.
@inline(__always)
private func recording<Result>(
    _ context: UnsafeMutableRawPointer?, otherwise: Result, _ body: (HTTP2Recorder) -> Result
) -> Result {
    guard let context else { return otherwise }
    return Unmanaged<HTTP2Recorder>.fromOpaque(context)._withUnsafeGuaranteedRef(body)
}

/// The C functions that nghttp2 calls. Each finds the recorder and hands over; none calls the library.
enum HTTP2Callbacks {
    /// Fills in a callbacks object.
    static func install(in callbacks: OpaquePointer) {
        installReading(callbacks)
        nghttp2_session_callbacks_set_on_frame_send_callback(callbacks) { _, frame, context in
            guard let frame else { return fatal }
            return recording(context, otherwise: fatal) { $0.sentFrame(frame.pointee) ? 0 : fatal }
        }
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, stream, code, context in
            recording(context, otherwise: ()) { $0.closedStream(stream, code: code) }
            return 0
        }
    }

    private static func installReading(_ callbacks: OpaquePointer) {
        nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { _, frame, context in
            guard let frame else { return fatal }
            recording(context, otherwise: ()) { $0.beginHeaders(frame.pointee) }
            return 0
        }
        nghttp2_session_callbacks_set_on_header_callback(callbacks) {
            _, frame, name, nameLength, value, valueLength, _, context in
            guard let frame else { return fatal }
            // A frame begins with its header, and is large: reading it as the union it is would copy all of it for each field.
            let stream = UnsafeRawPointer(frame).load(as: nghttp2_frame_hd.self).stream_id
            return recording(context, otherwise: fatal) {
                let isAccepted = $0.header(
                    stream: stream, name: UnsafeRawBufferPointer(start: name, count: nameLength),
                    value: UnsafeRawBufferPointer(start: value, count: valueLength))
                return isAccepted ? 0 : fatal
            }
        }
        // Without this one the library would drop an invalid field and go on (RFC 9113 section 8.2.1 wants a stream error).
        nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks) { _, _, _, _, _, _, _, _ in resetStream }
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, context in
            guard let frame else { return fatal }
            return recording(context, otherwise: fatal) { $0.receivedFrame(frame.pointee) ? 0 : fatal }
        }
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { _, _, stream, data, length, context in
            recording(context, otherwise: ()) {
                $0.receivedContent(stream: stream, UnsafeRawBufferPointer(start: data, count: length))
            }
            return 0
        }
    }

    /// Where the library gets the content of answers from.
    static let dataProvider: nghttp2_data_provider = {
        var provider = nghttp2_data_provider()
        provider.read_callback = { _, stream, buffer, length, flags, _, context in
            let room = UnsafeMutableRawBufferPointer(start: buffer, count: length)
            return recording(context, otherwise: Int(fatal)) { recorder in
                guard let (count, isLast) = recorder.fill(stream: stream, room) else {
                    return Int(NGHTTP2_ERR_DEFERRED.rawValue)
                }
                if isLast { flags?.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue }
                return count
            }
        }
        return provider
    }()
}
