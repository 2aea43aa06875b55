package import Jobs

extension Preprocessing {
    /// Encodes the rows of a prediction: objects with a member per input column, or nested arrays for images.
    ///
    /// - Parameters:
    ///   - rows: An array with at least one row.
    ///   - pointer: Where `rows` stands in the request, `/rows`.
    ///   - isWanted: asked before each row; where it is not, `.interrupted` is thrown.
    /// - Throws: Every bad row with its number and pointer, up to a hundred problems.
    package func encode(
        rows: JSONValue, pointer base: String, limits: DatasetLimits, isWanted: () -> Bool = { true }
    ) throws(DatasetError) -> EncodedInputs {
        guard let rows = rows.elements, !rows.isEmpty else {
            throw DatasetError("expected an array with at least one row", pointer: base)
        }
        guard rows.count <= limits.predictionRowsMax else {
            throw DatasetError(
                "\(rows.count) rows; at most \(limits.predictionRowsMax) in one request", kind: .tooLarge, pointer: base
            )
        }
        try check(rows: rows.count, pointer: base, limits: limits)
        let encoder = try inputs.makeRowEncoder(rows: rows.count)
        var problems = ProblemList()
        for (index, row) in rows.enumerated() where !problems.isFull {
            try DatasetError.check(isWanted)
            encoder.encode(row, at: index, pointer: pointer(base, index), problems: &problems)
        }
        if let error = DatasetError(problems: problems) { throw error }
        return encoder.encoded
    }

    /// Encodes the rows of a stored file, which needs the input columns only.
    package func encode(
        _ source: DatasetSource, limits: DatasetLimits, isWanted: @escaping () -> Bool = { true }
    ) throws(DatasetError) -> EncodedInputs {
        try check(rows: source.schema.rows, pointer: "", limits: limits)
        let table = try DataTable.load(source, uses: InputEncoder.uses(inputs), limits: limits, isWanted: isWanted)
        return try InputEncoder.encode([table], inputs, isWanted: isWanted)
    }

    /// Bytes that so many rows take encoded, at most; `Int.max` for more than can be counted.
    package func encodedBytes(rows: Int) -> Int {
        let bytes = rows.multipliedReportingOverflow(by: inputs.rowBytes)
        return bytes.overflow ? .max : bytes.partialValue
    }

    /// A few bytes of a request may stand for many of encoded rows.
    private func check(rows: Int, pointer: String, limits: DatasetLimits) throws(DatasetError) {
        guard encodedBytes(rows: rows) <= limits.predictionBytesMax else {
            throw DatasetError(
                "encoded, the rows would take more than \(limits.predictionBytesMax) bytes; send fewer at once",
                kind: .tooLarge, pointer: pointer)
        }
    }
}

/// Writes JSON rows into the matrices of a fitted preprocessing.
protocol RowEncoder: AnyObject {
    /// Writes one row, and notes what is wrong with it.
    func encode(_ row: JSONValue, at index: Int, pointer: String, problems: inout ProblemList)

    var encoded: EncodedInputs { get }
}

extension InputPreprocessing {
    /// Bytes that a row takes encoded, at most.
    fileprivate var rowBytes: Int {
        switch self {
        case .columns(let columns): columns.reduce(0) { $0 + $1.features + 1 } * 4
        case .images(let images): images.shape.count * 4
        case .text(let text): (text.options.tokensMax + 1) * 4
        }
    }

    fileprivate func makeRowEncoder(rows: Int) throws(DatasetError) -> any RowEncoder {
        switch self {
        case .columns(let columns): try ColumnRowEncoder(columns, rows: rows)
        case .images(let images): ImageRowEncoder(images, rows: rows)
        case .text(let text): try TextRowEncoder(text, rows: rows)
        }
    }
}
