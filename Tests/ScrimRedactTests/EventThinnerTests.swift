import ScrimImage
import ScrimTestSupport
import Testing

@testable import ScrimRedact

@Suite struct EventThinnerTests {
  private func event(_ type: String, _ ms: Double, _ x: Double? = nil, _ y: Double? = nil) -> Event {
    var event = Event(type, time: Int64(ms * 1e6))
    (event.x, event.y) = (x, y)
    return event
  }

  private func thin(_ events: [(Event, hiding: Rect?)]) -> [Event] {
    var thinner = EventThinner()
    return events.flatMap { thinner.take($0.0, hiding: $0.hiding) } + thinner.flush()
  }

  @Test func keysAreMergedToOneASecond() {
    let keys = [10, 250, 999, 1000, 1001, 5500].map { (event("key", $0), hiding: Rect?.none) }
    #expect(thin(keys).map(\.time) == [0, 1_000_000_000, 5_000_000_000])
  }

  /// The drawn path is less than two pixels off, for any movement.
  @Test(arguments: 0..<40 as Range<UInt64>) func pathsStayNear(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var moves: [Event] = []
    var (ms, x, y, dx, dy) = (0.0, 0.0, 0.0, 3.0, 1.0)
    for _ in 0..<300 {
      ms += Double.random(in: 1...20, using: &random)
      if Int.random(in: 0..<30, using: &random) == 0 { ms += 1000 }
      if Int.random(in: 0..<10, using: &random) == 0 {
        (dx, dy) = (.random(in: -30...30, using: &random), .random(in: -30...30, using: &random))
      }
      (x, y) = (x + dx, y + dy)
      moves.append(event("move", ms, x.rounded(), y.rounded()))
    }
    let kept = thin(moves.map { ($0, hiding: nil) })
    #expect(kept.count < moves.count && kept.last == moves.last && kept.first == moves.first)
    for move in moves {
      let after = try #require(kept.firstIndex { $0.time! >= move.time! })
      if kept[after].time == move.time {
        #expect(kept[after] == move)
        continue
      }
      let (a, b) = (kept[after - 1], kept[after])
      #expect(b.time! - a.time! <= EventThinner.pathGap)
      let part = Double(move.time! - a.time!) / Double(b.time! - a.time!)
      let (ex, ey) = (a.x! + (b.x! - a.x!) * part - move.x!, a.y! + (b.y! - a.y!) * part - move.y!)
      #expect((ex * ex + ey * ey).squareRoot() < EventThinner.pathError)
    }
  }

  /// Neither the number nor the time nor the kind of events in a keypad is revealed, only that there were
  /// some.
  @Test func aVisitLeavesOneEvent() {
    let box = Rect(x: 10, y: 10, width: 20, height: 20)
    func visit(_ inside: [Event]) -> [Event] {
      thin(
        [(event("move", 0, 0, 0), hiding: nil), (event("move", 400, 20, 20), hiding: box)]
          + inside.map { ($0, hiding: box) } + [(event("move", 9000, 50, 50), hiding: nil)])
    }
    let once = visit([event("button", 500, 20, 20)])
    #expect(once.map(\.type) == ["move", "move", "button", "move"])
    #expect(once.map(\.time) == [0, 400, 400, 9000].map { $0 * 1_000_000 })
    let often = visit([
      event("move", 600, 20, 20), event("button-down", 700, 20, 20), event("button-up", 701, 20, 20),
      event("wheel", 4000, 20, 20), event("touch-down", 8000, 20, 20),
    ])
    #expect(once == often)
    #expect(visit([event("move", 600, 20, 20)]).map(\.type) == ["move", "move", "move"])
  }

  /// A visit that begins while nothing is recorded leaves no event; one that ends then leaves its own, later.
  @Test func aVisitInAPauseIsSilent() {
    let box = Rect(x: 10, y: 10, width: 20, height: 20)
    var thinner = EventThinner()
    thinner.skip(event("button", 400, 20, 20), hiding: box)
    #expect(thinner.take(event("button", 500, 21, 20), hiding: box).isEmpty)
    #expect(thinner.take(event("move", 600, 50, 50), hiding: nil).map(\.type) == ["move"])
    #expect(thinner.take(event("button", 900, 20, 20), hiding: box).isEmpty)
    thinner.skip(event("move", 1000, 50, 50), hiding: nil)
    thinner.skip(event("button", 1100, 20, 20), hiding: box)
    #expect(thinner.flush(at: 5_000_000_000).isEmpty)
    let after = thinner.take(event("move", 6000, 50, 50), hiding: nil)
    #expect(after.map(\.type) == ["button", "move"] && after[0].time == 900_000_000)
    #expect(thinner.flush().isEmpty)
  }

  @Test func floodsAreThinnedAndCounted() {
    var thinner = EventThinner()
    var kept = 0
    for index in 0..<10_000 { kept += thinner.take(event("log", Double(index) / 10), hiding: nil).count }
    #expect(kept == EventThinner.limit && thinner.thinned == 10_000 - kept)
    #expect(thinner.take(event("error", 999.9), hiding: nil).count == 1)
    #expect(thinner.take(event("log", 1000), hiding: nil).count == 1)
  }
}
