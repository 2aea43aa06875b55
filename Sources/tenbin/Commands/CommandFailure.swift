import ArgumentParser
import Glibc
import HTTPClient
import JobStore
import Jobs

/// How a command ends that did not do what it was asked: in words, with what to do next, and the exit status.
struct CommandFailure {
    let text: String
    /// What to do next, a line each.
    let advice: [String]
    let status: ExitStatus

    /// Nil for an error that the command line's own parser has words for.
    init?(_ error: any Error) {
        switch error {
        case let error as APIFailure: (text, status) = ("\(error)", ExitStatus(answer: error.status))
        case let error as EndedOtherwise: (text, status) = ("\(error)", .endedOtherwise)
        case let error as ClientError: (text, status) = ("\(error)", Self.status(of: error))
        case let error as InputFailure: (text, status) = ("\(error)", .input)
        case let error as OutputFailure: (text, status) = ("\(error)", .output)
        case let error as DataFolderError: (text, status) = ("\(error)", .input)
        case let error as StoreError: (text, status) = ("\(error)", .failure)
        case let error as JSONSyntaxError:
            (text, status) = ("the server's answer is not JSON: \(error)", .unreachable)
        default: return nil
        }
        advice = Advice.lines(on: error)
    }

    private static func status(of error: ClientError) -> ExitStatus {
        switch error {
        case .unreadable, .tls(.unusableFile): .input
        case .unwritable: .output
        case .tooLarge, .notSendable: .failure
        default: .unreachable
        }
    }
}

/// What to do next about a failure.
enum Advice {
    static func lines(on error: any Error) -> [String] {
        switch error {
        case let error as APIFailure: lines(on: error)
        case let error as ClientError: lines(on: error)
        default: []
        }
    }

    private static func lines(on failure: APIFailure) -> [String] {
        switch failure.code {
        case "unauthenticated":
            return [
                "Send a key with --key or TENBIN_KEY.",
                "The owner of the server's data folder makes one: tenbin keys create --name NAME --data-dir DIR",
            ]
        case "forbidden":
            return [
                "A key that may do more: tenbin keys create --name NAME --scope read --scope write --scope admin --data-dir DIR"
            ]
        case "not-found":
            return list(of: failure.target).map { ["What there is: \($0)"] } ?? []
        case nil where (300..<400).contains(failure.status):
            return ["Name the server's own address with --server or TENBIN_SERVER."]
        default:
            return failure.places.flatMap(lines).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
        }
    }

    /// The command that lists what a target is one of.
    private static func list(of target: String) -> String? {
        let commands = ["datasets": "datasets", "jobs": "jobs", "models": "models", "api-keys": "keys"]
        let part = target.split(separator: "/").dropFirst().first.map { $0.prefix { $0 != "?" } }
        return part.flatMap { commands[String($0)] }.map { "tenbin \($0) list" }
    }

    /// Of a member that is wrong in a spec.
    private static func lines(on place: APIFailure.Place) -> [String] {
        switch place.pointer.split(separator: "/").last {
        case "dataset":
            [
                "The identifiers of the data sets that are there: tenbin datasets list",
                "A new one: tenbin datasets upload FILE",
            ]
        case "test" where place.pointer == "/base/test":
            [
                "Set some rows apart, \"test\": {\"fraction\": 0.2}, or name a data set with --test ID (tenbin datasets list)."
            ]
        case "initial_model": ["The identifiers of the models that are there: tenbin models list"]
        default: []
        }
    }

    private static func lines(on error: ClientError) -> [String] {
        switch error {
        case .cannotConnect, .timedOut:
            [
                "Does a server run there? This starts one: tenbin serve --data-dir DIR",
                "Another one is named with --server or TENBIN_SERVER.",
            ]
        case .notHTTP: ["If the server speaks TLS, its URL begins with https://."]
        case .tls(.untrusted): ["Name the file with the authority to trust with --ca-file or SSL_CERT_FILE."]
        case .tls(.wrongName): ["Name the server with --server as its certificate does."]
        case .tls(.expired): ["Whoever runs the server has to renew it."]
        case .tls(.notTLS): ["Without TLS the server's URL begins with http://."]
        case .tls(.clientCertificateWanted): ["Send one with --client-cert FILE and --client-key FILE."]
        case .proxy: ["A host that NO_PROXY names is reached without the proxy."]
        default: []
        }
    }
}

/// A file named on the command line that cannot be used.
struct InputFailure: Error, CustomStringConvertible {
    let description: String
}
