import Jobs

/// Fits what a task's outputs mean: the classes on the whole main data set, the scale of numbers on its training rows.
enum TargetFit {
    static func fit(
        _ plan: TargetPlan, table: DataTable, training: [Int32], limits: DatasetLimits
    ) throws(DatasetError) -> TargetPreprocessing {
        let kind: TargetPreprocessing.Kind
        switch plan.target.kind {
        case .classification:
            kind = .classes(try classes(plan, table: table, limits: limits))
        case .binary:
            let classes = try classes(plan, table: table, limits: limits)
            guard classes.count == 2 else {
                throw failure(plan, "a binary task needs two different labels; the column has \(classes.count)")
            }
            kind = .binary(negative: classes[0], positive: classes[1])
        case .multilabel:
            try checkLabels(plan, table: table)
            kind = .multilabel(outputs: plan.outputNames)
        case .regression:
            kind = try regression(plan, table: table, training: training)
        }
        return TargetPreprocessing(task: plan.target.task, columns: plan.target.columns, kind: kind)
    }

    /// The labels: whole numbers by value, anything else by its bytes.
    private static func classes(
        _ plan: TargetPlan, table: DataTable, limits: DatasetLimits
    ) throws(DatasetError) -> [String] {
        let column = plan.columns[0]
        guard case .categories(let categories) = try table.column(column.use.name, as: column.use.role) else {
            throw failure(plan, "a \(plan.target.kind.rawValue) task needs labels")
        }
        let classes = sorted(categories.names)
        guard classes.count <= limits.classesMax else {
            throw failure(plan, "\(classes.count) different labels; at most \(limits.classesMax) are classes")
        }
        guard classes.count >= 2 else {
            if classes.count == 1, column.missingByDefault, categories.codes.contains(-1) {
                throw DatasetError(
                    "beside −1, which stands for a missing label, the only label is \(classes[0]); "
                        + "if −1 is a class, set \"missing_label\": null", pointer: plan.pointer + "/missing_label",
                    column: column.use.name)
            }
            throw failure(plan, "a \(plan.target.kind.rawValue) task needs at least two different labels")
        }
        return classes
    }

    static func sorted(_ names: [String]) -> [String] {
        let numbers = names.compactMap { Int64($0) }
        guard numbers.count == names.count else { return names.sorted(by: bytewise) }
        return zip(numbers, names).sorted { $0.0 < $1.0 }.map(\.1)
    }

    private static func regression(
        _ plan: TargetPlan, table: DataTable, training: [Int32]
    ) throws(DatasetError) -> TargetPreprocessing.Kind {
        var means: [Double] = []
        var deviations: [Double] = []
        for column in plan.columns {
            let data = try column.data(in: table, pointer: plan.pointer)
            for output in 0..<column.outputs {
                let fit = NumericFit(rows: training) { data.number(row: $0, output: output, of: column) }
                means.append(plan.target.standardize ? fit.mean : 0)
                deviations.append(plan.target.standardize ? fit.deviation : 1)
            }
        }
        return .regression(outputs: plan.outputNames, means: means, deviations: deviations)
    }

    private static func checkLabels(_ plan: TargetPlan, table: DataTable) throws(DatasetError) {
        for column in plan.columns {
            let data = try column.data(in: table, pointer: plan.pointer)
            let labels = MultilabelColumn(data, column)
            guard let row = labels.firstOtherRow else { continue }
            throw DatasetError(
                "a multilabel task needs 0 or 1 (or true, false) in every column, or no value",
                pointer: plan.pointer + "/targets", row: row + 1, column: column.use.name)
        }
    }

    private static func failure(_ plan: TargetPlan, _ detail: String) -> DatasetError {
        DatasetError(detail, pointer: plan.pointer + "/target", column: plan.target.columns.first)
    }
}

extension TargetPlan {
    /// The column's name for each output; `name[i]` for the elements of an array.
    var outputNames: [String] {
        columns.flatMap { column in
            column.use.role == .array
                ? (0..<column.outputs).map { "\(column.use.name)[\($0)]" } : [column.use.name]
        }
    }
}

extension ColumnData {
    /// A number of the column, NaN where missing or where there are no numbers.
    func number(row: Int, output: Int, of column: TargetPlan.Column) -> Double {
        switch self {
        case .numbers(let numbers): return numbers[row]
        case .array(let array):
            let value = array.value(at: row * column.outputs + output)
            return column.missing.map { Double($0) == value } == true ? .nan : value
        case .categories, .texts: return .nan
        }
    }
}

/// A column of zeros and ones, from names or from an array.
struct MultilabelColumn {
    private let data: ColumnData
    private let column: TargetPlan.Column
    /// For columns of names: 0, 1, or −1 for anything else.
    private let meanings: [Float]

    init(_ data: ColumnData, _ column: TargetPlan.Column) {
        self.data = data
        self.column = column
        if case .categories(let categories) = data {
            meanings = categories.names.map { ["0": 0, "1": 1, "false": 0, "true": 1][$0] ?? -1 }
        } else {
            meanings = []
        }
    }

    /// 0, 1, NaN where missing, or −1 for a value that is no label.
    func label(row: Int, output: Int) -> Float {
        switch data {
        case .categories(let categories):
            let code = Int(categories.codes[row])
            return code < 0 ? .nan : meanings[code]
        case .numbers, .array:
            let value = data.number(row: row, output: output, of: column)
            return value.isNaN ? .nan : value == 0 ? 0 : value == 1 ? 1 : -1
        case .texts:
            return -1
        }
    }

    var rows: Int {
        switch data {
        case .categories(let categories): categories.codes.count
        case .numbers(let numbers): numbers.count
        case .array(let array): array.count / max(column.outputs, 1)
        case .texts(let texts): texts.source.schema.rows
        }
    }

    /// The first row with something else than a label, from 0.
    var firstOtherRow: Int? {
        if !meanings.isEmpty, !meanings.contains(-1) { return nil }
        return (0..<rows).first { row in (0..<column.outputs).contains { label(row: row, output: $0) == -1 } }
    }
}
