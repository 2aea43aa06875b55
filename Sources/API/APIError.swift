import HTTPTypes
import Jobs

/// An answer that is an error, as RFC 9457 problem details.
struct APIError: Error {
    var code: ProblemCode
    /// Nearly always the code's own.
    var status: HTTPResponse.Status
    var detail: String
    var problems: [Problem] = []
    /// Several causes, each for itself; the detail tells them too.
    var reasons: [String] = []
    /// Fields beside the content type: `Allow`, `Retry-After`, ….
    var fields = HTTPFields()

    init(_ code: ProblemCode, _ detail: String, problems: [Problem] = [], fields: HTTPFields = HTTPFields()) {
        self.code = code
        status = code.status
        self.detail = detail
        self.problems = problems
        self.fields = fields
    }

    /// Several things are wrong with a body; the detail counts them. Nobody looked for more than a hundred.
    init(_ code: ProblemCode, problems: [Problem]) {
        let count =
            problems.count == 1
            ? "one problem"
            : (problems.count < ProblemList.countMax ? "" : "at least ") + "\(problems.count) problems"
        self.init(
            code, "\(count): \(problems.first?.detail ?? "")\(problems.count > 1 ? "; …" : "")", problems: problems)
    }

    static func retryLater(_ code: ProblemCode, _ detail: String, seconds: Int) -> APIError {
        APIError(code, detail, fields: [.retryAfter: String(seconds)])
    }

    func reply(requestID: String) -> Reply {
        var writer = JSONWriter()
        writer.object { writer in
            writer.name("type")
            writer.value(code.type)
            writer.name("title")
            writer.value(code.title)
            writer.name("status")
            writer.value(status.code)
            writer.name("detail")
            writer.value(detail)
            writer.name("code")
            writer.value(code.rawValue)
            writer.name("request_id")
            writer.value(requestID)
            if !reasons.isEmpty {
                writer.name("reasons")
                writer.value(JSONValue(reasons))
            }
            if !problems.isEmpty {
                writer.name("errors")
                writer.array { writer in
                    for problem in problems { writer.value(problem) }
                }
            }
        }
        var reply = Reply(status: status, bytes: writer.bytes, type: .problem)
        reply.fields.append(contentsOf: fields)
        return reply
    }
}

extension JSONWriter {
    fileprivate mutating func value(_ problem: Problem) {
        object { writer in
            writer.name("pointer")
            writer.value(problem.pointer)
            writer.name("detail")
            writer.value(problem.detail)
            if let row = problem.row {
                writer.name("row")
                writer.value(row)
            }
            if let line = problem.line {
                writer.name("line")
                writer.value(line)
            }
            if let column = problem.column {
                writer.name("column")
                writer.value(column)
            }
        }
    }
}
