/// Texts of up to `length` tokens, each with a vector of `width` numbers.
package struct TokenShape: Sendable, Hashable {
    package var rows: Int
    package var length: Int
    package var width: Int

    package init(rows: Int, length: Int, width: Int) {
        self.rows = rows
        self.length = length
        self.width = width
    }
}

/// The tokens of some texts, in memory that others own.
package struct TokenRows {
    /// `[rows, length]`, each a row of the table of embeddings.
    package var ids: UnsafePointer<Int32>
    /// `[rows]`, none above the length; what stands behind is padding and not read.
    package var lengths: UnsafePointer<Int32>

    package init(ids: UnsafePointer<Int32>, lengths: UnsafePointer<Int32>) {
        self.ids = ids
        self.lengths = lengths
    }
}

extension Real {
    package static func embeddingMean(_ shape: TokenShape, _ text: TokenRows, table: Input, _ y: Output) {
        Plain.embeddingMean(shape, text, table: table, y)
    }

    package static func addEmbeddingMeanGradient(_ shape: TokenShape, _ text: TokenRows, dy: Input, to dTable: Output) {
        Plain.addEmbeddingMeanGradient(shape, text, dy: dy, to: dTable)
    }

    package static func maxOverTime(
        windows: Int, filters: Int, _ sums: Input, bias: Input, _ y: Output, winners: UnsafeMutablePointer<Int32>
    ) {
        Plain.maxOverTime(windows: windows, filters: filters, sums, bias: bias, y, winners: winners)
    }
}
