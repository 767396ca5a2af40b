import Testing

@testable import ScrimCapture

@Suite struct PacingTests {
  static let millisecond: Int64 = 1_000_000

  private func pacing(_ framesPerSecond: Double = 10) -> Pacing { Pacing(framesPerSecond: framesPerSecond) }

  @Test func theFirstFrameIsDueAtOnce() {
    var pacing = pacing()
    pacing.asked(at: 5)
    #expect(pacing.due <= 5)
  }

  @Test func aQuickTakerGetsItsRate() {
    var pacing = pacing()
    pacing.captured(at: 0)
    pacing.asked(at: 10 * PacingTests.millisecond)
    #expect(pacing.due == 100 * PacingTests.millisecond)
  }

  @Test(arguments: [60, 100, 350] as [Int64])
  func aSlowTakerIsLeftAPauseAsLongAsItsWork(work: Int64) {
    var pacing = pacing()
    pacing.captured(at: 0)
    pacing.asked(at: work * PacingTests.millisecond)
    #expect(pacing.due == max(100, 2 * work) * PacingTests.millisecond)
  }

  @Test func aTakerThatStoodStillIsNotWaitedForAsLong() {
    var pacing = pacing()
    pacing.captured(at: 0)
    let hour = 3_600_000 * PacingTests.millisecond
    pacing.asked(at: hour)
    #expect(pacing.due == hour + Pacing.longestPause)
  }

  @Test func aChangeAfterAPauseIsGivenTimeToBeDrawn() {
    var pacing = pacing()
    pacing.captured(at: 0)
    pacing.asked(at: PacingTests.millisecond)
    pacing.changed(at: 5000 * PacingTests.millisecond)
    #expect(pacing.due == 5000 * PacingTests.millisecond + Pacing.settling)
    var fast = self.pacing(240)
    fast.captured(at: 0)
    fast.changed(at: 5000 * PacingTests.millisecond)
    #expect(fast.due - 5000 * PacingTests.millisecond == Int64(1e9 / 240))
  }
}
