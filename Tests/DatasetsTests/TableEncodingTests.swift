import Jobs
import Testing

@testable import Datasets

struct TableEncodingTests {
    private func features(_ dataset: EncodedDataset) throws -> FeatureMatrix {
        guard case .features(let matrix) = dataset.inputs else {
            Issue.record("expected features")
            throw DatasetError("no features")
        }
        return matrix
    }

    private func classes(_ target: EncodedTarget) throws -> ClassTarget {
        guard case .classes(let classes) = target else { throw DatasetError("no classes") }
        return classes
    }

    private func matrix(_ target: EncodedTarget) throws -> MatrixTarget {
        guard case .matrix(let matrix) = target else { throw DatasetError("no matrix") }
        return matrix
    }

    private func column(_ matrix: FeatureMatrix, _ feature: Int) -> [Float] {
        (0..<matrix.rows).map { matrix.values[$0 * matrix.features + feature] }
    }

    @Test func theDigitsAreEncodedForTheirThreeTasks() throws {
        let schema = try DatasetFile.inspect(Examples.digits, format: .csv, limits: .standard)
        let source = DatasetSource(path: Examples.digits, sha256: "digits", schema: schema)
        let request = try makeRequest([classification("digit"), classification("parity"), classification("ge5")])
        let dataset = try EncodedDataset.encode(source, request: request, limits: .standard)
        #expect(dataset.rows == 1797)
        #expect(dataset.validation.count == 359)
        #expect(dataset.training.count == 1438)
        #expect(Set(dataset.training).isDisjoint(with: dataset.validation))
        let matrix = try features(dataset)
        #expect(matrix.features == 64)
        #expect(try dataset.targets.map { try classes($0).classes } == [10, 2, 2])
        #expect(dataset.preprocessing.targets[0].classes == (0..<10).map(String.init))
        for feature in [2, 20, 61] {
            let values = dataset.training.map { Double(matrix.values[Int($0) * 64 + feature]) }
            let mean = values.reduce(0, +) / Double(values.count)
            let squares = values.reduce(0) { $0 + $1 * $1 } / Double(values.count)
            #expect(abs(mean) < 1e-5)
            #expect(abs(squares - 1) < 1e-5)
        }
        #expect(column(matrix, 0).allSatisfy { $0 == 0 }, "a constant column says nothing")
        let estimate = EncodingEstimate(try EncodingPlan(request, schema: schema))
        #expect(estimate.inputs == .features(64, embeddings: []))
        #expect(estimate.outputs == [10, 2, 2])
        #expect(estimate.bytes >= dataset.bytes && estimate.bytes < dataset.bytes + dataset.bytes / 10)
    }

    @Test func missingNumbersBecomeTheTrainingMeanAndAnIndicator() throws {
        let data = try TestDataset("a,b,y\n1,1,0\n,2,1\n3,3,0\n5,4,1\n")
        let other = try TestDataset("a,b,y\n,,0\n")
        let dataset = try data.encode(
            try makeRequest([classification("y")], validation: .dataset(try makeSpec([]).dataset)), validation: other)
        let matrix = try features(dataset)
        #expect(matrix.features == 3)
        #expect(dataset.training == [0, 1, 2, 3])
        #expect(dataset.validation == [4])
        let deviation = (8.0 / 3).squareRoot()
        #expect(column(matrix, 0) == [Float(-2 / deviation), 0, 0, Float(2 / deviation), 0])
        #expect(column(matrix, 1) == [0, 1, 0, 0, 1])
        #expect(column(matrix, 2).last == 0, "missing only outside the training part: the mean, without an indicator")
    }

