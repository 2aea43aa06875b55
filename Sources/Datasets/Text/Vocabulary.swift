import Jobs

/// The tokens that a text encoder knows, numbered as `TextPreprocessing` says.
struct Vocabulary {
    private let tokenizer: Tokenizer
    private let ids: [String: Int32]
    private let tokensMax: Int

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

    /// Writes the ids of `text` to `target`, which holds `tokensMax` zeros; the count of tokens written.
    func encode(_ text: String, into target: UnsafeMutableBufferPointer<Int32>) -> Int {
        let tokens = tokenizer.ngrams(of: text, limit: tokensMax)
        for (index, token) in tokens.enumerated() {
            target[index] = ids[token] ?? TextPreprocessing.unknown
        }
        return tokens.count
    }
}
