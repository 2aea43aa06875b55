import Jobs

/// The tokens that a text encoder knows, numbered as `TextPreprocessing` says.
struct Vocabulary {
    private let tokenizer: Tokenizer
    private let ids: [String: Int32]
    private let tokensMax: Int

    /// Different tokens counted at once; beyond, the rarest are forgotten.
    private static let candidatesMax = 4 << 20
    /// About what one takes: a place in the table and its letters.
    private static let bytesPerCandidate = 64

    init(_ preprocessing: TextPreprocessing) {
        tokenizer = Tokenizer(options: preprocessing.options)
        tokensMax = preprocessing.options.tokensMax
        var ids: [String: Int32] = [:]
        ids.reserveCapacity(preprocessing.vocabulary.count)
        for (index, token) in preprocessing.vocabulary.enumerated() {
            ids[token] = Int32(index + TextPreprocessing.reserved)
        }
        self.ids = ids
    }

    /// The most frequent tokens of the training rows, ties in the order of their bytes.
    static func fit(
        _ texts: TextColumn, training: [Int32], options: TextOptions, isWanted: () -> Bool = { true }
    ) throws(DatasetError) -> [String] {
        let tokenizer = Tokenizer(options: options)
        var counts: [String: Int] = [:]
        var claimed = 4_096
        for row in training {
            try DatasetError.check(isWanted)
            for token in tokenizer.ngrams(of: texts[Int(row)], limit: .max >> 1) { counts[token, default: 0] += 1 }
            if counts.count > candidatesMax { forgetRarest(&counts) }
            guard counts.count > claimed else { continue }
            claimed = 2 * counts.count
            // A table that grows stands twice in memory for a moment.
            try DatasetError.claim(2 * claimed * bytesPerCandidate, of: UInt8.self)
        }
        let room = max(options.vocabularyMax - TextPreprocessing.reserved, 0)
        return
            counts.filter { $0.value >= options.countMin }
            .sorted { $0.value != $1.value ? $0.value > $1.value : bytewise($0.key, $1.key) }
            .prefix(room).map(\.key)
    }

    private static func forgetRarest(_ counts: inout [String: Int]) {
        var threshold = 1
        while counts.count > candidatesMax / 2 {
            counts = counts.filter { $0.value > threshold }
            threshold *= 2
        }
    }

    /// Writes the ids of `text` to `target`, which holds `tokensMax` zeros; the count of tokens written.
    func encode(_ text: String, into target: UnsafeMutableBufferPointer<Int32>) -> Int {
        let tokens = tokenizer.ngrams(of: text, limit: tokensMax)
        for (index, token) in tokens.enumerated() {
            target[index] = ids[token] ?? TextPreprocessing.unknown
        }
        return tokens.count
    }
}