    @Test func categoriesBecomeOneFeatureEachAndUnseenOnesNone() throws {
        let data = try TestDataset("c,d,y\nred,u,0\nblue,v,1\n,u,0\nred,v,1\n")
        let other = try TestDataset("c,d,y\ngreen,,1\nblue,u,0\n")
        let dataset = try data.encode(
            try makeRequest([classification("y")], validation: .dataset(try makeSpec([]).dataset)), validation: other)
        let matrix = try features(dataset)
        #expect(
            dataset.preprocessing.inputs
                == .columns([
                    .init(name: "c", treatment: .oneHot(categories: ["blue", "red"], missing: true)),
                    .init(name: "d", treatment: .oneHot(categories: ["u", "v"], missing: false)),
                ]))
        #expect(
            matrix.values == [
                0, 1, 0, 1, 0,
                1, 0, 0, 0, 1,
                0, 0, 1, 1, 0,
                0, 1, 0, 0, 1,
                0, 0, 0, 0, 0,
                1, 0, 0, 1, 0,
            ])
    }

    @Test func manyCategoriesBecomeIndicesToEmbed() throws {
        var request = try makeRequest(
            [classification("y")], validation: .dataset(try makeSpec([]).dataset))
        request.oneHotMax = 2
        let data = try TestDataset("c,n,y\nz,1,0\na,2,1\nm,3,0\n,4,1\n")
        let other = try TestDataset("c,n,y\nq,1,1\nm,1,1\n,1,0\n")
        let dataset = try data.encode(request, validation: other)
        let matrix = try features(dataset)
        #expect(matrix.features == 1)
        #expect(matrix.embeddings == [ColumnEmbedding(cardinality: 5, width: 1)])
        #expect(matrix.indices == [3, 1, 2, 4, 0, 2, 4])
    }

    @Test func theSpecSaysHowAColumnIsEncodedWhereItsContentIsNotToDecide() throws {
        var request = try makeRequest(
            [classification("y")], validation: .dataset(try makeSpec([]).dataset))
        request.encodings = [
            "zip": ColumnEncoding(kind: .embedded), "size": ColumnEncoding(kind: .oneHot),
            "town": ColumnEncoding(kind: .embedded, width: 7), "n": ColumnEncoding(kind: .numeric),
        ]
        let data = try TestDataset("zip,size,town,n,y\n8001,1,a,1,0\n8002,2.50,b,2,1\n,1.0,a,3,0\n8001,2.5,,2,1\n")
        let other = try TestDataset("zip,size,town,n,y\n8002.0,2.5,b,2,1\n9,3,c,2,1\n")
        let dataset = try data.encode(request, validation: other)
        let matrix = try features(dataset)
        #expect(
            matrix.embeddings == [ColumnEmbedding(cardinality: 4, width: 1), ColumnEmbedding(cardinality: 4, width: 7)])
        #expect(matrix.indices == [1, 1, 2, 2, 3, 1, 1, 3, 2, 2, 0, 0])
        #expect(column(matrix, 0) == [1, 0, 1, 0, 0, 0])
        #expect(column(matrix, 1) == [0, 1, 0, 1, 1, 0])
        let estimate = EncodingEstimate(try EncodingPlan(request, schema: data.schema), holdouts: [other.schema])
        #expect(estimate.inputs == .features(matrix.features, embeddings: matrix.embeddings))
    }

    @Test func moreCategoriesThanCanBeCountedAreRefusedWhateverTheSpecSays() throws {
        let rows = (0..<ColumnProfile.distinctMax).map { "\($0),\($0 % 2)\n" }.joined()
        let data = try TestDataset("x,y\n" + rows)
        var request = try makeRequest([classification("y")])
        #expect(throws: Never.self) { try EncodingPlan(request, schema: data.schema) }
        request.encodings = ["x": ColumnEncoding(kind: .embedded)]
        #expect(throws: DatasetError.self) { try EncodingPlan(request, schema: data.schema) }
    }

    @Test func labelsAreSortedByValueWhenTheyAreWholeNumbersAndByBytesOtherwise() throws {
        let data = try TestDataset("x,n,s\n1,10,b\n2,9,B\n3,-1,\n4,,é\n")
        let dataset = try data.encode(try makeRequest([classification("n"), classification("s")]))
        #expect(dataset.preprocessing.targets.map(\.classes) == [["-1", "9", "10"], ["B", "b", "é"]])
        #expect(try classes(dataset.targets[0]).ids == [2, 1, 0, -1])
        #expect(try classes(dataset.targets[1]).ids == [1, 0, -1, 2])
    }

    @Test func multilabelAndRegressionTargetsHaveAMaskWhereSomethingIsMissing() throws {
        let data = try TestDataset("x,l,m,r,s\n1,0,1,10,1\n2,1,,,2\n3,,0,30,3\n4,1,1,20,4\n")
        var multilabel = TaskSpec(name: "labels", targets: ["l", "m"], kind: .multilabel)
        multilabel.weight = 1
        var plain = regression("s")
        plain.standardize = false
        let dataset = try data.encode(
            try makeRequest(
                [multilabel, regression("r"), plain], validation: .dataset(try makeSpec([]).dataset)),
            validation: try TestDataset("x,l,m,r,s\n1,1,0,40,5\n"))
        let labels = try matrix(dataset.targets[0])
        #expect(labels.values == [0, 1, 1, 0, 0, 0, 1, 1, 1, 0])
        #expect(labels.mask == [1, 1, 1, 0, 0, 1, 1, 1, 1, 1])
        let numbers = try matrix(dataset.targets[1])
        let deviation = (200.0 / 3).squareRoot()
        #expect(
            dataset.preprocessing.targets[1].kind
                == .regression(outputs: ["r"], means: [20], deviations: [deviation]))
        #expect(numbers.values == [Float(-10 / deviation), 0, Float(10 / deviation), 0, Float(20 / deviation)])
        #expect(numbers.mask == [1, 0, 1, 1, 1])
        #expect(try matrix(dataset.targets[2]).values == [1, 2, 3, 4, 5])
        #expect(try matrix(dataset.targets[2]).mask == nil)
    }

    @Test func anUnseenClassInAnotherDatasetIsRefusedWithItsRow() throws {
        let data = try TestDataset("x,y\n1,cat\n2,dog\n")
        let other = try TestDataset("x,y\n1,cat\n2,\n3,cow\n")
        let request = try makeRequest([classification("y")], test: .dataset(try makeSpec([]).dataset))
        let error = #expect(throws: DatasetError.self) { try data.encode(request, test: other) }
        #expect(
            error?.problems == [
                Problem(
                    pointer: "/test/dataset", detail: "the label \"cow\" is no class of the training data set", row: 3,
                    column: "y")
            ])
        #expect(throws: DatasetError.self) {
            try EncodedDataset.checkTargets(data.source, test: other.source, request: request, limits: .standard)
        }
        #expect(throws: Never.self) {
            try EncodedDataset.checkTargets(data.source, test: data.source, request: request, limits: .standard)
        }
    }

    @Test(
        arguments: [
            ("x,y\n1,a\n2,a\n", TaskSpec.Kind.classification, "at least two different labels", "/tasks/0/target"),
            ("x,y\n1,a\n2,b\n3,c\n", .binary, "two different labels; the column has 3", "/tasks/0/target"),
            ("x,y\n1,0\n2,2\n", .multilabel, "0 or 1", "/tasks/0/targets"),
            ("x,y\n1,a\n2,b\n", .regression, "needs numbers", "/tasks/0/target"),
        ])
    func aTargetThatDoesNotFitItsTaskIsRefused(
        text: String, kind: TaskSpec.Kind, words: String, pointer: String
    ) throws {
        let data = try TestDataset(text)
        let request = try makeRequest([TaskSpec(name: "y", targets: ["y"], kind: kind)])
        let error = #expect(throws: DatasetError.self) { try data.encode(request) }
        #expect(error?.problems[0].detail.contains(words) == true, "\(String(describing: error))")
        #expect(error?.problems[0].pointer == pointer)
    }

    @Test func textsTooManyForCategoriesAndTextForNumbersAreRefused() throws {
        let rows = (0..<ColumnProfile.distinctMax).map { "sentence \($0),\($0 % 2)" }
        let data = try TestDataset("text,y\n" + rows.joined(separator: "\n"))
        let error = #expect(throws: DatasetError.self) { try data.encode(try makeRequest([classification("y")])) }
        #expect(error?.problems[0].column == "text")
        let numbers = try TestDataset("x,y\n1,0\n2,1\n")
        let request = try makeRequest([classification("y")], validation: .dataset(try makeSpec([]).dataset))
        let other = #expect(throws: DatasetError.self) {
            try numbers.encode(request, validation: try TestDataset("x,y\n1,0\nmany,1\n"))
        }
        #expect(other?.problems[0].row == 2)
        #expect(other?.problems[0].column == "x")
    }

    /// Whether the file can be read as the job's is told by the schemas alone.
    @Test(arguments: [
        ("n,c,r,y\n1,a,1.5,0\n", [String]()), ("y,extra,r,c,n\n0,1,1,7,\n", []), ("n,c,r,y\n1,a,2,0\n,b,x,1\n", ["r"]),
        ("n,c,r,y\nnan,a,1,0\nnan,b,2,1\n", []), ("n,c,r,y\n00,7, ,0\n05,8,3,1\n", []),
        ("n,c,r,y\n123456789012345678901,a,1,0\n", []), ("n,r,y\nmany,1,0\n", ["c", "n"]), ("c\na\n", ["n", "r", "y"]),
    ])
    func anotherDataSetIsHeldAgainstTheFirst(_ text: String, _ columns: [String]) throws {
        let request = try makeRequest([regression("r"), classification("y")])
        let plan = try EncodingPlan(request, schema: TestDataset("n,c,r,y\n1,a,1,0\n2,b,2,1\n").schema)
        let other = try TestDataset(text).schema
        guard !columns.isEmpty else { return try plan.check(holdout: other, pointer: "/test/dataset") }
        let error = #expect(throws: DatasetError.self) { try plan.check(holdout: other, pointer: "/test/dataset") }
        #expect(error?.problems.map(\.column) == columns)
        #expect(error?.problems.allSatisfy { $0.pointer == "/test/dataset" } == true)
    }

    @Test func aPlanNamesEveryProblemAtOnce() throws {
        let data = try TestDataset("x,y\n1,0\n2,1\n")
        let request = try makeRequest(
            [classification("p"), classification("q")], inputs: ["z"],
            validation: .fraction(0.5, seed: 0, stratifyBy: "s"))
        let error = #expect(throws: DatasetError.self) { try EncodingPlan(request, schema: data.schema) }
        #expect(
            error?.problems.map(\.pointer) == [
                "/tasks/0/target", "/tasks/1/target", "/inputs/columns/0", "/validation/stratify_by",
            ])
    }
}
