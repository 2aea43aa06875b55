import Jobs

/// Rows of texts: a string, or an object with the text column as its one member.
final class TextRowEncoder: RowEncoder {
    private let column: String
    private let vocabulary: Vocabulary
    private var matrix: TokenMatrix

    init(_ preprocessing: TextPreprocessing, rows: Int) throws(DatasetError) {
        column = preprocessing.column
        vocabulary = Vocabulary(preprocessing)
        matrix = try TokenMatrix(preparedFor: preprocessing, rows: rows)
    }

    var encoded: EncodedInputs { .tokens(matrix) }

    func encode(_ row: JSONValue, at index: Int, pointer place: String, problems: inout ProblemList) {
        if let problem = write(row, at: index, place: place) { problems.add(problem) }
    }

    /// - Returns: what is wrong with the row.
    private func write(_ row: JSONValue, at index: Int, place: String) -> Problem? {
        var value = row
        var place = place
        if let members = row.members {
            if let other = members.first(where: { $0.name != column }) {
                return Problem(
                    pointer: pointer(place, other.name), detail: "no such input; expected \"\(column)\"",
                    row: index + 1, column: other.name)
            }
            place = pointer(place, column)
            guard let member = row[column] else {
                return Problem(
                    pointer: place, detail: "missing; write null where the text is unknown", row: index + 1,
                    column: column)
            }
            value = member
        }
        // As in training, a text that is missing is an empty one.
        guard let text = value == .null ? "" : value.text else {
            return Problem(
                pointer: place, detail: "expected a string or null, found \(value.kindInWords)", row: index + 1,
                column: column)
        }
        matrix.write(text, vocabulary, at: index)
        return nil
    }
}
