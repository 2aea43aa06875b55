import Jobs

extension TargetPlan.Column {
    /// The column in a table, which may be another data set's: an array must have the expected length there too.
    func data(in table: DataTable, pointer: String) throws(DatasetError) -> ColumnData {
        let data = try table.column(use.name, as: use.role)
        if case .array(let array) = data, array.rowCount != outputs {
            throw DatasetError(
                "arrays of shape \(array.shape), expected \(outputs) values per row", pointer: pointer,
                column: use.name)
        }
        return data
    }
}

/// Which columns a task's labels are read from, and as what.
struct TargetPlan: Sendable, Hashable {
    let target: EncodingRequest.Target
    /// In the spec, `/tasks/0`.
    let pointer: String
    /// One per column of the target.
    let columns: [Column]

    struct Column: Sendable, Hashable {
        var use: ColumnUse
        /// Outputs: 1, or the length of an array's one axis.
        var outputs: Int
        /// The whole number that stands for a missing label.
        var missing: Int?
        /// Whether it does so without the spec having said so.
        var missingByDefault: Bool
    }

    /// Outputs of all columns together.
    let outputs: Int
    var uses: [ColumnUse] { columns.map(\.use) }

    init(_ target: EncodingRequest.Target, schema: DatasetSchema, pointer: String) throws(DatasetError) {
        self.target = target
        self.pointer = pointer
        var columns: [Column] = []
        var outputs = 0
        for name in target.columns {
            guard let profile = schema.column(named: name) else {
                throw DatasetError("no column \"\(name)\" in the data set", pointer: pointer + "/target")
            }
            let column = try Self.column(profile, of: target, format: schema.format, pointer: pointer)
            let sum = outputs.addingReportingOverflow(column.outputs)
            guard !sum.overflow else { throw DatasetError("too many outputs", kind: .tooLarge, pointer: pointer) }
            outputs = sum.partialValue
            columns.append(column)
        }
        self.columns = columns
        self.outputs = outputs
        if target.kind == .classification || target.kind == .binary, columns.count != 1 {
            throw DatasetError("a \(target.kind.rawValue) task has one target column", pointer: pointer + "/targets")
        }
    }

    private static func column(
        _ profile: ColumnProfile, of target: EncodingRequest.Target, format: DatasetFormat, pointer: String
    ) throws(DatasetError) -> Column {
        let isRegression = target.kind == .regression
        let isStoredAsInteger = profile.storage.map { $0.hasPrefix("i") || $0.hasPrefix("u") } == true
        let byDefault = format == .npz && isStoredAsInteger && !isRegression
        let missing: Int?
        switch target.missingLabel {
        case .standard: missing = byDefault ? -1 : nil
        case .none: missing = nil
        case .value(let value): missing = value
        }
        if profile.type == .array {
            guard profile.shape.count == 1, target.kind == .multilabel || target.kind == .regression else {
                throw DatasetError(
                    "\"\(profile.name)\" holds arrays; only multilabel and regression tasks take arrays, of one axis",
                    pointer: pointer + "/target")
            }
            return Column(
                use: ColumnUse(name: profile.name, role: .array), outputs: profile.shape[0], missing: missing,
                missingByDefault: byDefault && target.missingLabel == .standard)
        }
        if isRegression, !profile.isNumeric {
            throw DatasetError(
                "a regression needs numbers; \"\(profile.name)\" holds text", pointer: pointer + "/target")
        }
        let role = isRegression ? ColumnRole.number(missing: missing) : .category(missing: missing)
        return Column(
            use: ColumnUse(name: profile.name, role: role), outputs: 1, missing: missing,
            missingByDefault: byDefault && target.missingLabel == .standard)
    }
}
