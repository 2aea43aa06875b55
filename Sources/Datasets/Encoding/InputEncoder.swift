import Jobs

/// Writes the inputs of whole tables, one below the other, as a fitted preprocessing says.
enum InputEncoder {
    /// The columns each input needs, so that they can be loaded.
    static func uses(_ inputs: InputPreprocessing) -> Set<ColumnUse> {
        switch inputs {
        case .columns(let columns): Set(columns.map { ColumnUse(name: $0.name, role: $0.role) })
        case .images(let images): [ColumnUse(name: images.column, role: .array)]
        case .text(let text): [ColumnUse(name: text.column, role: .text)]
        }
    }

    static func encode(
        _ tables: [DataTable], _ inputs: InputPreprocessing, isWanted: @escaping () -> Bool = { true }
    ) throws(DatasetError) -> EncodedInputs {
        switch inputs {
        case .columns(let columns): .features(try features(tables, columns, isWanted))
        case .images(let images): .images(try Self.images(tables, images))
        case .text(let text): .tokens(try tokens(tables, text, isWanted))
        }
    }

    private static func features(
        _ tables: [DataTable], _ columns: [ColumnPreprocessing], _ isWanted: () -> Bool
    ) throws(DatasetError) -> FeatureMatrix {
        let rows = tables.reduce(0) { $0 + $1.rows }
        var matrix = try FeatureMatrix(preparedFor: columns, rows: rows)
        var writer = ColumnWriter(feature: 0, embedded: 0)
        for column in columns {
            try DatasetError.check(isWanted)
            var base = 0
            for table in tables {
                try writer.write(try table.column(column.name, as: column.role), column, at: base, into: &matrix)
                base += table.rows
            }
            writer.feature += column.features
            if column.embedding != nil { writer.embedded += 1 }
        }
        return matrix
    }

    private static func images(
        _ tables: [DataTable], _ images: ImagePreprocessing
    ) throws(DatasetError) -> ImageTensor {
        var (bytes, floats): ([[UInt8]], [[Float]]) = ([], [])
        for table in tables {
            guard case .array(let array) = try table.column(images.column, as: .array),
                ImageShape(array.shape) == images.shape
            else {
                throw DatasetError("expected images of \(images.shape)", column: images.column)
            }
            switch (array.values, images.storage) {
            case (.bytes(let values), .bytes): bytes.append(values)
            case (.floats(let values), .floats): floats.append(values)
            case (.bytes, .floats), (.floats, .bytes):
                throw DatasetError(
                    "expected pixels of type \(images.storage.rawValue), as the model was trained on",
                    column: images.column)
            }
        }
        let pixels: ImageTensor.Pixels =
            images.storage == .bytes ? .bytes(try stacked(bytes)) : .floats(try stacked(floats))
        return ImageTensor(
            rows: tables.reduce(0) { $0 + $1.rows }, shape: images.shape, pixels: pixels, preprocessing: images)
    }

    /// One below the other; a part that stands alone is not copied.
    private static func stacked<Value>(_ parts: [[Value]]) throws(DatasetError) -> [Value] {
        if parts.count == 1 { return parts[0] }
        let count = parts.reduce(0) { $0 + $1.count }
        try DatasetError.claim(count, of: Value.self)
        var values: [Value] = []
        values.reserveCapacity(count)
        for part in parts { values += part }
        return values
    }

    private static func tokens(
        _ tables: [DataTable], _ text: TextPreprocessing, _ isWanted: @escaping () -> Bool
    ) throws(DatasetError) -> TokenMatrix {
        let rows = tables.reduce(0) { $0 + $1.rows }
        var matrix = try TokenMatrix(preparedFor: text, rows: rows)
        let vocabulary = Vocabulary(text)
        var base = 0
        for table in tables {
            guard case .texts(let texts) = try table.column(text.column, as: .text) else {
                throw DatasetError("expected texts", column: text.column)
            }
            try texts.forEach(isWanted: isWanted) { index, text throws(DatasetError) in
                matrix.write(text, vocabulary, at: base + index)
            }
            base += table.rows
        }
        return matrix
    }
}

extension ColumnPreprocessing {
    /// What the column is loaded as.
    var role: ColumnRole {
        switch treatment {
        case .numeric: .number(missing: nil)
        case .oneHot, .embedded: .category(missing: nil)
        case .vector: .array
        }
    }
}

extension ImageShape: CustomStringConvertible {
    package var description: String {
        channels == 1 ? "[\(height), \(width)]" : "[\(height), \(width), \(channels)]"
    }
}

extension FeatureMatrix {
    /// Zeros of the right size.
    init(preparedFor columns: [ColumnPreprocessing], rows: Int) throws(DatasetError) {
        self.rows = rows
        features = columns.reduce(0) { $0 + $1.features }
        embeddings = columns.compactMap(\.embedding)
        try DatasetError.claim(rows * (features + embeddings.count), of: Float.self)
        values = [Float](repeating: 0, count: rows * features)
        indices = [Int32](repeating: 0, count: rows * embeddings.count)
    }
}

extension TokenMatrix {
    /// Padding of the right size.
    init(preparedFor text: TextPreprocessing, rows: Int) throws(DatasetError) {
        self.rows = rows
        tokensMax = text.options.tokensMax
        idCount = text.idCount
        try DatasetError.claim(rows * (tokensMax + 1), of: Int32.self)
        ids = [Int32](repeating: TextPreprocessing.padding, count: rows * tokensMax)
        lengths = [Int32](repeating: 0, count: rows)
    }

    mutating func write(_ text: String, _ vocabulary: Vocabulary, at row: Int) {
        let range = row * tokensMax..<(row + 1) * tokensMax
        let length = ids.withUnsafeMutableBufferPointer { ids in
            vocabulary.encode(text, into: UnsafeMutableBufferPointer(rebasing: ids[range]))
        }
        lengths[row] = Int32(length)
    }
}
