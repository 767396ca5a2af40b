import Foundation
import ScrimImage
import ScrimSystem
import Testing

@testable import ScrimCapture
@testable import ScrimRedact

@Suite struct LiveSourceTests {
  private func options(framesPerSecond: Double = 240) -> LiveOptions {
    var options = LiveOptions()
    options.framesPerSecond = framesPerSecond
    options.duration = 20_000_000_000
    return options
  }

  private func frame(_ item: SourceItem?) throws -> SourceFrame {
    guard case .frame(let frame)? = item else { throw CaptureIssue(place: "test", message: "no frame") }
    return frame
  }

  @Test func anInvisibleScreenIsRefused() {
    #expect(throws: CaptureError.self) {
      try LiveSource(FakeScreen([.unchanged(pointer: nil)]), trees: nil, options: options())
    }
  }

  @Test func framesComeWhenSomethingWasDrawn() throws {
    let screen = FakeScreen([
      FakeScreen.picture(1), FakeScreen.picture(2, damage: Rect(x: 1, y: 2, width: 3, height: 1)),
    ])
    var waits = 0
    screen.onWait = {
      waits += 1
      $0.isDrawnOn = waits == 3
    }
    var source = try LiveSource(screen, trees: nil, options: options())
    let first = try frame(source.next())
    #expect(first.time == 0 && first.number == 0 && first.snapshotSpan == nil)
    #expect(first.damage == Region(Rect(x: 0, y: 0, width: 8, height: 4)))
    #expect(try first.tree.get().widgets.isEmpty)
    let second = try frame(source.next())
    #expect(waits == 3)
    #expect(second.damage == Region(Rect(x: 1, y: 2, width: 3, height: 1)))
    #expect(second.number == 1 && second.time > 0)
    screen.onWait = { $0.isDrawnOn = true }
    #expect(try source.next() == nil, "what was watched was closed")
  }

  @Test func cancellingAndTimeEndIt() throws {
    var cancelled = options()
    cancelled.isCancelled = { true }
    var source = try LiveSource(FakeScreen([FakeScreen.picture()]), trees: nil, options: cancelled)
    #expect(try source.next() == nil)
    var short = options()
    short.duration = 1
    source = try LiveSource(FakeScreen([FakeScreen.picture()]), trees: nil, options: short)
    #expect(try source.next() == nil)
  }

  @Test func noMoreFramesThanAskedFor() throws {
    let screen = FakeScreen((0..<5).map { FakeScreen.picture(Pixel($0)) })
    screen.onWait = { $0.isDrawnOn = true }
    var source = try LiveSource(screen, trees: nil, options: options(framesPerSecond: 50))
    let times = try (0..<5).map { _ in try frame(source.next()).time }
    for (time, next) in zip(times, times.dropFirst()) { #expect(next - time >= 19_000_000) }
  }

  @Test func beforeTheFirstSnapshotThereAreNoBoxes() throws {
    let trees = FakeTrees()
    var source = try LiveSource(FakeScreen([FakeScreen.picture()]), trees: trees, options: options())
    let first = try frame(source.next())
    #expect(throws: CaptureIssue.self) { try first.tree.get() }
    #expect(first.snapshotSpan == nil && !first.isTreeComplete)
  }

  @Test func aSnapshotComesWithTheLastPixelsAgain() throws {
    let trees = FakeTrees()
    var source = try LiveSource(FakeScreen([FakeScreen.picture()]), trees: trees, options: options())
    let first = try frame(source.next())
    let now = MonotonicClock.now
    try trees.report("a", begin: now - 10, end: now)
    let second = try frame(source.next())
    #expect(try second.pixels.get().isSameStorage(as: first.pixels.get()))
    #expect(second.damage == Region())
    #expect(second.isTreeComplete)
    let span = try #require(second.snapshotSpan)
    #expect(span.upperBound - span.lowerBound == 10 && second.time >= span.upperBound)
    #expect(try second.tree.get().widgets.map(\.id) == ["a"])
  }

  @Test func aScreenDrawnOnMeanwhileIsNotUnchanged() throws {
    let trees = FakeTrees()
    let screen = FakeScreen([FakeScreen.picture(1), FakeScreen.picture(2)])
    var source = try LiveSource(screen, trees: trees, options: options())
    let first = try frame(source.next())
    let now = MonotonicClock.now
    try trees.report("a", begin: now - 10, end: now)
    screen.isDrawnOn = true
    let second = try frame(source.next())
    #expect(try !second.pixels.get().isSameStorage(as: first.pixels.get()))
    #expect(second.damage?.isEmpty == false)
  }

  /// Clearing needs a frame with boxes that is older by the settle delay than the snapshot: on an unchanged
  /// screen nothing else would request one.
  @Test func theFirstFrameWithBoxesRequestsASnapshot() throws {
    let trees = FakeTrees()
    var source = try LiveSource(FakeScreen([FakeScreen.picture()]), trees: trees, options: options())
    _ = try source.next()
    #expect(trees.damage.count == 1)
    for step in 0..<3 {
      let now = MonotonicClock.now
      if step == 1 {
        trees.fail(begin: now - 10, end: now)
      } else {
        try trees.report("a", begin: now - 10, end: now)
      }
      let frame = try frame(source.next())
      #expect(frame.damage == Region() && trees.damage.count == [2, 2, 3][step])
    }
    let now = MonotonicClock.now
    try trees.report("a", begin: now - 10, end: now)
    _ = try source.next()
    #expect(trees.damage.count == 3)
  }

  /// Before a snapshot clears anything, the whole screen is compared: reported damage may be incomplete.
  @Test func clearingComparesTheWholeScreen() throws {
    let trees = FakeTrees()
    let screen = FakeScreen((0..<4).map { FakeScreen.picture(Pixel($0)) })
    var source = try LiveSource(screen, trees: trees, options: options())
    _ = try source.next()
    screen.onWait = { $0.isDrawnOn = true }
    _ = try source.next()
    // The first clears nothing yet, the second ended long ago.
    for age in [0, MaskPolicy().settleDelay] {
      let end = MonotonicClock.now - age
      try trees.report("a", begin: end - 10, end: end)
      screen.isDrawnOn = true
      _ = try source.next()
    }
    #expect(screen.thorough == [true, false, false, true])
  }

  /// A snapshot that began after the frame's time may have begun before its pixels were copied.
  @Test func damageOfASlowCopyCountsOnceMore() throws {
    let trees = FakeTrees()
    let part = Rect(x: 2, y: 1, width: 3, height: 2)
    let screen = FakeScreen([FakeScreen.picture(1), FakeScreen.picture(2, damage: part)])
    var source = try LiveSource(screen, trees: trees, options: options())
    _ = try source.next()
    screen.slowness = 150_000_000
    screen.isDrawnOn = true
    #expect(try frame(source.next()).damage == Region(part))
    for damage in [Region(part), Region()] {
      let now = MonotonicClock.now
      try trees.report("a", begin: now - 10, end: now)
      #expect(try frame(source.next()).damage == damage)
    }
  }

  @Test func anIdleScreenIsReported() throws {
    let screen = FakeScreen([FakeScreen.picture(1), FakeScreen.picture(2)])
    var source = try LiveSource(screen, trees: nil, options: options())
    _ = try source.next()
    guard case .idle(let time)? = try source.next() else {
      Issue.record("a frame, or the end")
      return
    }
    #expect(time >= 1_000_000_000)
    screen.isDrawnOn = true
    #expect(try frame(source.next()).time >= time)
  }

  @Test func theBoxesOfAWindowMoveWithIt() throws {
    let trees = FakeTrees()
    let screen = FakeScreen([
      FakeScreen.picture(1, origin: (100, 50)), FakeScreen.picture(2, origin: (90, 50)),
    ])
    let now = MonotonicClock.now
    try trees.report("a", begin: now - 10, end: now)
    var source = try LiveSource(screen, trees: trees, options: options())
    let first = try frame(source.next())
    #expect(try first.tree.get().rects == [Rect(x: -100, y: -49, width: 1, height: 1)])
    #expect(try first.tree.get().windowRects == [Rect(x: -100, y: -50, width: 8, height: 4)])
    screen.isDrawnOn = true
    screen.onWait = { $0.isDrawnOn = true }
    var next = try frame(source.next())
    // The snapshot may have come once more with the first picture.
    if next.damage == Region() { next = try frame(source.next()) }
    #expect(try next.tree.get().rects == [Rect(x: -90, y: -49, width: 1, height: 1)])
    #expect(next.treeVersion != first.treeVersion)
  }

  @Test func anotherSizeIsTheSources() throws {
    let screen = FakeScreen([FakeScreen.picture(1), FakeScreen.picture(2, width: 6, height: 9)])
    screen.onWait = { $0.isDrawnOn = true }
    var source = try LiveSource(screen, trees: nil, options: options())
    _ = try source.next()
    #expect(source.width == 8 && source.height == 4)
    _ = try source.next()
    #expect(source.width == 6 && source.height == 9)
  }

  @Test func thePointerIsAnEvent() throws {
    let screen = FakeScreen([
      FakeScreen.picture(1, pointer: (3, 2)), .unchanged(pointer: LivePoint(x: 4, y: 1)),
      .unchanged(pointer: LivePoint(x: 4, y: 1)), .unchanged(pointer: LivePoint(x: 400, y: 1)),
      FakeScreen.picture(2, pointer: (5, 0)),
    ])
    screen.onWait = { $0.isDrawnOn = true }
    var source = try LiveSource(screen, trees: nil, options: options())
    _ = try source.next()
    _ = try source.next()
    var events: [Event] = []
    while events.count < 2, case .event(let event)? = try source.next() { events.append(event) }
    #expect(events.map(\.type) == ["move", "move"])
    #expect(events.map(\.x) == [4, 5] && events.map(\.y) == [1, 0])
  }
}
