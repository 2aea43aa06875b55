import CNghttp2

/// One HTTP/2 connection as seen by a server: a pure machine, bytes in and events out, answers in and bytes out (RFC 9113).
///
/// nghttp2 does frames, HPACK, flow control and most of the rules; what 1.52 leaves to the server is done here. Not
/// thread-safe: whoever owns it calls it from one thread.
package final class HTTP2Session {
    private let session: OpaquePointer
    private let recorder: UnsafeMutablePointer<HTTP2Recorder>
    private var isBroken = false

    /// Why a session could not be made.
    package enum Failure: Error, Sendable, Hashable {
        /// nghttp2 said no; `code` is its error.
        case library(operation: String, code: Int32)
    }

    /// A connection that starts with the client's preface.
    package init(limits: HTTP2Limits) throws(Failure) {
        (session, recorder) = try Self.makeSession(limits: limits)
        try submitSettings(limits)
    }

    /// A connection upgraded from HTTP/1.1 (RFC 7540 section 3.2). The request that asked for it is stream 1.
    /// - Parameter settings: the payload of HTTP2-Settings, decoded.
    package init(limits: HTTP2Limits, upgradingWith settings: [UInt8], isHead: Bool) throws(Failure) {
        (session, recorder) = try Self.makeSession(limits: limits)
        try check(
            nghttp2_session_upgrade2(session, settings, settings.count, isHead ? 1 : 0, nil), "upgrade")
        recorder.pointee.noteUpgrade()
        try submitSettings(limits)
    }

    deinit {
        nghttp2_session_del(session)
        recorder.deinitialize(count: 1)
        recorder.deallocate()
    }

    /// The library's session and the recorder that it hands to the callbacks. Whoever made them deletes the session first.
    private static func makeSession(
        limits: HTTP2Limits
    ) throws(Failure) -> (OpaquePointer, UnsafeMutablePointer<HTTP2Recorder>) {
        var callbacks: OpaquePointer?
        var option: OpaquePointer?
        defer {
            nghttp2_session_callbacks_del(callbacks)
            nghttp2_option_del(option)
        }
        guard nghttp2_session_callbacks_new(&callbacks) == 0, let callbacks, nghttp2_option_new(&option) == 0,
            let option
        else { throw .library(operation: "allocate", code: Int32(NGHTTP2_ERR_NOMEM.rawValue)) }
        HTTP2Callbacks.install(in: callbacks)
        nghttp2_option_set_no_auto_window_update(option, 1)
        // The library keeps ended streams for the priority tree alone, which means nothing here; the recorder has their numbers.
        nghttp2_option_set_no_closed_streams(option, 1)
        nghttp2_option_set_max_continuations(option, max(1, limits.continuationsMax))
        var session: OpaquePointer?
        let status = nghttp2_session_server_new2(&session, callbacks, nil, option)
        guard status == 0, let session else { throw .library(operation: "server_new", code: status) }
        let recorder = UnsafeMutablePointer<HTTP2Recorder>.allocate(capacity: 1)
        recorder.initialize(to: HTTP2Recorder(limits: limits))
        nghttp2_session_set_user_data(session, recorder)
        return (session, recorder)
    }

    private func submitSettings(_ limits: HTTP2Limits) throws(Failure) {
        func entry(_ id: nghttp2_settings_id, _ value: Int) -> nghttp2_settings_entry {
            nghttp2_settings_entry(settings_id: Int32(id.rawValue), value: UInt32(clamping: value))
        }
        let entries = [
            entry(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.streamsMax),
            entry(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.streamWindowBytes),
            entry(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits.headerListBytesMax),
        ]
        try check(nghttp2_submit_settings(session, 0, entries, entries.count), "submit_settings")
        let window = Int32(clamping: limits.connectionWindowBytes)
        try check(nghttp2_session_set_local_window_size(session, 0, 0, window), "set_local_window_size")
    }

    private func check(_ status: Int32, _ operation: String) throws(Failure) {
        guard status == 0 else { throw .library(operation: operation, code: status) }
    }

    // MARK: Input

    /// Takes bytes from the peer. What they mean comes out of `nextEvent`.
    package func receive(_ bytes: UnsafeRawBufferPointer, now: Int) {
        guard !isBroken, !bytes.isEmpty else { return }
        recorder.pointee.now = now
        let (count, violation) = recorder.pointee.scan(bytes)
        let taken = nghttp2_session_mem_recv(session, bytes.bindMemory(to: UInt8.self).baseAddress, count)
        recorder.pointee.reportLate()
        if taken < 0 {
            end(recorder.pointee.violation ?? Self.errorCode(for: taken))
        } else if let violation {
            end(violation)
        }
    }

    /// The next event, in the order of what happened.
    package func nextEvent() -> HTTP2Event? { recorder.pointee.nextEvent() }

    /// Gives the peer back so many bytes of window on the stream and the connection.
    package func consume(stream: Int32, count: Int) {
        guard !isBroken, count > 0 else { return }
        nghttp2_session_consume(session, stream, count)
    }

    /// Whether a header block has begun and its end is awaited.
    package var isInHeaderBlock: Bool { recorder.pointee.isInHeaderBlock }

    // MARK: Output

    /// Appends what is to be sent, until there is nothing more or `bytes` holds `bytesMax`.
    package func produce(into bytes: inout [UInt8], bytesMax: Int, now: Int) {
        recorder.pointee.now = now
        while bytes.count < bytesMax {
            var data: UnsafePointer<UInt8>?
            let count = nghttp2_session_mem_send(session, &data)
            guard count > 0, let data else {
                if count == 0, recorder.pointee.takeNotice() {
                    // Pings overtake what waits to be sent, so this one is submitted when the announcement is out.
                    nghttp2_submit_ping(session, 0, HTTP2Recorder.noticePing)
                    continue
                }
                if count < 0, !isBroken {
                    end(recorder.pointee.violation ?? Self.errorCode(for: count))
                } else {
                    return
                }
                continue
            }
            bytes.append(contentsOf: UnsafeBufferPointer(start: data, count: count))
        }
    }

    /// Whether there is something to send.
    package var wantsToSend: Bool { nghttp2_session_want_write(session) != 0 }

    /// Whether the connection has served its purpose: a GOAWAY is out, and no stream is left.
    package var isFinished: Bool {
        (isBroken || nghttp2_session_want_read(session) == 0) && nghttp2_session_want_write(session) == 0
    }

    // MARK: Answers

    /// Sends the head of an answer. Content, if there is any, is asked for by events unless it is given at once.
    /// - Parameter fields: `:status` first, names in lower case.
    package func respond(stream: Int32, fields: inout HTTP2FieldBlock, content: [UInt8], contentIsWhole: Bool) {
        let hasContent = !content.isEmpty || !contentIsWhole
        let position = hasContent ? recorder.pointee.begin(stream: stream, content, isLast: contentIsWhole) : 0
        let result = fields.withNameValues { pairs in
            withUnsafePointer(to: HTTP2Callbacks.dataProvider(position: position)) { provider in
                nghttp2_submit_response(session, stream, pairs.baseAddress, pairs.count, hasContent ? provider : nil)
            }
        }
        if result != 0 { reset(stream: stream, code: .internalError) }
    }

    /// Sends an interim `100` response.
    package func sendContinue(stream: Int32) {
        var fields = HTTP2FieldBlock()
        fields.begin(status: 100)
        _ = fields.withNameValues { pairs in
            nghttp2_submit_headers(session, 0, stream, nil, pairs.baseAddress, pairs.count, nil)
        }
    }

    /// Gives more content of an answer, after `wantsContent`.
    package func supply(stream: Int32, _ bytes: [UInt8], isLast: Bool) {
        guard recorder.pointee.goOn(stream: stream, bytes, isLast: isLast) else { return }
        nghttp2_session_resume_data(session, stream)
    }

    /// How much of an answer's content has left for the peer; nil when no content waits.
    package func contentProgress(stream: Int32) -> HTTP2ContentProgress? { recorder.pointee.progress(stream: stream) }

    /// Contents of answers that have yet to go out.
    var contentsHeld: Int { recorder.pointee.contentsHeld }

    /// The reasons this server resets streams for, RFC 9113 section 7.
    package enum ResetCode: UInt32, Sendable {
        case noError = 0x0
        case protocolError = 0x1
        case internalError = 0x2
        case streamClosed = 0x5
        case refusedStream = 0x7
        case cancel = 0x8
    }

    package func reset(stream: Int32, code: ResetCode) {
        guard !isBroken else { return }
        nghttp2_submit_rst_stream(session, 0, stream, code.rawValue)
    }

    /// Announces that the connection is about to end, without naming a last stream yet: requests that are on their way
    /// are still served (RFC 9113 section 6.8). `HTTP2Event.noticed` comes when the peer has read it.
    package func announceEnd() {
        guard !isBroken else { return }
        nghttp2_submit_shutdown_notice(session)
    }

    /// Announces that no further stream will be served; those there are go on (RFC 9113 section 6.8).
    package func goAway() {
        guard !isBroken else { return }
        let last = nghttp2_session_get_last_proc_stream_id(session)
        nghttp2_submit_goaway(session, 0, last, NGHTTP2_NO_ERROR.rawValue, nil, 0)
    }

    /// Ends the connection with an error, or in good order.
    package func terminate(calm: Bool = false) {
        end(calm ? NGHTTP2_ENHANCE_YOUR_CALM.rawValue : NGHTTP2_NO_ERROR.rawValue)
    }

    private func end(_ code: UInt32) {
        guard !isBroken else { return }
        isBroken = true
        nghttp2_session_terminate_session(session, code)
    }

    private static func errorCode(for failure: Int) -> UInt32 {
        switch failure {
        case Int(NGHTTP2_ERR_FLOODED.rawValue): NGHTTP2_ENHANCE_YOUR_CALM.rawValue
        case Int(NGHTTP2_ERR_NOMEM.rawValue), Int(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue):
            NGHTTP2_INTERNAL_ERROR.rawValue
        default: NGHTTP2_PROTOCOL_ERROR.rawValue
        }
    }
}

/// How far the content of an HTTP/2 answer has come on its way to the peer.
package struct HTTP2ContentProgress: Sendable, Hashable {
    /// When content last left, on the clock of `HTTP2Session.produce`; nil when none has.
    package var lastAt: Int?
    package var bytes = 0
}
