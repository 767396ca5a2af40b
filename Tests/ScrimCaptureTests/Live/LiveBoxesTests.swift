import Testing

@testable import ScrimCapture
@testable import ScrimRedact

@Suite struct LiveBoxesTests {
  static let settleDelay = MaskPolicy().settleDelay
  static let second: Int64 = 1_000_000_000
  static let origin = LivePoint(x: 0, y: 0)
  let trees = FakeTrees()

  /// Its masks are painted with the first frame; the frame that it clears comes a settle delay after its
  /// end.
  @Test func aSnapshotIsDeliveredAtOnceAndAgainWhenItMayClear() throws {
    var boxes = LiveBoxes(settleDelay: LiveBoxesTests.settleDelay)
    let landing = 20 + LiveBoxesTests.settleDelay
    try trees.report("a", begin: 10, end: 20)
    boxes.update(with: trees.latest())
    #expect(boxes.hasNews(at: 15))
    #expect(!boxes.isClearing(at: landing - 1) && boxes.isClearing(at: landing))
    let early = boxes.boxes(at: 15, origin: LiveBoxesTests.origin, isUnchanged: false)
    #expect(early.span == 10...20)
    #expect(!boxes.hasNews(at: landing - 1) && boxes.hasNews(at: landing))
    #expect(!boxes.isClearing(at: landing - 1) && boxes.isClearing(at: landing))
    let late = boxes.boxes(at: landing, origin: LiveBoxesTests.origin, isUnchanged: true)
    #expect(late.span == 10...20 && late.version == early.version)
    #expect(!boxes.hasNews(at: landing) && !boxes.isClearing(at: landing))
  }

  /// A snapshot that is followed by a newer one before it may clear tiles clears them nevertheless.
  @Test func snapshotsClearOneAfterTheOther() throws {
    var boxes = LiveBoxes(settleDelay: LiveBoxesTests.settleDelay)
    let delay = LiveBoxesTests.settleDelay
    for (index, name) in ["a", "b"].enumerated() {
      try trees.report(name, begin: Int64(index) * 100, end: Int64(index) * 100 + 50)
      boxes.update(with: trees.latest())
      _ = boxes.boxes(at: Int64(index) * 100 + 60, origin: LiveBoxesTests.origin, isUnchanged: true)
    }
    for end in [Int64(50), 150] {
      #expect(!boxes.hasNews(at: end + delay - 1) && boxes.hasNews(at: end + delay))
      _ = boxes.boxes(at: end + delay, origin: LiveBoxesTests.origin, isUnchanged: true)
    }
    #expect(!boxes.isClearing(at: .max))
  }

  @Test func equalTreesKeepTheirVersion() throws {
    var boxes = LiveBoxes(settleDelay: LiveBoxesTests.settleDelay)
    func current(_ name: String, at moment: Int64) throws -> LiveBoxes.CurrentBoxes {
      try trees.report(name, begin: moment - 10, end: moment - 5)
      boxes.update(with: trees.latest())
      return boxes.boxes(at: moment, origin: LiveBoxesTests.origin, isUnchanged: false)
    }
    let first = try current("a", at: 20)
    let second = try current("a", at: 40)
    let third = try current("b", at: 60)
    #expect(first.version == second.version && second.span == 30...35)
    #expect(third.version != second.version)
    #expect(try third.tree.get().widgets.map(\.id) == ["b"])
  }

  @Test func anUnchangedScreenGetsNoNewSnapshots() throws {
    var boxes = LiveBoxes(settleDelay: LiveBoxesTests.settleDelay)
    let start = 100 * LiveBoxesTests.second
    /// Whether snapshot number `index` is news.
    func reading(_ index: Int64, _ name: String = "a") throws -> Bool {
      let begin = start + index * LiveBoxesTests.second * 3 / 2
      try trees.report(name, begin: begin, end: begin + 10)
      boxes.update(with: trees.latest())
      guard boxes.hasNews(at: begin + 20) else { return false }
      _ = boxes.boxes(at: begin + 20, origin: LiveBoxesTests.origin, isUnchanged: index > 0)
      let landing = begin + 10 + LiveBoxesTests.settleDelay
      #expect(boxes.hasNews(at: landing))
      _ = boxes.boxes(at: landing, origin: LiveBoxesTests.origin, isUnchanged: true)
      return true
    }
    // The first comes with drawn content; then as many as needed that began long after.
    let news = try (Int64(0)..<7).map { index in
      // There is news once more when changes that the first did not explain become fill.
      if index == 4 {
        let fill = start + 10 + LiveBoxesTests.settleDelay + SettledClearance.explanationTimeout + 250_000_000
        #expect(!boxes.hasNews(at: fill - 1) && boxes.hasNews(at: fill))
        _ = boxes.boxes(at: fill, origin: LiveBoxesTests.origin, isUnchanged: true)
      }
      return try reading(index)
    }
    #expect(news == [true, true, true, false, false, false, false])
    #expect(try reading(8, "b"), "another tree is news at any time")
    #expect(try !reading(9, "b"))
    _ = boxes.boxes(at: start + 10 * LiveBoxesTests.second, origin: LiveBoxesTests.origin, isUnchanged: false)
    #expect(try reading(11, "b"), "after something was drawn each reading counts again")
  }

  @Test func failedSnapshotsAreOneTree() throws {
    var boxes = LiveBoxes(settleDelay: LiveBoxesTests.settleDelay)
    for index in 0..<4 {
      trees.fail(begin: Int64(index) * 100, end: Int64(index) * 100 + 10)
      boxes.update(with: trees.latest())
      #expect(boxes.hasNews(at: Int64(index) * 100 + 50))
      let current = boxes.boxes(at: Int64(index) * 100 + 50, origin: LiveBoxesTests.origin, isUnchanged: true)
      #expect(throws: CaptureIssue.self) { try current.tree.get() }
      #expect(current.version == 1 && !current.isComplete)
    }
  }

  /// Names of masked widgets change neither when frames are repeated nor when they are last.
  @Test func timesDependOnWhatIsShownAlone() throws {
    let planner = MaskPlanner(policy: MaskPolicy())
    func times(_ names: [String], isSame: @escaping (WidgetTree, WidgetTree) -> Bool) throws -> [Bool] {
      var boxes = LiveBoxes(settleDelay: LiveBoxesTests.settleDelay, isSame: isSame)
      var news: [Bool] = []
      for (index, name) in names.enumerated() {
        let moment = Int64(index + 1) * 4 * LiveBoxesTests.second
        try trees.report([name], begin: moment - 20, end: moment - 10)
        boxes.update(with: trees.latest())
        for part in 0..<8 {
          let now = moment + Int64(part) * LiveBoxesTests.second / 4
          news.append(boxes.hasNews(at: now))
          if news.last == true {
            _ = boxes.boxes(at: now, origin: LiveBoxesTests.origin, isUnchanged: index > 0)
          }
        }
      }
      return news
    }
    let (calm, busy) = (["a", "a", "a", "a", "a"], ["a", "b", "c", "d", "e"])
    #expect(try times(calm) { planner.isSame($0, $1) } == times(busy) { planner.isSame($0, $1) })
    #expect(try times(calm) { LiveBoxes.isEqual($0, $1) } != times(busy) { LiveBoxes.isEqual($0, $1) })
  }
}
