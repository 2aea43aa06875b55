import Jobs

/// Rows of images: nested arrays `[height][width]` or `[height][width][channels]`, bare or as the one member of an object.
final class ImageRowEncoder: RowEncoder {
    private let preprocessing: ImagePreprocessing
    private let rows: Int
    private var bytes: [UInt8] = []
    private var floats: [Float] = []

    init(_ preprocessing: ImagePreprocessing, rows: Int) {
        self.preprocessing = preprocessing
        self.rows = rows
    }

    var encoded: EncodedInputs {
        let pixels: ImageTensor.Pixels = preprocessing.storage == .bytes ? .bytes(bytes) : .floats(floats)
        return .images(
            ImageTensor(rows: rows, shape: preprocessing.shape, pixels: pixels, preprocessing: preprocessing))
    }

    func encode(_ row: JSONValue, at index: Int, pointer place: String, problems: inout ProblemList) {
        if let problem = write(row, at: index, place: place) { problems.add(problem) }
    }

    /// - Returns: what is wrong with the row.
    private func write(_ row: JSONValue, at index: Int, place: String) -> Problem? {
        var image = row
        var place = place
        if let members = row.members {
            guard members.count == 1, members[0].name == preprocessing.column else {
                return problem(
                    "expected an array, or an object with the one member \"\(preprocessing.column)\"", index, place)
            }
            image = members[0].value
            place = pointer(place, preprocessing.column)
        }
        return append(image, index: index, place: place)
    }

    private func append(_ image: JSONValue, index: Int, place: String) -> Problem? {
        let shape = preprocessing.shape
        guard let lines = image.elements, lines.count == shape.height else {
            return problem("expected an image of \(shape): \(shape.height) lines", index, place)
        }
        for (y, line) in lines.enumerated() {
            let linePlace = pointer(place, y)
            guard let pixels = line.elements, pixels.count == shape.width else {
                return problem("expected a line of \(shape.width) pixels", index, linePlace)
            }
            for (x, pixel) in pixels.enumerated() {
                let values = pixel.elements ?? [pixel]
                guard values.count == shape.channels else {
                    return problem("expected \(shape.channels) channels", index, pointer(linePlace, x))
                }
                for value in values where !append(value) {
                    return problem(
                        "expected \(wantedValue), found \(value.kindInWords)", index, pointer(linePlace, x))
                }
            }
        }
        return nil
    }

    private var wantedValue: String {
        preprocessing.storage == .bytes ? "a whole number from 0 to 255" : "a number"
    }

    /// Whether the value could be a pixel.
    private func append(_ value: JSONValue) -> Bool {
        switch preprocessing.storage {
        case .bytes:
            guard let byte = value.int.flatMap({ UInt8(exactly: $0) }) else { return false }
            bytes.append(byte)
        case .floats:
            guard let number = value.double, Float(number).isFinite else { return false }
            floats.append(Float(number))
        }
        return true
    }

    private func problem(_ detail: String, _ index: Int, _ place: String) -> Problem {
        Problem(pointer: place, detail: detail, row: index + 1, column: preprocessing.column)
    }
}
