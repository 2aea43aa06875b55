import HTTPTypes

/// A request's head while it is made of its header list. nghttp2 has checked the rules of RFC 9113 section 8 about names,
/// pseudo-header fields and their order; what is left is checked here.
struct HTTP2HeadDraft {
    private let limits: HTTP2Limits
    private var method: HTTPRequest.Method?
    private var scheme: String?
    private var authority: String?
    private var host: String?
    private var path: String?
    private var fields: [HTTPField] = []
    private var contentLength: Int?
    private var expectsContinue = false
    private var requestID: String?
    private var isMalformed = false
    private var problem: TransportProblem?

    /// Room for as many fields is taken at once.
    private static let usualFields = 8

    init(limits: HTTP2Limits) { self.limits = limits }

    /// Takes one field in. The library has made sure that names are in lower case.
    mutating func add(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        if name.first == Byte.colon {
            addPseudo(name, value)
        } else {
            addField(name, value)
        }
    }

    /// There were more fields, or longer ones, than were kept.
    mutating func noteTooLarge() {
        problem = problem ?? .fieldsTooLarge("The header list may have at most \(limits.headerListBytesMax) bytes.")
    }

    private mutating func addPseudo(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
        if name.equals(":method") {
            method = HTTPRequest.Method(bytes: value)
            if method == nil { isMalformed = true }
            if value.count > HTTP1Limits.methodBytesMaxStandard { problem = problem ?? .methodNotImplemented }
        } else if name.equals(":scheme") {
            scheme = value.text
            // As in absolute-form; others name nothing that a server of HTTP has.
            if !value.equalsIgnoringCase("http"), !value.equalsIgnoringCase("https") {
                problem = problem ?? .malformed("The scheme is neither http nor https.")
            }
        } else if name.equals(":authority") {
            authority = value.text
            if !Authority.isValid(value, portRequired: false) { isMalformed = true }
        } else if name.equals(":path") {
            addPath(value)
        } else {
            isMalformed = true
        }
    }

    private mutating func addPath(_ value: UnsafeRawBufferPointer) {
        if value.count > limits.targetBytesMax {
            problem = problem ?? .targetTooLong(bytesMax: limits.targetBytesMax)
        } else if value.count == 1, value[0] == Byte.asterisk {
            path = "*"
        } else if value.first == Byte.slash, RequestTarget.isPathAndQuery(value) {
            path = value.text
        } else {
            isMalformed = true
        }
    }

    private mutating func addField(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
        switch name.count {
        case 4 where name.equals("host"):
            if host != nil || !Authority.isValid(value, portRequired: false) { isMalformed = true }
            host = value.text
            return
        case 6 where name.equals("expect"):
            do throws(TransportProblem) {
                if try HeadDraft.asksToContinue(value) { expectsContinue = true }
            } catch {
                problem = problem ?? error
            }
        case 12 where requestID == nil && name.equals("x-request-id"):
            requestID = value.text
        case 14 where name.equals("content-length"):
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

    /// The event that the complete list amounts to.
    consuming func finish(stream: Int32, endsStream: Bool) -> HTTP2Event {
        // RFC 9113 section 8.3.1: Host must name the same authority.
        if isMalformed || (authority != nil && host != nil && authority?.lowercased() != host?.lowercased()) {
            return .malformed(stream: stream)
        }
        if let problem { return .refused(stream: stream, problem, isHead: method == .head) }
        guard let method else { return .malformed(stream: stream) }
        guard path != "*" || method == .options, path != nil || method == .connect else {
            return .malformed(stream: stream)
        }
        var headerFields = HTTPFields()
        headerFields.append(contentsOf: fields)
        let message = RequestMessage(
            method: method, scheme: scheme, authority: authority ?? host, path: path, fields: headerFields,
            contentLength: endsStream ? 0 : contentLength)
        let head = HTTP2Head(
            message: message, expectsContinue: expectsContinue && !endsStream, requestID: requestID)
        return .head(stream: stream, head, endsStream: endsStream)
    }
}
