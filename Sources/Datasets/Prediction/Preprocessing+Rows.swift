package import Jobs

extension Preprocessing {
    /// More problems than this are not listed.
    private static let problemsMax = 100

    /// Encodes the rows of a prediction: objects with a member per input column, or nested arrays for images.
    ///
    /// - Parameters:
    ///   - rows: An array with at least one row.
    ///   - pointer: Where `rows` stands in the request, `/rows`.
    /// - Throws: Every bad row with its number and pointer, up to a hundred problems.
    package func encode(
        rows: JSONValue, pointer base: String, limits: DatasetLimits
    ) throws(DatasetError) -> EncodedInputs {
        guard let rows = rows.elements, !rows.isEmpty else {
            throw DatasetError("expected an array with at least one row", pointer: base)
        }
        guard rows.count <= limits.predictionRowsMax else {
            throw DatasetError(
                "\(rows.count) rows; at most \(limits.predictionRowsMax) in one request", kind: .tooLarge, pointer: base
            )
        }
        let bytes = rows.count.multipliedReportingOverflow(by: inputs.rowBytes)
        guard !bytes.overflow, bytes.partialValue <= limits.predictionBytesMax else {
            throw DatasetError(
                "encoded, the rows would take more than \(limits.predictionBytesMax) bytes; send fewer at once",
                kind: .tooLarge, pointer: base)
        }
        let encoder = try inputs.makeRowEncoder(rows: rows.count)
        var problems: [Problem] = []
        for (index, row) in rows.enumerated() {
            problems += encoder.encode(row, at: index, pointer: pointer(base, index))
            if problems.count >= Self.problemsMax { break }
        }
        if let error = DatasetError(problems: Array(problems.prefix(Self.problemsMax))) { throw error }
        return encoder.encoded
    }

    /// Encodes the rows of a stored file, which needs the input columns only.
    package func encode(_ source: DatasetSource, limits: DatasetLimits) throws(DatasetError) -> EncodedInputs {
        let table = try DataTable.load(source, uses: InputEncoder.uses(inputs), limits: limits)
        return try InputEncoder.encode([table], inputs)
    }
}

/// Writes JSON rows into the matrices of a fitted preprocessing.
protocol RowEncoder: AnyObject {
    /// Writes one row; what is wrong with it, empty when nothing is.
    func encode(_ row: JSONValue, at index: Int, pointer: String) -> [Problem]

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
