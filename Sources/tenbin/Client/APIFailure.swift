import HTTPClient
import Jobs

/// What the server said no to, in its own words.
struct APIFailure: Error, CustomStringConvertible {
    let status: Int
    /// The problem's code (`not-found`, …); nil when the answer is no problem document.
    let code: String?
    /// What was asked for.
    let target: String
    /// Where in the request or the file something is wrong.
    let places: [Place]
    /// How long the server wants to be left alone, in seconds.
    let retryAfterSeconds: Double?
    let description: String

    /// One thing that is wrong.
    struct Place: Equatable {
        let pointer: String
        let text: String

        init(_ error: JSONValue) {
            pointer = error["pointer"]?.text ?? ""
            var position: [String] = []
            if let row = error["row"]?.int { position.append("row \(row)") }
            if let line = error["line"]?.int { position.append("line \(line)") }
            if let column = error["column"]?.text { position.append("column \"\(column)\"") }
            let place = [pointer, position.joined(separator: ", ")].filter { !$0.isEmpty }.joined(separator: " ")
            let detail = error["detail"]?.text ?? ""
            text = place.isEmpty ? detail : "\(place): \(detail)"
        }
    }

    init(_ response: HTTPClient.Response, target: String = "") {
        status = response.status
        self.target = target
        retryAfterSeconds = response.fields["retry-after"].flatMap { Double($0) }
        guard let problem = try? JSONValue(parsing: response.body), let title = problem["title"]?.text
        else {
            code = nil
            places = []
            let place = response.fields["location"].map { " and points to \($0)" } ?? ""
            description = "the server answered \(response.status)\(place)"
            return
        }
        code = problem["code"]?.text
        let errors = problem["errors"]?.elements ?? []
        places = errors.map(Place.init)
        let detail = problem["detail"]?.text ?? ""
        switch places.count {
        // Where single problems are listed the detail says the same again.
        case 0: description = detail.isEmpty ? title : "\(title): \(detail)"
        case 1: description = "\(title): \(places[0].text)"
        default: description = "\(title): \(places.count) problems" + places.map { "\n  " + $0.text }.joined()
        }
    }
}

/// A job or a comparison that has ended, but not as it was meant to.
struct EndedOtherwise: Error, CustomStringConvertible {
    let description: String

    init(reasonOf job: JSONValue) {
        let reason = job["error"]?["detail"]?.text ?? job["finish_reason"]?.text
        let words =
            switch job["state"]?.text {
            case "cancelled": "was cancelled"
            case "expired": "expired: its deadline passed while it waited"
            case let state: state ?? "ended"
            }
        description = "the job \(words)" + (reason.map { ": \($0)" } ?? "")
    }
}
