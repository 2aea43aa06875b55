/// Texts that can be gone through more than once: each calls `body` with every text in order.
typealias TextPass = (_ body: (String) throws(DatasetError) -> Void) throws(DatasetError) -> Void

extension Vocabulary {
    /// Different tokens counted at once; beyond, the rarest are forgotten.
    private static let candidatesMax = 4 << 20
    /// Tokens that are counted with their letters. Where there are more, they are counted by their hashes, and those that
    /// made it are looked up in a second pass.
    static let spelledMax = 1 << 16

    /// Bytes that fitting takes at most, beside the vocabulary itself and the longest text.
    static let fittingBytesMax = TokenCounter.bytes(candidatesMax)

    /// The most frequent tokens of the training rows, ties in the order of their bytes.
    ///
    /// - Parameter spelledMax: for tests.
    static func fit(
        options: TextOptions, spelledMax: Int = spelledMax, _ texts: TextPass
    ) throws(DatasetError) -> [String] {
        let tokenizer = Tokenizer(options: options)
        let room = max(options.vocabularyMax - TextPreprocessing.reserved, 0)
        var spelled: [String: Int] = [:]
        var counter: TokenCounter?
        try texts { text throws(DatasetError) in
            for token in tokenizer.ngrams(of: text, limit: .max >> 1) {
                if counter != nil {
                    try counter?.add(token)
                } else {
                    spelled[token, default: 0] += 1
                }
            }
            if counter == nil, spelled.count > spelledMax {
                counter = TokenCounter()
                for (token, times) in spelled { try counter?.add(token, times: times) }
                spelled = [:]
            }
            if let counted = counter?.count, counted > candidatesMax { try forgetRarest(&counter) }
        }
        if let counter { spelled = try lookUp(counter, options, room: room, tokenizer, texts) }
        return
            spelled.filter { $0.value >= options.countMin }
            .sorted { $0.value != $1.value ? $0.value > $1.value : bytewise($0.key, $1.key) }
            .prefix(room).map(\.key)
    }

    private static func forgetRarest(_ counter: inout TokenCounter?) throws(DatasetError) {
        var threshold = 1
        while let count = counter?.count, count > candidatesMax / 2 {
            try counter?.forget(upTo: threshold)
            threshold *= 2
        }
    }

    /// The letters of those that are in the vocabulary, with their counts.
    private static func lookUp(
        _ counter: TokenCounter, _ options: TextOptions, room: Int, _ tokenizer: Tokenizer, _ texts: TextPass
    ) throws(DatasetError) -> [String: Int] {
        // Above `cutoff` all have their place; those that occur just so often share what is left.
        var (above, cutoff, tiedRoom) = (0, Int.max, 0)
        for (times, tokens) in counter.histogram.sorted(by: { $0.key > $1.key }) where times >= options.countMin {
            guard above < room else { break }
            (cutoff, tiedRoom) = (times, room - above)
            above += tokens
        }
        var found: [String: Int] = [:]
        var tied = SmallestTokens(room: tiedRoom)
        try texts { text throws(DatasetError) in
            for token in tokenizer.ngrams(of: text, limit: .max >> 1) {
                let times = counter.times(token)
                if times > cutoff { if found[token] == nil { found[token] = times } }
                if times == cutoff { tied.insert(token) }
            }
        }
        for token in tied.tokens { found[token] = cutoff }
        return found
    }
}

/// Different tokens, as many as there is room for: the first in the order of their bytes.
private struct SmallestTokens {
    private var held: Set<String> = []
    private var bound: String?
    private let room: Int

    init(room: Int) {
        self.room = room
    }

    mutating func insert(_ token: String) {
        if let bound, !bytewise(token, bound) { return }
        held.insert(token)
        if held.count >= room + max(room / 2, 4_096) { prune() }
    }

    var tokens: ArraySlice<String> { held.sorted(by: bytewise).prefix(room) }

    private mutating func prune() {
        let kept = tokens
        held = Set(kept)
        bound = kept.last ?? ""
    }
}
