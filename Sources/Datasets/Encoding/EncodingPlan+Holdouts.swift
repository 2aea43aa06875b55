package import Jobs

extension EncodingPlan {
    /// Whether a validation or test data set can be read as the main one is: with the same columns of the same kinds.
    ///
    /// - Throws: every column that cannot.
    package func check(holdout other: DatasetSchema, pointer: String) throws(DatasetError) {
        var problems = ProblemList()
        for use in holdoutUses.sorted(by: { $0.name < $1.name }) where !problems.isFull {
            guard let detail = misfit(of: use, in: other) else { continue }
            problems.add(Problem(pointer: pointer, detail: detail, column: use.name))
        }
        if let error = DatasetError(problems: problems) { throw error }
    }

    private func misfit(of use: ColumnUse, in other: DatasetSchema) -> String? {
        guard let column = other.column(named: use.name) else { return "has no column \"\(use.name)\"" }
        let own = schema.column(named: use.name)
        switch use.role {
        case .number where column.type == .array || column.holdsTexts(of: other):
            return "\"\(use.name)\" holds numbers in the job's data set, and here it does not"
        case .array where column.type != .array || !isShaped(column, as: own):
            return "\"\(use.name)\" must hold arrays of shape \(own?.shape ?? []), as in the job's data set"
        case .array where isImages(use.name) && (column.storage == "u1") != (own?.storage == "u1"):
            return "\"\(use.name)\" must hold pixels of type \(own?.storage ?? "f4"), as in the job's data set"
        case .category where column.type == .array, .text where column.type == .array:
            return "\"\(use.name)\" has one value a row in the job's data set, and holds arrays here"
        case .text where other.format != .csv && column.type != .string && column.missing < other.rows:
            return "\"\(use.name)\" holds texts in the job's data set, and here it does not"
        case .number, .category, .text, .array: return nil
        }
    }

    /// Images with one channel and without are the same.
    private func isShaped(_ column: ColumnProfile, as own: ColumnProfile?) -> Bool {
        column.shape == own?.shape || isImages(column.name) && ImageShape(column.shape) == ImageShape(own?.shape ?? [])
    }

    private func isImages(_ name: String) -> Bool {
        if case .images(name, _) = inputs { true } else { false }
    }
}

extension ColumnProfile {
    /// Whether there surely is a text among the values of a column that is to hold numbers. In CSV a column of `nan`, blanks
    /// or digits beyond 64 bits counts as one of texts, and can be read as one of numbers; what was listed of it tells.
    fileprivate func holdsTexts(of schema: DatasetSchema) -> Bool {
        guard type == .string, missing < schema.rows else { return false }
        guard schema.format == .csv else { return true }
        return topValues.contains { listed in
            var text = listed.value
            return text.withUTF8 { NumberText($0) == .text }
        }
    }
}
