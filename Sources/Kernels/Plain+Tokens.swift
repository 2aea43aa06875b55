extension Plain {
    /// y `[rows, width]`: the mean of the vectors of a row's tokens; 0 for an empty text.
    package static func embeddingMean(_ shape: TokenShape, _ text: TokenRows, table: Input, _ y: Output) {
        for row in 0..<shape.rows {
            let tokens = Int(text.lengths[row])
            for i in 0..<shape.width {
                var sum: Number = 0
                for token in 0..<tokens { sum += table[Int(text.ids[row * shape.length + token]) * shape.width + i] }
                y[row * shape.width + i] = tokens > 0 ? sum / Number(tokens) : 0
            }
        }
    }

    package static func addEmbeddingMeanGradient(_ shape: TokenShape, _ text: TokenRows, dy: Input, to dTable: Output) {
        for row in 0..<shape.rows {
            let tokens = Int(text.lengths[row])
            for token in 0..<tokens {
                let vector = dTable + Int(text.ids[row * shape.length + token]) * shape.width
                for i in 0..<shape.width { vector[i] += dy[row * shape.width + i] / Number(tokens) }
            }
        }
    }

    /// y[f] = max(0, largest of the windows' sums + bias[f]), and which window it was, the first of equals; without any
    /// window 0 and −1.
    package static func maxOverTime(
        windows: Int, filters: Int, _ sums: Input, bias: Input, _ y: Output, winners: UnsafeMutablePointer<Int32>
    ) {
        for f in 0..<filters {
            var winner = 0
            for window in 0..<windows where sums[window * filters + f] > sums[winner * filters + f] { winner = window }
            let sum = windows > 0 ? sums[winner * filters + f] + bias[f] : 0
            y[f] = sum < 0 ? 0 : sum
            winners[f] = windows > 0 ? Int32(winner) : -1
        }
    }
}
