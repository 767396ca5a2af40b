import Testing

@testable import ScrimCapture

/// A key is recorded only where neither the boxes at its time nor those read behind it hide keys.
@Suite struct HeldKeysTests {
  private static let second: Int64 = 1_000_000_000

  @Test(arguments: [(true, true), (true, false), (false, true), (false, false)])
  func bothReadingsDecide(before: Bool, after: Bool) {
    var keys = HeldKeys()
    let isHeld = keys.hold(10, admits: before)
    #expect(isHeld)
    // A reading that began before the key says nothing of the focus at its time.
    let early = keys.released(by: 10, admits: true)
    let late = keys.released(by: 11, admits: after)
    let none = keys.released(by: 12, admits: true)
    #expect(early.isEmpty && late == (before && after ? [10] : []) && none.isEmpty)
  }

  /// A second in which one key is hidden has no other: the last keys of a password and the first of what follows.
  @Test func aSecondHasOneKeyAndHidesAsAWhole() {
    var keys = HeldKeys()
    let held = [(0, true), (5, false), (9, true)].map { keys.hold($0.0, admits: $0.1) }
    #expect(held == [true, false, false])
    let next = keys.hold(HeldKeysTests.second, admits: true)
    #expect(next)
    let released = keys.released(by: 3 * HeldKeysTests.second, admits: true)
    #expect(released == [HeldKeysTests.second])
  }

  @Test func noMoreAreHeldThanAreLookedAt() {
    var keys = HeldKeys()
    for number in 0..<200 { _ = keys.hold(Int64(number) * HeldKeysTests.second, admits: true) }
    let released = keys.released(by: .max, admits: true)
    #expect(released.count == 64 && released.last == 199 * HeldKeysTests.second)
  }
}
