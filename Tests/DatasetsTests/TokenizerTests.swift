import Jobs
import Testing

@testable import Datasets

struct TokenizerTests {
    private func ngrams(_ text: String, _ spec: TextSpec = TextSpec(), limit: Int = 1000) -> [String] {
        Tokenizer(options: TextOptions(spec)).ngrams(of: text, limit: limit)
    }

    static let texts: [(String, [String])] = [
        ("How far is it?", ["how", "far", "is", "it", "?"]),
        ("don't 'quote' rock'n'roll 'tis", ["don't", "'", "quote", "'", "rock'n'roll", "'", "tis"]),
        ("it\u{2019}s", ["it's"]),
        ("ÄÖÜ straße Ünïcode", ["äöü", "straße", "ünïcode"]),
        ("天秤は balance", ["天", "秤", "は", "balance"]),
        ("3.5kg, 1,000", ["3", ".", "5kg", ",", "1", ",", "000"]),
        ("a👩‍👩‍👧b", ["a", "👩‍👩‍👧", "b"]),
        ("cafe\u{301}", ["café"]),
        (" \t\n ", []),
        ("", []),
    ]

    @Test(arguments: texts)
    func wordsAreCutWhereAReaderWouldCutThem(text: String, words: [String]) {
        #expect(ngrams(text) == words)
    }

    @Test func charactersKeepTheirCaseAndAreWhatAReaderSees() {
        let spec = TextSpec(tokens: .characters)
        #expect(ngrams("CC(=O)é👩‍👩‍👧", spec) == ["C", "C", "(", "=", "O", ")", "é", "👩‍👩‍👧"])
        #expect(ngrams("Ab", TextSpec(tokens: .characters, lowercase: true)) == ["a", "b"])
    }

    @Test func ngramsBeginAtEachTokenTheShortestFirst() {
        #expect(
            ngrams("a b c", TextSpec(ngrams: .init(min: 1, max: 3))) == ["a", "a b", "a b c", "b", "b c", "c"])
        #expect(
            ngrams("abcd", TextSpec(tokens: .characters, ngrams: .init(min: 2, max: 3))) == [
                "ab", "abc", "bc", "bcd", "cd",
            ])
        #expect(ngrams("a", TextSpec(ngrams: .init(min: 2, max: 2))).isEmpty)
    }

    @Test(arguments: [TextSpec.Tokens.words, .characters], [1, 2, 3])
    func theLimitGivesTheBeginningOfAllNgrams(tokens: TextSpec.Tokens, ngramsMax: Int) {
        let spec = TextSpec(tokens: tokens, ngrams: .init(min: 1, max: ngramsMax))
        let text = "one two, three four five six"
        let all = ngrams(text, spec)
        for limit in 0...all.count + 2 {
            #expect(ngrams(text, spec, limit: limit) == Array(all.prefix(limit)))
        }
    }

    @Test func theFastWayForASCIIFindsTheSameWords() {
        let tokenizer = Tokenizer(options: TextOptions(TextSpec()))
        let alphabet = Array("aB3' .,\t\n\r'\u{0}\u{1C}\u{7F}-_".unicodeScalars)
        var generator = SplitGenerator(seed: 5)
        for _ in 0..<3000 {
            var text = String.UnicodeScalarView()
            for _ in 0..<generator.next(below: 16) { text.append(alphabet[generator.next(below: alphabet.count)]) }
            let limit = generator.next(below: 4) == 0 ? generator.next(below: 6) : 100
            let words = tokenizer.words(of: String(text), limit: limit)
            #expect(
                tokenizer.asciiWords(of: String(text), limit: limit).map { $0.prefix(limit) } == words.prefix(limit),
                "\(String(text).debugDescription) up to \(limit)")
        }
        #expect(tokenizer.asciiWords(of: "é", limit: 9) == nil)
    }

    @Test func theVocabularyHasTheMostFrequentTokensOfTheTrainingRows() throws {
        func fit(_ spec: TextSpec) throws -> [String] {
            try Vocabulary.fit(options: TextOptions(spec)) { body throws(DatasetError) in
                for text in ["b b a c", "a b d"] { try body(text) }
            }
        }
        #expect(try fit(TextSpec()) == ["b", "a", "c", "d"])
        #expect(try fit(TextSpec(countMin: 2)) == ["b", "a"])
        #expect(try fit(TextSpec(vocabularyMax: 3)) == ["b"], "padding and unknown count")
        #expect(try fit(TextSpec(vocabularyMax: 1)).isEmpty)
    }

    /// Tokens that are too many to be counted with their letters give the same vocabulary.
    @Test(arguments: [1, 3, 10, 2_000, 100_000], [1, 2])
    func aVocabularyCountedByHashesIsTheSame(vocabularyMax: Int, countMin: Int) throws {
        // Some words are frequent, many occur once or twice.
        let texts = (0..<400).map { text in
            (0..<50).map { "w\((text * 37 % 61) * ($0 * 53 % 71))" }.joined(separator: " ")
        }
        let options = TextOptions(TextSpec(ngrams: .init(max: 2), vocabularyMax: vocabularyMax, countMin: countMin))
        func fit(spelledMax: Int) throws -> [String] {
            try Vocabulary.fit(options: options, spelledMax: spelledMax) { body throws(DatasetError) in
                for text in texts { try body(text) }
            }
        }
        let spelled = try fit(spelledMax: .max)
        #expect(spelled.count <= max(vocabularyMax - 2, 0))
        #expect(try fit(spelledMax: 10) == spelled)
    }
}
