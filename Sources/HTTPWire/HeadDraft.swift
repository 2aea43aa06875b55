import HTTPTypes

/// The head of a request while its lines come in, with what the fields say about framing and connection.
struct HeadDraft {
    var method = HTTPRequest.Method.get
    var target: RequestTarget?
    var version = HTTPVersion.http1_1
    var fields = HTTPFields()
    var fieldCount = 0
    /// Set by `finish`, taken by the parser.
    var finished: HTTP1Head?

    private var host: String?
    private var requestID: String?
    private var contentLength: Int?
    private var hasTransferEncoding = false
    /// Set once `chunked` was read; any coding after it is an error.
    private var isChunked = false
    private var hasOtherCoding = false
    private var expectsContinue = false
    private var connection = ConnectionOptions()
    private var upgradesToHTTP2 = false
    private var settings: [UInt8]?
    private var settingsCount = 0

    /// The tokens of `Connection` that matter here, RFC 9110 section 7.6.1.
    private struct ConnectionOptions {
        var close = false
        var keepAlive = false
        var upgrade = false
        var settings = false
    }

    /// Takes one field in. `name` is a token, `value` is trimmed and free of control characters.
    mutating func add(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) throws(TransportProblem) {
        if name.count == 4, name.equalsIgnoringCase("host") {
            try addHost(value)
            return
        }
        guard let fieldName = CommonFieldNames.name(name) ?? HTTPField.Name(name.text) else {
            throw .malformed("The name of a header field is not a token.")
        }
        try noteMeaning(of: name, value)
        fields.append(HTTPField(name: fieldName, bytes: value))
    }

    /// Reads `Expect`, a list (RFC 9110 section 10.1.1). Whether it asks for 100 (Continue).
    ///
    /// - Throws: `expectationFailed` for anything else in it.
    static func asksToContinue(_ value: UnsafeRawBufferPointer) throws(TransportProblem) -> Bool {
        var asks = false
        try value.forEachListElement { (element) throws(TransportProblem) in
            guard !element.isEmpty else { return }
            guard element.equalsIgnoringCase("100-continue") else { throw .expectationFailed }
            asks = true
        }
        return asks
    }

    /// `Host` is kept as the request's authority, RFC 9112 section 3.2: exactly one, and valid.
    private mutating func addHost(_ value: UnsafeRawBufferPointer) throws(TransportProblem) {
        guard host == nil else { throw .malformed("The request has more than one Host.") }
        guard Authority.isValid(value, portRequired: false) else { throw .malformed("The Host is not a valid host.") }
        host = value.text
    }

    private mutating func noteMeaning(
        of name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
    ) throws(TransportProblem) {
        switch name.count {
        case 6 where name.equalsIgnoringCase("expect"):
            if try Self.asksToContinue(value) { expectsContinue = true }
        case 7 where name.equalsIgnoringCase("upgrade"):
            value.forEachListElement { if $0.equalsIgnoringCase("h2c") { upgradesToHTTP2 = true } }
        case 10 where name.equalsIgnoringCase("connection"):
            noteConnection(value)
        case 12 where requestID == nil && name.equalsIgnoringCase("x-request-id"):
            requestID = value.text
        case 14 where name.equalsIgnoringCase("content-length"):
            try addContentLength(value)
        case 14 where name.equalsIgnoringCase("http2-settings"):
            settingsCount += 1
            settings = Base64URL.decode(value)
        case 17 where name.equalsIgnoringCase("transfer-encoding"):
            try addTransferEncoding(value)
        default:
            break
        }
    }

    private mutating func noteConnection(_ value: UnsafeRawBufferPointer) {
        value.forEachListElement { option in
            if option.equalsIgnoringCase("close") {
                connection.close = true
            } else if option.equalsIgnoringCase("keep-alive") {
                connection.keepAlive = true
            } else if option.equalsIgnoringCase("upgrade") {
                connection.upgrade = true
            } else if option.equalsIgnoringCase("http2-settings") {
                connection.settings = true
            }
        }
    }

