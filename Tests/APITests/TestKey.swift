import HTTPTypes
import Jobs
import Testing

/// A key that a test has made, and what it sends.
struct TestKey {
    let id: String
    let secret: String

    var fields: HTTPFields { [.authorization: "Bearer " + secret, .contentType: "application/json"] }
}

extension Bench {
    /// Makes a key; the first one needs no other to make it.
    func makeKey(
        _ scopes: String..., owner: String = "local", members: String = "", as admin: TestKey? = nil
    ) throws -> TestKey {
        let list = scopes.map { "\"\($0)\"" }.joined(separator: ",")
        let answer = ask(
            .post, "/v1/api-keys", fields: admin?.fields ?? [.contentType: "application/json"],
            body: #"{"name":"k","owner":"\#(owner)","scopes":[\#(list)]\#(members)}"#)
        guard answer.status == 201, let id = try answer.json()["id"]?.text,
            let secret = try answer.json()["secret"]?.text
        else { throw Unexpected(answer.text) }
        return TestKey(id: id, secret: secret)
    }

    func revoke(_ key: TestKey, as admin: TestKey) {
        #expect(ask(.delete, "/v1/api-keys/\(key.id)", fields: admin.fields).status == 204)
    }
}
