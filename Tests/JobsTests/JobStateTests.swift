import Jobs
import Testing

struct JobStateTests {
    /// The whole contract, one row a state: what each command does to a job without facts beyond its state.
    /// `a>b` passes through both; `=` changes nothing; `x` is refused.
    private static let commands:
        [(state: JobState, cancel: String, force: String, stop: String, pause: String, resume: String)] = [
            (.queued, "cancelled", "cancelled", "x", "paused", "="),
            (.starting, "cancelling", "cancelling>cancelled", "x", "pausing", "="),
            (.running, "cancelling", "cancelling>cancelled", "stop", "pausing", "="),
            (.pausing, "cancelling", "cancelling>cancelled", "x", "=", "x"),
            (.paused, "cancelled", "cancelled", "x", "=", "queued"),
            (.cancelling, "=", "cancelled", "x", "x", "x"),
            (.succeeded, "x", "x", "x", "x", "x"),
            (.failed, "x", "x", "x", "x", "x"),
            (.cancelled, "=", "=", "x", "x", "x"),
            (.expired, "x", "x", "x", "x", "x"),
        ]

    private static let news: [(state: JobState, answers: [(JobTrigger, String)])] = [
        (.queued, [(.claimed, "starting"), (.deadlinePassed, "expired")]),
        (
            .starting,
            [
                (.started, "running"), (.succeeded, "running>succeeded"), (.failed, "failed"), (.yielded, "queued"),
                (.crashed, "queued"), (.crashedTooOften, "failed"),
            ]
        ),
        (
            .running,
            [
                (.started, "="), (.succeeded, "succeeded"), (.failed, "failed"), (.yielded, "queued"),
                (.crashed, "queued"), (.crashedTooOften, "failed"),
            ]
        ),
        (
            .pausing,
            [
                (.started, "="), (.succeeded, "succeeded"), (.failed, "failed"), (.yielded, "paused"),
                (.crashed, "paused"), (.crashedTooOften, "paused"),
            ]
        ),
        (
            .cancelling,
            [
                (.started, "="), (.succeeded, "cancelled"), (.failed, "cancelled"), (.obeyedCancel, "cancelled"),
                (.yielded, "cancelled"), (.crashed, "cancelled"), (.crashedTooOften, "cancelled"),
            ]
        ),
        (.paused, []), (.succeeded, []), (.failed, []), (.cancelled, []), (.expired, []),
    ]

    private static let newsTriggers: [JobTrigger] = [
        .claimed, .started, .succeeded, .failed, .obeyedCancel, .yielded, .crashed, .crashedTooOften, .deadlinePassed,
    ]

    private func words(_ transition: JobTransition) -> String {
        switch transition {
        case .unchanged: "="
        case .refused: "x"
        case .move(let path, let wantsStop): (path.map(\.rawValue) + (wantsStop ? ["stop"] : [])).joined(separator: ">")
        }
    }

    @Test func everyCommandInEveryStateDoesWhatTheContractSays() {
        #expect(Self.commands.map(\.state) == JobState.allCases)
        for row in Self.commands {
            let situation = JobSituation(state: row.state)
            let expected = [row.cancel, row.force, row.stop, row.pause, row.resume]
            let found = JobCommand.allCases.map { words(situation.transition(on: .command($0))) }
            #expect(found == expected, "\(row.state)")
        }
    }

    @Test func everyNewsOfAWorkerInEveryStateLeadsWhereItShould() {
        #expect(Set(Self.news.map(\.state)) == Set(JobState.allCases))
        for row in Self.news {
            for trigger in Self.newsTriggers {
                let expected = row.answers.first { $0.0 == trigger }?.1 ?? "x"
                let found = words(JobSituation(state: row.state).transition(on: trigger))
                #expect(found == expected, "\(row.state) on \(trigger)")
            }
        }
    }

    @Test(
        arguments: [
            (JobSituation(state: .queued, hasBestModel: true), "stop"),
            (JobSituation(state: .queued, wantsStop: true, hasBestModel: true), "="),
            (JobSituation(state: .paused, hasBestModel: true), "queued>stop"),
            (JobSituation(state: .running, wantsStop: true), "="),
            (JobSituation(state: .succeeded, finishReason: .stopped), "="),
            (JobSituation(state: .succeeded, finishReason: .completed), "x"),
        ])
    func stopDependsOnWhatTheJobHasToShow(situation: JobSituation, expected: String) {
        #expect(words(situation.transition(on: .command(.stop))) == expected)
    }

    @Test func nothingLeavesATerminalState() {
        for state in JobState.allCases where state.isTerminal {
            for trigger in Self.newsTriggers + JobCommand.allCases.map(JobTrigger.command) {
                for situation in [
                    JobSituation(state: state, finishReason: .stopped, hasBestModel: true),
                    JobSituation(state: state, wantsStop: true),
                ] {
                    if case .move = situation.transition(on: trigger) {
                        Issue.record("\(state) is left on \(trigger)")
                    }
                }
            }
        }
    }

    @Test func repeatingACommandIsNeverRefused() {
        for state in JobState.allCases {
            for command in JobCommand.allCases {
                let situation = JobSituation(state: state, hasBestModel: true)
                guard case .move(let path, let wantsStop) = situation.transition(on: .command(command)) else {
                    continue
                }
                let after = JobSituation(state: path.last ?? state, wantsStop: wantsStop, hasBestModel: true)
                #expect(after.transition(on: .command(command)) != .refused, "\(command) twice from \(state)")
            }
        }
    }

    @Test func allowedCommandsAreThoseThatAreNotRefused() {
        #expect(JobSituation(state: .cancelling).allowedCommands == [.cancel, .forceCancel])
        #expect(JobSituation(state: .succeeded, finishReason: .completed).allowedCommands == [])
    }

    @Test func theDiagramShowsEveryMove() {
        let diagram = JobState.diagram
        for line in [
            "[*] --> queued", "queued --> starting: claimed", "starting --> running: first batch, succeeded",
            "queued --> expired: deadline passed", "paused --> queued: stop, resume", "succeeded --> [*]",
        ] {
            #expect(diagram.contains("    \(line)\n"), "\(line)")
        }
    }
}
