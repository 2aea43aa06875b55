import Jobs

/// Writes a task's labels of whole tables, one below the other.
enum TargetEncoder {
    /// A table and where the spec names it: empty for the main data set, else `/validation/dataset` or `/test/dataset`.
    struct Part {
        var table: DataTable
        var pointer: String
    }

    static func encode(
        _ parts: [Part], _ plan: TargetPlan, _ fitted: TargetPreprocessing
    ) throws(DatasetError) -> EncodedTarget {
        switch fitted.kind {
        case .classes, .binary:
            .classes(try classes(parts, plan.columns[0], fitted.classes))
        case .multilabel:
            .matrix(try labels(parts, plan))
        case .regression(_, let means, let deviations):
            .matrix(try numbers(parts, plan, means: means, deviations: deviations))
        }
    }

    private static func classes(
        _ parts: [Part], _ column: TargetPlan.Column, _ classes: [String]
    ) throws(DatasetError) -> ClassTarget {
        var ids: [ExactText: Int32] = [:]
        for (index, name) in classes.enumerated() { ids[ExactText(name)] = Int32(index) }
        var target = ClassTarget(ids: [], classes: classes.count)
        let rows = parts.reduce(0) { $0 + $1.table.rows }
        try DatasetError.claim(rows, of: Int32.self)
        target.ids.reserveCapacity(rows)
        for part in parts {
            guard case .categories(let labels) = try part.table.column(column.use.name, as: column.use.role) else {
                throw DatasetError("expected labels", pointer: part.pointer, column: column.use.name)
            }
            let meanings = labels.names.map { ids[ExactText($0)] }
            for (row, code) in labels.codes.enumerated() {
                guard code >= 0 else {
                    target.ids.append(-1)
                    continue
                }
                guard let id = meanings[Int(code)] else {
                    throw DatasetError(
                        "the label \"\(labels.names[Int(code)])\" is no class of the training data set",
                        pointer: part.pointer, row: row + 1, column: column.use.name)
                }
                target.ids.append(id)
            }
        }
        return target
    }

    private static func labels(_ parts: [Part], _ plan: TargetPlan) throws(DatasetError) -> MatrixTarget {
        var writer = try MatrixWriter(rows: parts.reduce(0) { $0 + $1.table.rows }, outputs: plan.outputs)
        var base = 0
        for part in parts {
            var output = 0
            for column in plan.columns {
                let data = try column.data(in: part.table, pointer: part.pointer)
                let labels = MultilabelColumn(data, column)
                if let row = labels.firstOtherRow {
                    throw DatasetError(
                        "a multilabel task needs 0 or 1 (or true, false), or no value", pointer: part.pointer,
                        row: row + 1, column: column.use.name)
                }
                for row in 0..<part.table.rows {
                    for element in 0..<column.outputs {
                        writer.write(labels.label(row: row, output: element), row: base + row, output: output + element)
                    }
                }
                output += column.outputs
            }
            base += part.table.rows
        }
        return writer.target
    }

    private static func numbers(
        _ parts: [Part], _ plan: TargetPlan, means: [Double], deviations: [Double]
    ) throws(DatasetError) -> MatrixTarget {
        var writer = try MatrixWriter(rows: parts.reduce(0) { $0 + $1.table.rows }, outputs: plan.outputs)
        var base = 0
        for part in parts {
            var output = 0
            for column in plan.columns {
                let data = try column.data(in: part.table, pointer: part.pointer)
                for row in 0..<part.table.rows {
                    for element in 0..<column.outputs {
                        let value = data.number(row: row, output: element, of: column)
                        let index = output + element
                        let scaled = (value - means[index]) / deviations[index]
                        let single = scaled.isNaN ? .nan : try finite(scaled, row: row, column.use.name)
                        writer.write(single, row: base + row, output: index)
                    }
                }
                output += column.outputs
            }
            base += part.table.rows
        }
        return writer.target
    }
}

/// Fills a matrix of targets cell by cell and notes which are missing.
private struct MatrixWriter {
    private(set) var target: MatrixTarget

    init(rows: Int, outputs: Int) throws(DatasetError) {
        // The values, and a mask when the first missing one is met.
        try DatasetError.claim(rows * outputs * 2, of: Float.self)
        target = MatrixTarget(
            outputs: outputs, values: [Float](repeating: 0, count: rows * outputs), mask: nil)
    }

    /// NaN stands for a missing value.
    mutating func write(_ value: Float, row: Int, output: Int) {
        let index = row * target.outputs + output
        guard value.isNaN else {
            target.values[index] = value
            return
        }
        if target.mask == nil { target.mask = [Float](repeating: 1, count: target.values.count) }
        target.mask?[index] = 0
    }
}
