import Jobs
import Testing

struct TimestampTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_769_850_300_250, "2026-01-31T09:05:00.250Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        ] as [(Int64, String)])
    func aMomentIsWrittenAsRFC3339AndReadBack(milliseconds: Int64, text: String) {
        #expect(Timestamp(milliseconds: milliseconds).description == text)
        #expect(Timestamp(rfc3339: text)?.milliseconds == milliseconds)
    }

    @Test(
        arguments: [
            (.min, "-292275055-05-16T16:47:04.192Z"),
            (.max, "292278994-08-17T07:12:55.807Z"),
            (253_402_300_800_000, "10000-01-01T00:00:00.000Z"),
            (-62_167_219_200_001, "-0001-12-31T23:59:59.999Z"),
        ] as [(Int64, String)])
    func aMomentBeyondTheYearsOfRFC3339IsWrittenWhole(milliseconds: Int64, text: String) {
        #expect(Timestamp(milliseconds: milliseconds).description == text)
    }

    @Test(arguments: [
        ("2026-01-31T10:05:00+01:00", "2026-01-31T09:05:00.000Z"),
        ("2026-01-31t09:05:00.1239z", "2026-01-31T09:05:00.123Z"),
        ("2025-12-31T23:30:00-01:30", "2026-01-01T01:00:00.000Z"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.000Z"),
    ])
    func offsetsFractionsAndLeapSecondsAreUnderstood(text: String, expected: String) {
        #expect(Timestamp(rfc3339: text)?.description == expected)
    }

    @Test(arguments: [
        "", "2026-01-31", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-31T24:00:00Z",
        "2026-01-31T09:05:00", "2026-01-31T09:05:00.Z", "2026-01-31T09:05:00Zx", "2026-01-31 09:05:00Z",
        "2026-01-31T09:05:00+0100", "２０２６-01-31T09:05:00Z",
    ])
    func whatIsNoDateTimeIsRefused(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }
}
