import Testing

@testable import ScrimSystem

@Suite struct FrameRateLimiterTests {
  static let ms: Int64 = 1_000_000

  private func limiter(_ framesPerSecond: Double = 10, longest: Int64 = 1000 * ms) -> FrameRateLimiter {
    FrameRateLimiter(framesPerSecond: framesPerSecond, busyShare: 0.5, longestInterval: longest)
  }

  @Test func theFirstFrameIsDueAtOnce() {
    #expect(limiter().due == .min)
  }

  @Test func quickWorkKeepsTheRate() {
    var limiter = limiter()
    limiter.note(from: 0, to: 10 * Self.ms)
    #expect(limiter.due == 100 * Self.ms)
  }

  @Test(arguments: [60, 100, 350] as [Int64])
  func slowWorkTakesItsShareOfTheTime(work: Int64) {
    var limiter = limiter()
    for step in 0..<40 as Range<Int64> {
      let begin = step * 10_000 * Self.ms
      limiter.note(from: begin, to: begin + work * Self.ms)
    }
    let expected = 390_000 * Self.ms + max(100, 2 * work) * Self.ms
    #expect(abs(limiter.due - expected) < Self.ms)
  }

  @Test func aFrameIsDueHoweverSlowTheMachine() {
    var limiter = limiter()
    for _ in 0..<40 { limiter.note(from: 0, to: 9_000 * Self.ms) }
    #expect(limiter.due == 1000 * Self.ms)
  }

  /// A process that was suspended for an hour continues at once, and is back at its rate after a few
  /// frames.
  @Test func aStoppedProcessIsForgotten() {
    var limiter = limiter()
    let hour = 3_600_000 * Self.ms
    limiter.note(from: 0, to: hour)
    #expect(limiter.due <= hour)
    for step in 0..<12 as Range<Int64> {
      let begin = hour + step * 1000 * Self.ms
      limiter.note(from: begin, to: begin + Self.ms)
    }
    #expect(limiter.due == hour + 11_100 * Self.ms)
  }

  @Test func aHoldDelaysTheNextFrameAndNeverAdvancesIt() {
    var limiter = limiter()
    limiter.note(from: 0, to: Self.ms)
    limiter.hold(until: 5000 * Self.ms)
    #expect(limiter.due == 5000 * Self.ms)
    limiter.hold(until: 1)
    #expect(limiter.due == 5000 * Self.ms)
  }
}
