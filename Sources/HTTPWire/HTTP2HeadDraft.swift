import HTTPTypes

/// The header block of a stream while it is being decoded. nghttp2 has checked the rules of RFC 9113 section 8 about names,
/// pseudo-header fields and their order; what is left is checked here.
struct HTTP2HeadDraft {
    private var method: HTTPRequest.Method?
    private var scheme: String?
    private var authority: String?
    private var host: String?
    private var path: String?
    private var fields = HTTPFields()
    private var contentLength: Int?
    private var expectsContinue = false
    private var requestID: String?
    private var isMalformed = false
    private var problem: TransportProblem?
    /// Names and values and 32 bytes a field, whether kept or not.
    private(set) var listBytes = 0
    private var fieldCount = 0

    /// Room for as many fields is taken at once.
    private static let usualFields = 8

    mutating func add(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer, limits: HTTP2Limits) {
        listBytes += name.count + value.count + 32
        fieldCount += 1
        guard listBytes <= limits.headerListBytesMax, fieldCount <= limits.fieldsMax + 4 else {
            problem = problem ?? .fieldsTooLarge("The header list may have at most \(limits.headerListBytesMax) bytes.")
            return
        }
        if name.first == Byte.colon {
            addPseudo(name, value, limits: limits)
        } else {
            addField(name, value)
        }
    }

    private mutating func addPseudo(
        _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, limits: HTTP2Limits
    ) {
        if name.equalsIgnoringCase(":method") {
            method = HTTPRequest.Method(bytes: value)
            if method == nil { isMalformed = true }
        } else if name.equalsIgnoringCase(":scheme") {
            scheme = value.text
        } else if name.equalsIgnoringCase(":authority") {
            authority = value.text
            if !Authority.isValid(value, portRequired: false) { isMalformed = true }
        } else if name.equalsIgnoringCase(":path") {
            if value.count > limits.targetBytesMax {
                problem = problem ?? .targetTooLong(bytesMax: limits.targetBytesMax)
            } else if value.count == 1, value[0] == Byte.asterisk {
                path = "*"
            } else if value.first == Byte.slash, RequestTarget.isPathAndQuery(value) {
                path = value.text
            } else {
                isMalformed = true
            }
        } else {
            isMalformed = true
        }
    }

    private mutating func addField(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
        switch name.count {
        case 4 where name.equalsIgnoringCase("host"):
            if host != nil || !Authority.isValid(value, portRequired: false) { isMalformed = true }
            host = value.text
            return
        case 6 where name.equalsIgnoringCase("expect"):
            if value.equalsIgnoringCase("100-continue") {
                expectsContinue = true
            } else {
                problem = problem ?? .expectationFailed
            }
        case 12 where requestID == nil && name.equalsIgnoringCase("x-request-id"):
            requestID = value.text
        case 14 where name.equalsIgnoringCase("content-length"):
            // nghttp2 has made sure that it is a number and comes once; Int fails on what it cannot hold.
            contentLength = Int(value.text)
            if contentLength == nil { isMalformed = true }
        default:
            break
        }
        guard let fieldName = CommonFieldNames.name(name) ?? HTTPField.Name(name.text) else {
            isMalformed = true
            return
        }
        if fields.isEmpty { fields.reserveCapacity(Self.usualFields) }
        fields.append(HTTPField(name: fieldName, bytes: value))
    }

    /// The event that the complete block amounts to.
    func finish(stream: Int32, endsStream: Bool) -> HTTP2Event {
        // RFC 9113 section 8.3.1: Host must name the same authority.
        if isMalformed || (authority != nil && host != nil && authority?.lowercased() != host?.lowercased()) {
            return .malformed(stream: stream)
        }
        if let problem { return .refused(stream: stream, problem) }
        guard let method else { return .malformed(stream: stream) }
        guard path != "*" || method == .options, path != nil || method == .connect else {
            return .malformed(stream: stream)
        }
        let request = HTTPRequest(
            method: method, scheme: scheme, authority: authority ?? host, path: path, headerFields: fields)
        let head = HTTP2Head(
            request: request, contentLength: endsStream ? 0 : contentLength,
            expectsContinue: expectsContinue && !endsStream, requestID: requestID)
        return .head(stream: stream, head, endsStream: endsStream)
    }
}
