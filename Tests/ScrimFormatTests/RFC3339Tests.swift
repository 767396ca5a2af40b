import ScrimTestSupport
import Testing

@testable import ScrimFormat

@Suite struct RFC3339Tests {
  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00Z"), (1_700_000_000_123_456_789, "2023-11-14T22:13:20.123456789Z"),
      (-1, "1969-12-31T23:59:59.999999999Z"), (951_782_400_000_000_000, "2000-02-29T00:00:00Z"),
      (1_500_000, "1970-01-01T00:00:00.001500Z"), (20_000_000, "1970-01-01T00:00:00.020Z"),
      (-2_203_891_200_000_000_000, "1900-03-01T00:00:00Z"),
    ] as [(Int64, String)])
  func spelling(nanoseconds: Int64, text: String) {
    #expect(RFC3339.string(nanoseconds) == text)
    #expect(RFC3339.nanoseconds(text) == nanoseconds)
  }

  @Test func otherSpellings() {
    let moment: Int64 = 1_700_000_000_500_000_000
    for text in [
      "2023-11-14T22:13:20.5Z", "2023-11-14t22:13:20.50z", "2023-11-14 22:13:20.500000000+00:00",
      "2023-11-15T03:43:20.5+05:30", "2023-11-14T14:13:20.5-08:00",
    ] {
      #expect(RFC3339.nanoseconds(text) == moment, "\(text)")
    }
    for text in [
      "", "2023-11-14", "2023-11-14T22:13:20", "2023-02-29T00:00:00Z", "2023-13-01T00:00:00Z",
      "2023-11-14T24:00:00Z", "2023-11-14T22:13:60Z", "2023-11-14T22:13:20.Z",
      "2023-11-14T22:13:20.0123456789Z",
      "2023-11-14T22:13:20Zx", "0001-01-01T00:00:00Z", "2023-11-14T22:13:20+0530", "+023-11-14T22:13:20Z",
    ] {
      #expect(RFC3339.nanoseconds(text) == nil, "\(text)")
    }
  }

  @Test func everyMomentReturns() {
    var generator = SeededGenerator(seed: 4)
    // 1678-01-01 to 2261-12-31.
    for _ in 0..<20_000 {
      let moment = Int64.random(in: -9_214_560_000_000_000_000...9_214_646_400_000_000_000, using: &generator)
      #expect(RFC3339.nanoseconds(RFC3339.string(moment)) == moment)
    }
  }
}
