import Testing

@testable import Datasets

struct DataSplitTests {
    private func split(
        rows: Int, validation: Double, test: Double? = nil, seed: UInt64 = 0, strata: [Int32]? = nil
    ) -> DataSplit {
        var split = DataSplit(rows: rows)
        if let test { split.drawTest(.init(fraction: test, seed: seed, strata: strata), of: rows) }
        split.drawValidation(.init(fraction: validation, seed: seed, strata: strata), of: rows)
        return split
    }

    @Test(arguments: [2, 3, 5, 10, 97, 1000])
    func everyRowIsInExactlyOnePart(rows: Int) {
        let split = split(rows: rows, validation: 0.2, test: 0.1)
        #expect((split.training + split.validation + split.test).sorted() == (0..<Int32(rows)).map { $0 })
        #expect(!split.training.isEmpty)
        #expect(split.validation == split.validation.sorted())
        if rows >= 10 {
            #expect(split.validation.count == Int((0.2 * Double(rows)).rounded()))
            #expect(split.test.count == Int((0.1 * Double(rows)).rounded()))
        }
    }

    @Test func theSeedDecidesAndNothingElse() {
        #expect(split(rows: 100, validation: 0.2) == split(rows: 100, validation: 0.2))
        #expect(split(rows: 100, validation: 0.2).validation != split(rows: 100, validation: 0.2, seed: 1).validation)
    }

    @Test func theSplitIsTheSameOnEveryMachine() {
        // The first values of SplitMix64 from seed 1234567, as its authors' C prints them.
        var generator = SplitGenerator(seed: 1_234_567)
        #expect(generator.next() == 6_457_827_717_110_365_317)
        #expect(generator.next() == 3_203_168_211_198_807_973)
        #expect(split(rows: 20, validation: 0.25).validation == [1, 7, 9, 13, 18])
    }

    @Test func theTestRowsDoNotDependOnTheValidationPart() {
        let one = split(rows: 200, validation: 0.1, test: 0.2)
        let two = split(rows: 200, validation: 0.4, test: 0.2)
        #expect(one.test == two.test)
    }

    @Test func strataKeepTheirProportions() {
        let strata = (0..<100).map { Int32($0 < 80 ? 0 : $0 < 95 ? 1 : -1) }
        let validation = split(rows: 100, validation: 0.2, strata: strata).validation
        let counts = [0, 1, -1].map { stratum in validation.filter { strata[Int($0)] == stratum }.count }
        #expect(counts == [16, 3, 1])
    }

    @Test func sharesAddUpToTheWholeAndNeverExceedTheirGroup() {
        var generator = SplitGenerator(seed: 7)
        for _ in 0..<500 {
            let sizes = (0...generator.next(below: 12)).map { _ in generator.next(below: 9) }
            let total = sizes.reduce(0, +)
            let count = generator.next(below: total + 1)
            let shares = DataSplit.shares(of: count, sizes: sizes)
            #expect(shares.reduce(0, +) == count)
            #expect(zip(shares, sizes).allSatisfy { $0 <= $1 })
        }
    }

    @Test func boundedNumbersAreUniform() {
        var generator = SplitGenerator(seed: 1)
        var counts = [Int](repeating: 0, count: 7)
        for _ in 0..<70_000 { counts[generator.next(below: 7)] += 1 }
        #expect(counts.allSatisfy { abs($0 - 10_000) < 500 })
    }
}
