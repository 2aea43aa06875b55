/// The file formats a data set can be uploaded in.
package enum DatasetFormat: String, Sendable, Hashable, CaseIterable {
    case csv
    case jsonLines = "jsonl"
    case npz

    /// The media type of an upload in this format.
    package var mediaType: String {
        switch self {
        case .csv: "text/csv"
        case .jsonLines: "application/x-ndjson"
        case .npz: "application/x-npz"
        }
    }
}

/// What the server knows of a data set after reading it once.
package struct DatasetSchema: Sendable, Hashable {
    package var format: DatasetFormat
    package var rows: Int
    package var columns: [ColumnProfile] {
        didSet { places = ColumnPlaces(columns) }
    }
    private var places: ColumnPlaces

    package init(format: DatasetFormat, rows: Int, columns: [ColumnProfile]) {
        self.format = format
        self.rows = rows
        self.columns = columns
        places = ColumnPlaces(columns)
    }

    package func column(named name: String) -> ColumnProfile? {
        guard let table = places.table else { return columns.first { $0.name == name } }
        return table[name].map { columns[$0] }
    }
}

/// Where each name stands, for schemas of many columns: a spec may ask for each of them, and more than once.
private struct ColumnPlaces: Sendable, Hashable {
    /// Few columns are compared one by one.
    private static let fewMax = 32

    /// Nil for few columns.
    let table: [String: Int]?

    init(_ columns: [ColumnProfile]) {
        guard columns.count > Self.fewMax else {
            table = nil
            return
        }
        table = Dictionary(zip(columns.map(\.name), columns.indices)) { first, _ in first }
    }

    // It is made from the columns, which are compared already.
    static func == (left: Self, right: Self) -> Bool { true }
    func hash(into hasher: inout Hasher) {}
}

/// One column: its type, and what a client needs to choose inputs and targets.
package struct ColumnProfile: Sendable, Hashable {
    package enum ValueType: String, Sendable, Hashable, CaseIterable {
        /// Whole numbers only.
        case integer
        /// Numbers, at least one of them with a fraction.
        case number
        /// JSON `true` and `false`.
        case boolean
        /// Anything else that is text: categories, sentences.
        case string
        /// An array per row (NPZ with more than one axis).
        case array
    }

    package var name: String
    package var type: ValueType
    /// How many rows have no value.
    package var missing: Int
    /// How many different values there are, counted up to `distinctMax`; nil for arrays.
    package var distinct: Int?
    /// Of numeric columns with at least one value.
    package var minimum: Double?
    package var maximum: Double?
    package var mean: Double?
    /// The most frequent values with their counts, most frequent first, at most `topValuesMax`.
    package var topValues: [ValueCount]
    /// The shape of one row's value for arrays, `[height, width]` or `[height, width, channels]`; empty for scalars.
    package var shape: [Int]
    /// The element type as stored: `u1`, `f4`, … for NPZ members, nil for text formats.
    package var storage: String?

    package struct ValueCount: Sendable, Hashable {
        package var value: String
        package var count: Int

        package init(value: String, count: Int) {
            self.value = value
            self.count = count
        }
    }

    package static let distinctMax = 10_000
    package static let topValuesMax = 20

    package init(
        name: String, type: ValueType, missing: Int, distinct: Int?, minimum: Double? = nil, maximum: Double? = nil,
        mean: Double? = nil, topValues: [ValueCount] = [], shape: [Int] = [], storage: String? = nil
    ) {
        self.name = name
        self.type = type
        self.missing = missing
        self.distinct = distinct
        self.minimum = minimum
        self.maximum = maximum
        self.mean = mean
        self.topValues = topValues
        self.shape = shape
        self.storage = storage
    }

    package var isNumeric: Bool { type == .integer || type == .number || type == .boolean }
}
