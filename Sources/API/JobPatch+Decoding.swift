import HTTPTypes
import JobStore
import Jobs
import Weighting

extension JobPatch {
    /// Reads a merge patch (RFC 7396) of a job: an absent member stays, null goes back to the default.
    ///
    /// - Throws: `InvalidSpec` with everything that is wrong.
    init(decoding json: JSONValue, of job: Job, spec: TrainingSpec, now: Timestamp) throws(InvalidSpec) {
        self.init()
        guard let members = json.members else {
            throw InvalidSpec(problems: [Problem(detail: "expected an object, got \(json.kindInWords)")])
        }
        var problems = ProblemList()
        for member in members where !problems.isFull {
            do throws(InvalidSpec) {
                try apply(member, to: job, spec: spec, now: now)
            } catch {
                problems.add(contentsOf: error.problems)
            }
        }
        guard problems.isEmpty else { throw InvalidSpec(problems) }
    }

    private mutating func apply(
        _ member: JSONValue.Member, to job: Job, spec: TrainingSpec, now: Timestamp
    ) throws(InvalidSpec) {
        let value = member.value
        switch member.name {
        case "name": name = .some(try SpecMember.name(value))
        case "labels": labels = try SpecMember.labels(merging: value, into: job.labels)
        case "priority": priority = try SpecMember.priority(value)
        case "deadline": deadline = .some(try SpecMember.deadline(value, now: now))
        case "weighting":
            let current = job.weightingSwitch?.weighting ?? spec.weighting
            weighting = try current.merging(value, at: "/weighting", tasks: spec.tasks).json
        default:
            let accepted = "name, labels, priority, deadline, weighting"
            throw InvalidSpec(problems: [
                Problem(pointer: pointer("", member.name), detail: "cannot be changed; what can is \(accepted)")
            ])
        }
    }
}
