import Foundation
import Jobs
import Testing

/// The diagrams of the documentation, held against the transition function that they are made from.
struct JobStatesTests {
    @Test(arguments: ["ARCHITECTURE.md", "docs/job-states.md"])
    func theDiagramIsTheTransitionFunctions(page: String) throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: page), encoding: .utf8)
        let diagrams = text.components(separatedBy: "```mermaid\n").dropFirst().compactMap {
            $0.components(separatedBy: "```").first
        }
        #expect(diagrams.contains(JobState.diagram), "\(page) should show\n\(JobState.diagram)")
    }
}
