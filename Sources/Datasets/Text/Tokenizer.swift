import Jobs

/// Cuts a text into tokens and joins them to n-grams.
///
/// Words: letters, digits and marks that stand together, with an apostrophe between letters inside (`don't`); every
/// ideograph and kana is a token of its own, and so is every other visible character. Characters: what a reader takes for one
/// character (grapheme clusters, UAX #29).
struct Tokenizer: Sendable {
    let options: TextOptions

    /// The n-grams of `text`: from each token on, the shortest first. At most `limit` of them.
    func ngrams(of text: String, limit: Int) -> [String] {
        guard limit > 0 else { return [] }
        let tokens = tokens(of: options.lowercase ? text.lowercased() : text, limit: limit)
        guard options.ngramsMax > 1 else { return Array(tokens.prefix(limit)) }
        let separator = options.tokens == .words ? " " : ""
        var ngrams: [String] = []
        for start in tokens.indices {
            var ngram = ""
            for length in 1...options.ngramsMax where start + length <= tokens.count {
                if length > 1 { ngram += separator }
                ngram += tokens[start + length - 1]
                guard length >= options.ngramsMin else { continue }
                ngrams.append(ngram)
                if ngrams.count == limit { return ngrams }
            }
        }
        return ngrams
    }

    /// A prefix of the tokens is enough: no n-gram within the limit begins behind it.
    private func tokens(of text: String, limit: Int) -> [String] {
        let limit = limit.addingReportingOverflow(options.ngramsMax).partialValue
        switch options.tokens {
        case .characters: return text.prefix(max(limit, 0)).map(String.init)
        case .words: return asciiWords(of: text, limit: limit) ?? words(of: text, limit: limit)
        }
    }

    /// The words of any text: the plain version, which says what words are.
    func words(of text: String, limit: Int) -> [String] {
        var words: [String] = []
        var word = ""
        var index = text.startIndex
        func finish() {
            if !word.isEmpty { words.append(word) }
            word = ""
        }
        while index < text.endIndex, words.count < limit {
            let character = text[index]
            index = text.index(after: index)
            if Self.standsAlone(character) {
                finish()
                words.append(String(character))
            } else if character.isLetter || character.isNumber {
                word.append(character)
            } else if Self.isApostrophe(character), word.last?.isLetter == true, index < text.endIndex,
                text[index].isLetter
            {
                word.append("'")
            } else {
                finish()
                if !character.isWhitespace { words.append(String(character)) }
            }
        }
        finish()
        return words
    }

    private static func isApostrophe(_ character: Character) -> Bool {
        character == "'" || character == "\u{2019}"
    }

    /// Scripts that put no spaces between words: each sign is a token.
    private static func standsAlone(_ character: Character) -> Bool {
        guard let scalar = character.unicodeScalars.first, scalar.value >= 0x2E80 else { return false }
        return scalar.properties.isIdeographic || (0x3040...0x30FF).contains(scalar.value)
    }
}

extension Tokenizer {
    private enum ByteKind {
        case letter, digit, space, apostrophe, other

        init(_ byte: UInt8) {
            switch byte {
            case 0x41...0x5A, 0x61...0x7A: self = .letter
            case 0x30...0x39: self = .digit
            case 0x09...0x0D, 0x20: self = .space
            case 0x27: self = .apostrophe
            default: self = .other
            }
        }
    }

    /// The same words as `words(of:limit:)`, byte by byte, which is several times faster; nil for a text beyond ASCII.
    func asciiWords(of text: String, limit: Int) -> [String]? {
        var text = text
        return text.withUTF8 { bytes in
            guard bytes.allSatisfy({ $0 < 0x80 }) else { return nil }
            var words: [String] = []
            var start = 0
            func finish(at end: Int) {
                if end > start { words.append(String(decoding: bytes[start..<end], as: UTF8.self)) }
                start = end + 1
            }
            for (index, byte) in bytes.enumerated() {
                guard words.count < limit else { return words }
                switch ByteKind(byte) {
                case .letter, .digit: continue
                case .apostrophe where Self.joins(bytes, index, wordStart: start): continue
                case .space: finish(at: index)
                case .apostrophe, .other:
                    finish(at: index)
                    words.append(String(decoding: bytes[index...index], as: UTF8.self))
                }
            }
            finish(at: bytes.count)
            return words
        }
    }

    /// Whether the apostrophe at `index` stands between two letters of one word.
    private static func joins(_ bytes: UnsafeBufferPointer<UInt8>, _ index: Int, wordStart: Int) -> Bool {
        index > wordStart && index + 1 < bytes.count && ByteKind(bytes[index - 1]) == .letter
            && ByteKind(bytes[index + 1]) == .letter
    }
}
