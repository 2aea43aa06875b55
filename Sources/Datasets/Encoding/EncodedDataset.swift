import Jobs

/// A data set as training reads it: inputs and targets of all rows, which rows are for what, and how they were made.
///
/// Rows of a validation or test data set stand below those of the main one. Never changes, so jobs share it.
package final class EncodedDataset: Sendable {
    package let preprocessing: Preprocessing
    package let inputs: EncodedInputs
    /// One per task, in the order of the spec.
    package let targets: [EncodedTarget]
    /// Row indices, ascending; none is in two parts.
    package let training: [Int32]
    package let validation: [Int32]
    package let test: [Int32]

    package var rows: Int { inputs.rows }

    /// Bytes of memory, about.
    package var bytes: Int {
        inputs.bytes + targets.reduce(0) { $0 + $1.bytes } + (training.count + validation.count + test.count) * 4
    }

    private init(
        preprocessing: Preprocessing, inputs: EncodedInputs, targets: [EncodedTarget], split: DataSplit
    ) {
        self.preprocessing = preprocessing
        self.inputs = inputs
        self.targets = targets
        training = split.training
        validation = split.validation
        test = split.test
    }

    /// Reads the files, splits the rows, fits the preprocessing on the training part and encodes everything with it.
    ///
    /// - Parameters:
    ///   - validation: The data set that `request.validation` names, if it names one; `test` likewise.
    ///   - isWanted: asked while the files are read and between columns; where it is not, `.interrupted` is thrown.
    /// - Throws: What does not fit, pointing into the spec, or into the data set with row and column.
    package static func encode(
        _ main: DatasetSource, validation: DatasetSource? = nil, test: DatasetSource? = nil,
        request: EncodingRequest, limits: DatasetLimits, isWanted: @escaping () -> Bool = { true }
    ) throws(DatasetError) -> EncodedDataset {
        let plan = try EncodingPlan(request, schema: main.schema)
        let estimate = EncodingEstimate(plan, holdouts: [validation, test].compactMap { $0?.schema })
        guard estimate.bytes <= limits.encodedBytesMax, estimate.rows <= limits.rowsMax else {
            throw DatasetError(
                "encoded, the data set would take \(estimate.bytes) bytes; at most \(limits.encodedBytesMax) are allowed",
                kind: .tooLarge, pointer: "/dataset")
        }
        let table = try DataTable.load(main, uses: plan.uses, limits: limits, isWanted: isWanted)
        var parts = [TargetEncoder.Part(table: table, pointer: "")]
        var split = try Self.split(plan, table: table)
        if let validation {
            split.validation = try append(
                validation, "/validation/dataset", plan, to: &parts, limits: limits, isWanted: isWanted)
        }
        if let test {
            split.test = try append(
                test, "/test/dataset", plan, to: &parts, limits: limits, isWanted: isWanted)
        }
        let preprocessing = Preprocessing(
            inputs: try InputFit.fit(plan, table: table, training: split.training, isWanted: isWanted),
            targets: try fitTargets(plan, table: table, training: split.training, limits: limits))
        let inputs = try InputEncoder.encode(parts.map(\.table), preprocessing.inputs, isWanted: isWanted)
        var targets: [EncodedTarget] = []
        for (target, fitted) in zip(plan.targets, preprocessing.targets) {
            try DatasetError.check(isWanted)
            targets.append(try TargetEncoder.encode(parts, target, fitted))
        }
        return EncodedDataset(preprocessing: preprocessing, inputs: inputs, targets: targets, split: split)
    }

    /// Reads the labels only, and throws what is wrong with them: a single class, a class that another data set does not
    /// share, a label that is none. For an answer before a job is accepted.
    ///
    /// - Returns: the names of every task's labels, in the order of the tasks.
    package static func checkTargets(
        _ main: DatasetSource, validation: DatasetSource? = nil, test: DatasetSource? = nil,
        request: EncodingRequest, limits: DatasetLimits
    ) throws(DatasetError) -> [[String]] {
        let plan = try EncodingPlan(request, schema: main.schema)
        let table = try DataTable.load(main, uses: plan.targetUses, limits: limits)
        let fitted = try fitTargets(plan, table: table, training: [], limits: limits)
        for (source, pointer) in [(validation, "/validation/dataset"), (test, "/test/dataset")] {
            guard let source else { continue }
            let part = TargetEncoder.Part(
                table: try DataTable.load(source, uses: plan.targetUses, limits: limits), pointer: pointer)
            for (target, fitted) in zip(plan.targets, fitted) { _ = try TargetEncoder.encode([part], target, fitted) }
        }
        return fitted.map(\.classes)
    }

    private static func split(_ plan: EncodingPlan, table: DataTable) throws(DatasetError) -> DataSplit {
        var split = DataSplit(rows: table.rows)
        if case .fraction(let fraction, let seed, let column)? = plan.request.test {
            split.drawTest(try draw(fraction, seed, column, table), of: table.rows)
        }
        if case .fraction(let fraction, let seed, let column) = plan.request.validation {
            split.drawValidation(try draw(fraction, seed, column, table), of: table.rows)
        }
        return split
    }

    private static func draw(
        _ fraction: Double, _ seed: UInt64, _ column: String?, _ table: DataTable
    ) throws(DatasetError) -> DataSplit.Draw {
        var draw = DataSplit.Draw(fraction: fraction, seed: seed, strata: nil)
        if let column, case .categories(let names) = try table.column(column, as: .category(missing: nil)) {
            draw.strata = names.codes
        }
        return draw
    }

    /// Loads another data set below the ones before; its rows.
    private static func append(
        _ source: DatasetSource, _ pointer: String, _ plan: EncodingPlan, to parts: inout [TargetEncoder.Part],
        limits: DatasetLimits, isWanted: @escaping () -> Bool
    ) throws(DatasetError) -> [Int32] {
        let first = parts.reduce(0) { $0 + $1.table.rows }
        let table = try DataTable.load(source, uses: plan.holdoutUses, limits: limits, isWanted: isWanted)
        parts.append(TargetEncoder.Part(table: table, pointer: pointer))
        return (first..<first + table.rows).map { Int32(clamping: $0) }
    }

    private static func fitTargets(
        _ plan: EncodingPlan, table: DataTable, training: [Int32], limits: DatasetLimits
    ) throws(DatasetError) -> [TargetPreprocessing] {
        var fitted: [TargetPreprocessing] = []
        for target in plan.targets {
            fitted.append(try TargetFit.fit(target, table: table, training: training, limits: limits))
        }
        return fitted
    }
}
