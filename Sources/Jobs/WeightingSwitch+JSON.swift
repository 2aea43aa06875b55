import Weighting

extension WeightingSwitch {
    /// Reads a switch whose weighting was checked against the job's tasks when it was accepted.
    package init(fromEpoch: Int, decoding weighting: JSONValue) throws(InvalidSpec) {
        self.init(fromEpoch: fromEpoch, weighting: try WeightingConfiguration(decoding: weighting, at: "", tasks: []))
    }

    /// `{"from_epoch": …, "weighting": {…}}`.
    package var json: JSONValue {
        .object([.init("from_epoch", JSONValue(fromEpoch)), .init("weighting", weighting.json)])
    }
}
