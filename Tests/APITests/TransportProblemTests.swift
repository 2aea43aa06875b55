import API
import HTTPTypes
import HTTPWire
import Testing

/// What the transport answers by itself, beside what the API documents.
struct TransportProblemTests {
    @Test(arguments: [
        TransportProblem.malformed("x"), .contentTooLarge(bytesMax: 1), .targetTooLong(bytesMax: 1),
        .fieldsTooLarge("x"), .requestTimeout, .methodNotAllowed, .methodNotImplemented, .transferCodingNotImplemented,
        .overloaded, .internalError, .versionNotSupported,
    ])
    func itsProblemIsOfADocumentedType(problem: TransportProblem) throws {
        let code = try #require(ProblemCode(rawValue: problem.code))
        #expect(problem.status == code.status.code)
        #expect(problem.title == code.title)
    }
}
