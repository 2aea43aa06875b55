/// Writes one input column after the other into a feature matrix.
struct ColumnWriter {
    /// The column's first feature.
    var feature: Int
    /// The column's position among the embedded ones.
    var embedded: Int

    /// Writes a table's column into the rows from `base` on.
    func write(
        _ data: ColumnData, _ column: ColumnPreprocessing, at base: Int, into matrix: inout FeatureMatrix
    ) throws(DatasetError) {
        switch (column.treatment, data) {
        case (.numeric(let mean, let deviation, let indicator), .numbers(let numbers)):
            for (row, value) in numbers.enumerated() {
                let target = (base + row) * matrix.features + feature
                if !value.isNaN {
                    matrix.values[target] = try finite((value - mean) / deviation, row: row, column.name)
                } else if indicator {
                    matrix.values[target + 1] = 1
                }
            }
        case (.oneHot(let categories, let missing), .categories(let names)):
            let slots = CategoryIndex(categories, missing: missing).indices(of: names)
            for (row, code) in names.codes.enumerated() {
                let slot = slots[Int(code + 1)]
                if slot > 0 { matrix.values[(base + row) * matrix.features + feature + Int(slot) - 1] = 1 }
            }
        case (.embedded(let categories, let missing, _), .categories(let names)):
            let slots = CategoryIndex(categories, missing: missing).indices(of: names)
            for (row, code) in names.codes.enumerated() {
                matrix.indices[(base + row) * matrix.embeddings.count + embedded] = slots[Int(code + 1)]
            }
        case (.vector(let means, let deviations), .array(let array)) where array.rowCount == means.count:
            try write(array, column, means: means, deviations: deviations, at: base, into: &matrix)
        default:
            throw DatasetError("the column does not hold what the model was trained on", column: column.name)
        }
    }

    private func write(
        _ array: ArrayColumn, _ column: ColumnPreprocessing, means: [Double], deviations: [Double], at base: Int,
        into matrix: inout FeatureMatrix
    ) throws(DatasetError) {
        let width = means.count
        guard width > 0 else { return }
        for row in 0..<array.count / width {
            let target = (base + row) * matrix.features + feature
            for element in 0..<width {
                let value = array.value(at: row * width + element)
                if !value.isNaN {
                    let scaled = (value - means[element]) / deviations[element]
                    matrix.values[target + element] = try finite(scaled, row: row, column.name)
                }
            }
        }
    }
}

/// A standardised value in single precision; refused when it is beyond that.
func finite(_ value: Double, row: Int, _ column: String) throws(DatasetError) -> Float {
    let single = Float(value)
    guard single.isFinite else {
        throw DatasetError("the value lies beyond the range of single precision", row: row + 1, column: column)
    }
    return single
}

/// Categories by name: 0 for unknown, then the categories from 1, then the missing value if it has a place.
struct CategoryIndex {
    private let indices: [ExactText: Int32]
    private let missing: Int32

    init(_ categories: [String], missing: Bool) {
        var indices: [ExactText: Int32] = [:]
        indices.reserveCapacity(categories.count)
        for (index, name) in categories.enumerated() { indices[ExactText(name)] = Int32(index + 1) }
        self.indices = indices
        self.missing = missing ? Int32(categories.count + 1) : 0
    }

    /// The index of a category; nil stands for a missing value.
    func index(of name: String?) -> Int32 {
        guard let name else { return missing }
        return indices[ExactText(name)] ?? 0
    }

    /// The index for each code of a column plus one, so that the missing value's comes first.
    func indices(of column: CategoryColumn) -> [Int32] {
        [missing] + column.names.map(index(of:))
    }
}

extension ArrayColumn {
    /// Values of all rows.
    var count: Int {
        switch values {
        case .bytes(let bytes): bytes.count
        case .floats(let floats): floats.count
        }
    }
}
