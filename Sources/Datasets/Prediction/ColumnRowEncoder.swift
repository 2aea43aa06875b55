import Jobs

/// Rows of a table: an object with one member per input column, null where a value is unknown.
final class ColumnRowEncoder: RowEncoder {
    private struct Column {
        var preprocessing: ColumnPreprocessing
        /// Of its first feature.
        var feature: Int
        /// Among the embedded columns.
        var embedded: Int
        /// Of columns of categories.
        var categories: CategoryIndex?
    }

    private let columns: [Column]
    private let names: Set<String>
    private var matrix: FeatureMatrix

    init(_ columns: [ColumnPreprocessing], rows: Int) throws(DatasetError) {
        var feature = 0
        var embedded = 0
        self.columns = columns.map { column in
            defer {
                feature += column.features
                if column.embedding != nil { embedded += 1 }
            }
            return Column(
                preprocessing: column, feature: feature, embedded: embedded, categories: CategoryIndex(column.treatment)
            )
        }
        names = Set(columns.map(\.name))
        matrix = try FeatureMatrix(preparedFor: columns, rows: rows)
    }

    var encoded: EncodedInputs { .features(matrix) }

    func encode(_ row: JSONValue, at index: Int, pointer place: String, problems: inout ProblemList) {
        guard let members = row.members else {
            // A model with a single array as its input also takes the bare array.
            if columns.count == 1, case .vector = columns[0].preprocessing.treatment, row.elements != nil {
                if let problem = write(row, to: columns[0], row: index, place: place) { problems.add(problem) }
                return
            }
            return problems.add(
                Problem(
                    pointer: place, detail: "expected an object with the input columns, found \(row.kindInWords)",
                    row: index + 1))
        }
        for member in members where !names.contains(member.name) {
            if problems.isFull { return }
            problems.add(
                Problem(
                    pointer: pointer(place, member.name), detail: "no such input; expected \(listedNames)",
                    row: index + 1, column: member.name))
        }
        for column in columns {
            let name = column.preprocessing.name
            let place = pointer(place, name)
            if problems.isFull { return }
            guard let value = row[name] else {
                problems.add(
                    Problem(
                        pointer: place, detail: "missing; write null where the value is unknown", row: index + 1,
                        column: name))
                continue
            }
            if let problem = write(value, to: column, row: index, place: place) { problems.add(problem) }
        }
    }

    private var listedNames: String {
        let listed = columns.prefix(20).map { "\"\($0.preprocessing.name)\"" }.joined(separator: ", ")
        return columns.count > 20 ? listed + ", …" : listed
    }

    private func write(_ value: JSONValue, to column: Column, row: Int, place: String) -> Problem? {
        let start = row * matrix.features + column.feature
        switch column.preprocessing.treatment {
        case .numeric(let mean, let deviation, let indicator):
            guard let number = value.numberOrNaN else { return expected("a number or null", value, column, row, place) }
            if number.isNaN {
                if indicator { matrix.values[start + 1] = 1 }
            } else {
                let single = Float((number - mean) / deviation)
                guard single.isFinite else { return expected("a smaller number", value, column, row, place) }
                matrix.values[start] = single
            }
        case .oneHot:
            guard let slot = slot(of: value, in: column) else {
                return expected("a string or null", value, column, row, place)
            }
            if slot > 0 { matrix.values[start + Int(slot) - 1] = 1 }
        case .embedded:
            guard let slot = slot(of: value, in: column) else {
                return expected("a string or null", value, column, row, place)
            }
            matrix.indices[row * matrix.embeddings.count + column.embedded] = slot
        case .vector(let means, let deviations):
            guard let numbers = value.numbers, numbers.count == means.count else {
                return expected("an array of \(means.count) numbers", value, column, row, place)
            }
            for (element, number) in numbers.enumerated() where !number.isNaN {
                let single = Float((number - means[element]) / deviations[element])
                guard single.isFinite else { return expected("smaller numbers", value, column, row, place) }
                matrix.values[start + element] = single
            }
        }
        return nil
    }

    /// The place of a category; nil when the value cannot be one.
    private func slot(of value: JSONValue, in column: Column) -> Int32? {
        guard let categories = column.categories else { return nil }
        switch value {
        case .null: return categories.index(of: nil)
        case .string(let text):
            let index = categories.index(of: text)
            // An empty cell of a CSV file is a missing value.
            return index == 0 && text.isEmpty ? categories.index(of: nil) : index
        case .integer, .number, .bool: return value.className.map { categories.index(of: $0) }
        case .array, .object: return nil
        }
    }

    private func expected(
        _ words: String, _ value: JSONValue, _ column: Column, _ row: Int, _ place: String
    ) -> Problem {
        Problem(
            pointer: place, detail: "expected \(words), found \(value.kindInWords)", row: row + 1,
            column: column.preprocessing.name)
    }
}

extension CategoryIndex {
    /// Nil for columns without categories.
    fileprivate init?(_ treatment: ColumnPreprocessing.Treatment) {
        switch treatment {
        case .oneHot(let categories, let missing), .embedded(let categories, let missing, _):
            self.init(categories, missing: missing)
        case .numeric, .vector:
            return nil
        }
    }
}
