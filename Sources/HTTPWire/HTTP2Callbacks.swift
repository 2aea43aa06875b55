import CNghttp2

private let fatal = Int32(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue)
private let resetStream = Int32(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)

/// The recorder behind a context, which the session that makes the call keeps alive.
@inline(__always)
private func recorder(_ context: UnsafeMutableRawPointer?) -> UnsafeMutablePointer<HTTP2Recorder>? {
    context?.assumingMemoryBound(to: HTTP2Recorder.self)
}

/// The C functions that nghttp2 calls. Each finds the recorder and hands over; none calls the library.
enum HTTP2Callbacks {
    /// Fills in a callbacks object.
    static func install(in callbacks: OpaquePointer) {
        installReading(callbacks)
        nghttp2_session_callbacks_set_on_frame_send_callback(callbacks) { _, frame, context in
            guard let frame, let recorder = recorder(context) else { return fatal }
            return recorder.pointee.sentFrame(frame) ? 0 : fatal
        }
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, stream, code, context in
            recorder(context)?.pointee.closedStream(stream, code: code)
            return 0
        }
    }

    private static func installReading(_ callbacks: OpaquePointer) {
        nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { _, frame, context in
            guard let frame else { return fatal }
            recorder(context)?.pointee.beginHeaders(frame)
            return 0
        }
        nghttp2_session_callbacks_set_on_header_callback(callbacks) {
            _, frame, name, nameLength, value, valueLength, _, context in
            guard let frame, let recorder = recorder(context) else { return fatal }
            let isAccepted = recorder.pointee.header(
                stream: frame.header.stream_id, name: UnsafeRawBufferPointer(start: name, count: nameLength),
                value: UnsafeRawBufferPointer(start: value, count: valueLength))
            return isAccepted ? 0 : fatal
        }
        // Without this one the library would drop an invalid field and go on (RFC 9113 section 8.2.1 wants a stream error).
        nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks) { _, _, _, _, _, _, _, _ in resetStream }
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, context in
            guard let frame, let recorder = recorder(context) else { return fatal }
            return recorder.pointee.receivedFrame(frame) ? 0 : fatal
        }
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { _, _, stream, data, length, context in
            let bytes = UnsafeRawBufferPointer(start: data, count: length)
            recorder(context)?.pointee.receivedContent(stream: stream, bytes)
            return 0
        }
    }

    /// Where the library gets the content of an answer from: the one at `position`.
    static func dataProvider(position: Int) -> nghttp2_data_provider {
        var provider = nghttp2_data_provider()
        provider.source.fd = Int32(truncatingIfNeeded: position)
        provider.read_callback = { _, stream, buffer, length, flags, source, context in
            guard let source, let recorder = recorder(context) else { return Int(fatal) }
            let room = UnsafeMutableRawBufferPointer(start: buffer, count: length)
            guard let (count, isLast) = recorder.pointee.fill(stream: stream, Int(source.pointee.fd), room) else {
                return Int(NGHTTP2_ERR_DEFERRED.rawValue)
            }
            if isLast { flags?.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue }
            return count
        }
        return provider
    }
}

extension UnsafePointer<nghttp2_frame> {
    /// The header, which every frame begins with. A frame is a large union, which nobody should copy to look at it.
    var header: nghttp2_frame_hd { UnsafeRawPointer(self).load(as: nghttp2_frame_hd.self) }
}
