import Weighting

extension WeightingSwitch {
    /// Reads a switch whose weighting was checked against the job's tasks when it was accepted.
    package init(fromEpoch: Int, decoding weighting: JSONValue) throws(InvalidSpec) {
        self.init(fromEpoch: fromEpoch, weighting: try WeightingConfiguration(decoding: weighting, at: "", tasks: []))
    }

    /// Reads what `json` gives.
    package init(decoding json: JSONValue) throws(InvalidSpec) {
        guard let fromEpoch = json["from_epoch"]?.int else {
            throw InvalidSpec(problems: [Problem(pointer: "/from_epoch", detail: "expected a whole number")])
        }
        try self.init(fromEpoch: fromEpoch, decoding: json["weighting"] ?? .null)
    }

    /// `{"from_epoch": …, "weighting": {…}}`.
    package var json: JSONValue {
        .object([.init("from_epoch", JSONValue(fromEpoch)), .init("weighting", weighting.json)])
    }
}
