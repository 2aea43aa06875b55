/// Fits the preprocessing of inputs on the training rows of the main data set.
enum InputFit {
    static func fit(
        _ plan: EncodingPlan, table: DataTable, training: [Int32], isWanted: @escaping () -> Bool
    ) throws(DatasetError) -> InputPreprocessing {
        switch plan.inputs {
        case .columns(let columns):
            var fitted: [ColumnPreprocessing] = []
            for column in columns {
                try DatasetError.check(isWanted)
                let treatment = try treatment(of: column, table: table, training: training)
                fitted.append(ColumnPreprocessing(name: column.use.name, treatment: treatment))
            }
            return .columns(fitted)
        case .images(let name, let shape):
            guard case .array(let array) = try table.column(name, as: .array) else { throw notAnArray(name) }
            return .images(try image(array, name: name, shape: shape, training: training, isWanted: isWanted))
        case .text(let name, let options):
            guard case .texts(let texts) = try table.column(name, as: .text) else {
                throw DatasetError("expected texts", column: name)
            }
            let vocabulary = try Vocabulary.fit(options: options) { body throws(DatasetError) in
                var next = 0
                try texts.forEach(isWanted: isWanted) { row, text throws(DatasetError) in
                    guard next < training.count, training[next] == Int32(clamping: row) else { return }
                    next += 1
                    try body(text)
                }
            }
            return .text(TextPreprocessing(column: name, options: options, vocabulary: vocabulary))
        }
    }

    static func notAnArray(_ name: String) -> DatasetError {
        DatasetError("expected an array per row", column: name)
    }

    private static func treatment(
        of column: EncodingPlan.InputColumn, table: DataTable, training: [Int32]
    ) throws(DatasetError) -> ColumnPreprocessing.Treatment {
        switch try table.column(column.use.name, as: column.use.role) {
        case .numbers(let numbers):
            let fit = NumericFit(rows: training) { numbers[$0] }
            return .numeric(mean: fit.mean, deviation: fit.deviation, indicator: fit.missing > 0)
        case .categories(let categories):
            return category(categories, as: column, training: training)
        case .array(let array):
            return vector(array, training: training)
        case .texts:
            throw DatasetError("expected numbers or categories", column: column.use.name)
        }
    }

    private static func category(
        _ column: CategoryColumn, as planned: EncodingPlan.InputColumn, training: [Int32]
    ) -> ColumnPreprocessing.Treatment {
        var isPresent = [Bool](repeating: false, count: column.names.count)
        var isMissing = false
        for row in training {
            let code = column.codes[Int(row)]
            if code >= 0 { isPresent[Int(code)] = true } else { isMissing = true }
        }
        let categories = column.names.indices.filter { isPresent[$0] }.map { column.names[$0] }.sorted(by: bytewise)
        guard case .embedded(_, let width) = planned else {
            return .oneHot(categories: categories, missing: isMissing)
        }
        return .embedded(categories: categories, missing: isMissing, width: width)
    }

    private static func vector(_ array: ArrayColumn, training: [Int32]) -> ColumnPreprocessing.Treatment {
        let width = array.rowCount
        let fits = (0..<width).map { element in
            NumericFit(rows: training) { array.value(at: $0 * width + element) }
        }
        return .vector(means: fits.map(\.mean), deviations: fits.map(\.deviation))
    }

    private static func image(
        _ array: ArrayColumn, name: String, shape: ImageShape, training: [Int32], isWanted: () -> Bool
    ) throws(DatasetError) -> ImagePreprocessing {
        let scale: Double
        let storage: ImagePreprocessing.Storage
        switch array.values {
        case .bytes: (scale, storage) = (1 / 255, .bytes)
        case .floats: (scale, storage) = (1, .floats)
        }
        var fits: [ChannelFit] = []
        for channel in 0..<shape.channels {
            fits.append(
                try ChannelFit(array, channel: channel, shape: shape, rows: training, isWanted: isWanted))
        }
        return ImagePreprocessing(
            column: name, shape: shape, storage: storage, scale: scale, means: fits.map { $0.mean * scale },
            deviations: fits.map { fit in fit.deviation.map { $0 * scale } ?? 1 })
    }
}

/// Mean and deviation of one channel's raw values over the training images.
private struct ChannelFit {
    var mean = 0.0
    /// Nil when all values are the same.
    var deviation: Double?

    init(
        _ array: ArrayColumn, channel: Int, shape: ImageShape, rows: [Int32], isWanted: () -> Bool
    ) throws(DatasetError) {
        let area = shape.height * shape.width
        var sum = 0.0
        var squares = 0.0
        var shift: Double?
        for row in rows {
            try DatasetError.check(isWanted)
            let base = Int(row) * shape.count + channel
            for pixel in 0..<area {
                let value = array.value(at: base + pixel * shape.channels)
                // Sums of differences to the first value keep their digits when all values lie far from zero.
                let difference = value - (shift ?? value)
                if shift == nil { shift = value }
                sum += difference
                squares += difference * difference
            }
        }
        let count = Double(rows.count) * Double(area)
        guard count > 0, let shift else { return }
        let meanDifference = sum / count
        mean = shift + meanDifference
        let spread = max(squares / count - meanDifference * meanDifference, 0).squareRoot()
        if spread > abs(mean) * 1e-12 { deviation = spread }
    }
}

extension ArrayColumn {
    /// Values of one row.
    var rowCount: Int { shape.reduce(1, *) }

    func value(at index: Int) -> Double {
        switch values {
        case .bytes(let bytes): Double(bytes[index])
        case .floats(let floats): Double(floats[index])
        }
    }
}

/// The order of names everywhere: by their bytes, so that it depends on no locale.
func bytewise(_ first: String, _ second: String) -> Bool {
    first.utf8.lexicographicallyPrecedes(second.utf8)
}
