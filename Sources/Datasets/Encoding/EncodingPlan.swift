package import Jobs

/// Which columns an encoding reads and what becomes of them, decided from the schema alone.
package struct EncodingPlan: Sendable, Hashable {
    /// What becomes of one input column.
    enum InputColumn: Sendable, Hashable {
        case numeric(String)
        case oneHot(String)
        /// `width` numbers for each category.
        case embedded(String, width: Int)
        /// An array of one axis: one feature per element.
        case vector(String, count: Int)
    }

    enum Inputs: Sendable, Hashable {
        case columns([InputColumn])
        /// Arrays of two or three axes.
        case images(String, shape: ImageShape)
        case text(String, TextOptions)
    }

    let request: EncodingRequest
    let schema: DatasetSchema
    let inputs: Inputs
    let targets: [TargetPlan]

    /// Throws every problem there is, pointing into the spec.
    package init(_ request: EncodingRequest, schema: DatasetSchema) throws(DatasetError) {
        self.request = request
        self.schema = schema
        var problems = ProblemList()
        var targets: [TargetPlan] = []
        for (index, target) in request.targets.enumerated() where !problems.isFull {
            do throws(DatasetError) {
                targets.append(try TargetPlan(target, schema: schema, pointer: "/tasks/\(index)"))
            } catch {
                problems.add(contentsOf: error.problems)
            }
        }
        var inputs = Inputs.columns([])
        do throws(DatasetError) {
            inputs = try Self.inputs(request, schema: schema)
        } catch {
            problems.add(contentsOf: error.problems)
        }
        problems.add(contentsOf: Self.stratificationProblems(request, schema: schema))
        if let error = DatasetError(problems: problems) { throw error }
        self.inputs = inputs
        self.targets = targets
    }

    private static func stratificationProblems(_ request: EncodingRequest, schema: DatasetSchema) -> [Problem] {
        var problems: [Problem] = []
        for (name, holdout) in [("validation", Optional(request.validation)), ("test", request.test)] {
            guard case .fraction(_, _, let column?) = holdout else { continue }
            if let profile = schema.column(named: column), profile.type != .array { continue }
            problems.append(
                Problem(
                    pointer: "/\(name)/stratify_by",
                    detail: "no column \"\(column)\" with one value per row in the data set", column: column))
        }
        return problems
    }

    /// Everything the encoding reads of the data set itself.
    var uses: Set<ColumnUse> {
        var uses = inputUses.union(targetUses)
        for case .fraction(_, _, let column?) in [request.validation, request.test].compactMap({ $0 }) {
            uses.insert(ColumnUse(name: column, role: .category(missing: nil)))
        }
        return uses
    }

    var targetUses: Set<ColumnUse> {
        Set(targets.flatMap(\.uses))
    }

    private var inputUses: Set<ColumnUse> {
        switch inputs {
        case .columns(let columns): Set(columns.map(\.use))
        case .images(let name, _): [ColumnUse(name: name, role: .array)]
        case .text(let name, _): [ColumnUse(name: name, role: .text)]
        }
    }

    /// What a validation or test data set is read for.
    var holdoutUses: Set<ColumnUse> { inputUses.union(targetUses) }
}

extension EncodingPlan.InputColumn {
    var use: ColumnUse {
        switch self {
        case .numeric(let name): ColumnUse(name: name, role: .number(missing: nil))
        case .oneHot(let name), .embedded(let name, _): ColumnUse(name: name, role: .category(missing: nil))
        case .vector(let name, _): ColumnUse(name: name, role: .array)
        }
    }
}

/// Height, width and channels of one image.
package struct ImageShape: Sendable, Hashable {
    package var height: Int
    package var width: Int
    package var channels: Int

    /// Values of one image.
    package var count: Int { height * width * channels }

    /// Of a row's shape `[height, width]` or `[height, width, channels]`; nil for any other.
    package init?(_ shape: [Int]) {
        guard shape.count == 2 || shape.count == 3, shape.allSatisfy({ $0 > 0 }) else { return nil }
        height = shape[0]
        width = shape[1]
        channels = shape.count == 3 ? shape[2] : 1
    }
}

extension EncodingPlan {
    private static let columnsPointer = "/inputs/columns"

