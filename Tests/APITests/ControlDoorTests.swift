import API
import HTTPTypes
import HTTPWire
import Jobs
import Testing

struct ControlDoorTests {
    private static func ask(_ bench: Bench, _ target: String, userID: UInt32?) -> Bench.Answer {
        var peer = Peer(address: "unix")
        peer.userID = userID
        return bench.ask(.get, target, at: ControlDoor(bench.api, userID: 1_000), from: peer)
    }

    @Test(arguments: [nil, 0, 1_001] as [UInt32?])
    func anotherUserIsRefusedAlsoRoot(userID: UInt32?) throws {
        let answer = Self.ask(try Bench(), "/v1/jobs", userID: userID)
        #expect(answer.status == 403)
        #expect(answer.code == "forbidden")
    }

    @Test func theOwnerOfTheFolderNeedsNoKey() throws {
        let bench = try Bench { $0.requiresKey = true }
        #expect(bench.ask(.get, "/v1/api-keys").status == 401)
        #expect(Self.ask(bench, "/v1/api-keys", userID: 1_000).status == 200)
    }
}
