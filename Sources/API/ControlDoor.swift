import HTTPTypes
package import HTTPWire

/// Where a request comes in.
enum Door: Sendable {
    /// Sockets that others may reach: keys, hosts and origins are checked.
    case network
    /// The socket in the data folder, or a command that holds the folder itself.
    case control
}

/// The API for whoever owns the data folder: no key is asked for, and everything may be done.
///
/// The first admin key is made through it, and a new one when all are lost. Who can open the folder's files can read and
/// change all of it anyway, so it gives away nothing.
package struct ControlDoor: RequestHandler {
    private let api: API
    /// The one user who is let in.
    private let userID: UInt32

    package init(_ api: API, userID: UInt32) {
        self.api = api
        self.userID = userID
    }

    package func handle(_ head: RequestHead, responder: any Responder) -> ContentPlan {
        guard head.peer.userID == userID else {
            let refusal = APIError(
                .forbidden, "the control socket answers the user that the server runs as, nobody else")
            api.refusals.note(.forbidden, from: head.peer.address, key: nil)
            let reply = refusal.reply(requestID: head.requestID).with(.crossOriginResourcePolicy, "same-origin")
            responder.respond(Response(status: reply.status, fields: reply.fields, content: reply.content))
            return .discard
        }
        var head = head
        // What the audit log says of where a change came from.
        head.peer.address = "control"
        return api.handle(head, through: .control, responder: responder)
    }
}