    private static func inputs(_ request: EncodingRequest, schema: DatasetSchema) throws(DatasetError) -> Inputs {
        let columns = try inputColumns(request, schema: schema)
        switch request.encoder {
        case .dense: return try dense(columns, request)
        case .images: return try images(columns)
        case .text(let options): return try text(columns, options: options, schema: schema)
        }
    }

    /// The named columns; by default `x` of an NPZ file, otherwise every column that is no target.
    private static func inputColumns(
        _ request: EncodingRequest, schema: DatasetSchema
    ) throws(DatasetError) -> [ColumnProfile] {
        guard let names = request.inputColumns else {
            if schema.format == .npz {
                guard let inputs = schema.column(named: "x") else {
                    throw DatasetError("the data set has no array 'x'; name the inputs", pointer: columnsPointer)
                }
                return [inputs]
            }
            let targets = Set(request.targets.flatMap(\.columns))
            let columns = schema.columns.filter { !targets.contains($0.name) }
            guard !columns.isEmpty else {
                throw DatasetError("every column is a target, so no input is left", pointer: columnsPointer)
            }
            return columns
        }
        var columns: [ColumnProfile] = []
        for (index, name) in names.enumerated() {
            guard let column = schema.column(named: name) else {
                throw DatasetError("no column \"\(name)\" in the data set", pointer: "\(columnsPointer)/\(index)")
            }
            columns.append(column)
        }
        return columns
    }

    private static func dense(
        _ columns: [ColumnProfile], _ request: EncodingRequest
    ) throws(DatasetError) -> Inputs {
        if columns.count == 1, let shape = ImageShape(columns[0].shape) {
            return .images(columns[0].name, shape: shape)
        }
        var planned: [InputColumn] = []
        for column in columns {
            switch column.type {
            case .integer, .number, .boolean, .string:
                planned.append(try scalar(column, request))
            case .array:
                guard column.shape.count == 1 else {
                    throw DatasetError(
                        "the column \"\(column.name)\" holds images; images must be the only input",
                        pointer: columnsPointer, column: column.name)
                }
                planned.append(.vector(column.name, count: column.shape[0]))
            }
        }
        return .columns(planned)
    }

    /// Numbers as they are, texts as categories: one-hot where they are few, embedded where they are many. What the
    /// request says of a column goes first.
    private static func scalar(
        _ column: ColumnProfile, _ request: EncodingRequest
    ) throws(DatasetError) -> InputColumn {
        let wanted = request.encodings[column.name]
        guard wanted?.kind ?? (column.isNumeric ? .numeric : .oneHot) != .numeric else { return .numeric(column.name) }
        guard let distinct = column.distinct, distinct < ColumnProfile.distinctMax else {
            throw DatasetError(
                "the column \"\(column.name)\" has too many different values for categories (at most "
                    + "\(ColumnProfile.distinctMax - 1)); leave it out"
                    + (column.isNumeric ? "" : ", or use the encoder \"text\""),
                pointer: columnsPointer, column: column.name)
        }
        switch wanted?.kind ?? (distinct <= request.oneHotMax ? .oneHot : .embedded) {
        case .numeric, .oneHot: return .oneHot(column.name)
        case .embedded:
            let width = wanted?.width ?? ColumnEncoding.widthStandard(categories: distinct)
            return .embedded(column.name, width: width)
        }
    }

    private static func images(_ columns: [ColumnProfile]) throws(DatasetError) -> Inputs {
        guard columns.count == 1, let shape = ImageShape(columns[0].shape) else {
            throw DatasetError(
                "the encoder needs one input column of images, arrays [height, width] or [height, width, channels]",
                pointer: columnsPointer)
        }
        return .images(columns[0].name, shape: shape)
    }

    private static func text(
        _ columns: [ColumnProfile], options: TextOptions, schema: DatasetSchema
    ) throws(DatasetError) -> Inputs {
        let candidates: [ColumnProfile]
        if let name = options.column {
            guard let column = schema.column(named: name), column.type == .string else {
                throw DatasetError("no text column \"\(name)\" in the data set", pointer: "/model/encoder/column")
            }
            candidates = [column]
        } else {
            candidates = columns.filter { $0.type == .string }
        }
        guard candidates.count == 1 else {
            throw DatasetError(
                "the encoder needs one text column and \(candidates.count) could be meant; name it",
                pointer: "/model/encoder/column")
        }
        return .text(candidates[0].name, options)
    }
}
