import HTTPTypes
import HTTPWire
import Jobs

/// `/v1/errors`: what each problem type means and what to do about it.
enum ErrorsResource {
    static func routes() -> [Route] {
        [
            Route(.get, "/v1/errors", scope: .open, .inline { try $0.tagged(list) }),
            Route(.get, "/v1/errors/{code}", scope: .open, .inline(one)),
        ]
    }

    private static let list = Reply.json { writer in
        writer.object { writer in
            writer.name("items")
            writer.array { writer in ProblemCode.allCases.forEach { write($0, to: &writer) } }
            writer.name("next_page_token")
            writer.null()
        }
    }

    private static func one(_ request: APIRequest) throws -> Reply {
        guard let code = ProblemCode(rawValue: request.parameters["code"] ?? "") else {
            throw APIError(.notFound, "there is no problem type \"\(request.parameters["code"] ?? "")\"")
        }
        return try request.tagged(Reply.json { write(code, to: &$0) })
    }

    private static func write(_ code: ProblemCode, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.name("code")
            writer.value(code.rawValue)
            writer.name("type")
            writer.value(code.type)
            writer.name("status")
            writer.value(code.status.code)
            writer.name("title")
            writer.value(code.title)
            writer.name("meaning")
            writer.value(code.meaning)
            writer.name("remedy")
            writer.value(code.remedy)
        }
    }
}