    /// RFC 9112 section 6.3: one value of digits only. Repetition is refused even where the RFC would allow it.
    private mutating func addContentLength(_ value: UnsafeRawBufferPointer) throws(TransportProblem) {
        guard contentLength == nil else { throw .malformed("The request has more than one Content-Length.") }
        guard !value.isEmpty else { throw .malformed("The Content-Length is empty.") }
        var length = 0
        for byte in value {
            guard (0x30...0x39).contains(byte) else { throw .malformed("The Content-Length is not a number.") }
            let (product, overflowed) = length.multipliedReportingOverflow(by: 10)
            let (sum, carried) = product.addingReportingOverflow(Int(byte - Byte.zero))
            guard !overflowed, !carried else { throw .malformed("The Content-Length is too large to be true.") }
            length = sum
        }
        contentLength = length
    }

    /// RFC 9112 section 6.1: `chunked`, once, last, and nothing else.
    private mutating func addTransferEncoding(_ value: UnsafeRawBufferPointer) throws(TransportProblem) {
        hasTransferEncoding = true
        try value.forEachListElement { (coding) throws(TransportProblem) in
            guard !isChunked else { throw .malformed("A transfer coding follows chunked.") }
            guard !coding.isEmpty else { throw .malformed("The Transfer-Encoding has an empty element.") }
            if coding.equalsIgnoringCase("chunked") {
                isChunked = true
            } else {
                hasOtherCoding = true
            }
        }
    }

    /// Checks what only the whole head can tell and makes it ready to be taken.
    mutating func finish(defaultScheme: String) throws(TransportProblem) -> HTTP1Head {
        guard let target else { throw .malformed("The request has no target.") }
        let framing = try framing()
        // RFC 9112 section 3.2: a 1.1 request without Host is refused, even when the target names the authority.
        guard host != nil || version == .http1_0 else { throw .malformed("The request has no Host.") }
        let message = RequestMessage(
            method: method, scheme: target.scheme ?? defaultScheme, authority: target.authority ?? host,
            path: target.path, fields: fields, contentLength: framing.contentLength)
        let hasFraming = framing != .none
        let head = HTTP1Head(
            message: message, version: version, framing: framing, keepsAlive: keepsAlive,
            // RFC 9110 section 10.1.1: the expectation of a 1.0 client, or one without content, is ignored.
            expectsContinue: expectsContinue && version == .http1_1 && hasFraming, requestID: requestID,
            upgradeSettings: hasFraming ? nil : upgradeSettings)
        finished = head
        return head
    }

    private func framing() throws(TransportProblem) -> ContentFraming {
        guard hasTransferEncoding else {
            guard let contentLength, contentLength > 0 else { return .none }
            return .length(contentLength)
        }
        guard contentLength == nil else { throw .malformed("The request has Content-Length and Transfer-Encoding.") }
        guard version == .http1_1 else { throw .malformed("HTTP/1.0 has no Transfer-Encoding.") }
        guard isChunked else { throw .malformed("The last transfer coding is not chunked.") }
        guard !hasOtherCoding else { throw .transferCodingNotImplemented }
        return .chunked
    }

    /// RFC 9112 section 9.3. CONNECT and TRACE are never answered with success here and end the connection.
    private var keepsAlive: Bool {
        if connection.close || method == .connect || method == .trace { return false }
        return version == .http1_1 || connection.keepAlive
    }

    /// RFC 7540 section 3.2.1: exactly one HTTP2-Settings, valid, and named in Connection beside Upgrade.
    private var upgradeSettings: [UInt8]? {
        guard upgradesToHTTP2, connection.upgrade, connection.settings, settingsCount == 1, version == .http1_1 else {
            return nil
        }
        guard let settings, HTTP2Settings.areValid(settings) else { return nil }
        return settings
    }
}
