import Datasets
import Foundation
import Jobs
import Testing
import Weighting

@testable import Trainer

/// Labels that are refused before a job is accepted.
struct TargetChecksTests {
    private static let main = "x,y,l,m\n1,a,0,1\n2,b,1,\n3,a,1,0\n"

    /// What is wrong with a spec whose data sets are these CSV files.
    private func problems(
        main: String = Self.main, validation: String? = nil, test: String? = nil, _ tasks: [TaskSpec]
    ) throws -> [Problem] {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var sources: [Identifier: DatasetSource] = [:]
        func add(_ text: String) throws -> Identifier {
            var generator = SystemRandomNumberGenerator()
            let identifier = Identifier(.dataset, at: Timestamp(milliseconds: 0), using: &generator)
            let path = folder.appending(path: identifier.description).path
            try Data(text.utf8).write(to: URL(filePath: path))
            let schema = try DatasetFile.inspect(path, format: .csv, limits: .standard)
            sources[identifier] = DatasetSource(path: path, sha256: identifier.description, schema: schema)
            return identifier
        }
        var spec = TrainingSpec(dataset: try add(main), tasks: tasks, weighting: .equal)
        spec.inputColumns = ["x"]
        if let validation { spec.validation = .dataset(try add(validation)) }
        if let test { spec.test = .dataset(try add(test)) }
        let checks = TargetChecks(limits: .standard)
        // The second answer is remembered, and must be the same.
        var found: [[Problem]] = []
        for _ in 0..<2 {
            do {
                try checks.check(spec, sources)
                found.append([])
            } catch let error as InvalidSpec {
                found.append(error.problems)
            }
        }
        #expect(found[0] == found[1])
        return found[0]
    }

    private func task(_ kind: TaskSpec.Kind, _ targets: String...) -> TaskSpec {
        TaskSpec(name: targets[0], targets: targets, kind: kind)
    }

    @Test func labelsThatFitAreAccepted() throws {
        let tasks = [task(.classification, "y"), task(.multilabel, "l", "m"), task(.regression, "x")]
        #expect(try problems(validation: "x,y,l,m\n1,b,,\n", tasks).isEmpty)
    }

    @Test func aClassThatOnlyAnotherDataSetHasIsNamedWithItsRow() throws {
        let found = try problems(test: "x,y,l,m\n1,a,0,0\n2,c,0,0\n", [task(.classification, "y")])
        #expect(found.map(\.pointer) == ["/test/dataset"])
        #expect(found.map(\.row) == [2])
        #expect(found.map(\.column) == ["y"])
    }

    @Test func aSingleClassAndALabelThatIsNoneArePointedAt() throws {
        let one = try problems(main: "x,y\n1,a\n2,a\n3,\n", [task(.classification, "y")])
        #expect(one.map(\.pointer) == ["/tasks/0/target"])
        let marks = try problems(
            main: "x,y,z\n1,0,1\n2,1,2\n3,1,0\n", [task(.classification, "y"), task(.multilabel, "z")])
        #expect(marks.map(\.pointer) == ["/tasks/1/targets"])
        #expect(marks.map(\.row) == [2])
    }

    @Test func aWeightOfAClassThatThereIsNotIsPointedAt() throws {
        var colour = task(.classification, "y")
        colour.classWeights = ["a": 2, "red/1": 3]
        #expect(try problems([colour]).map(\.pointer) == ["/tasks/0/class_weights/red~11"])
    }
}
