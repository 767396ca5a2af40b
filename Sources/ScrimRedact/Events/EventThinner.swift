package import ScrimImage

/// Merges and thins out the filtered events: keys to one per second, pointer paths to their corners, input
/// in a widget that hides it to one event per visit, floods to a few hundred events per second (Masking.md,
/// section 9).
package struct EventThinner: Sendable {
  /// Number of events that were merged, thinned out or dropped. Hidden events are not counted.
  package private(set) var thinned = 0

  private var keySecond: Int64?
  /// The widget that hides input and that currently contains the pointer.
  private var visit: Visit?
  /// Presses of visits that ended while nothing was recorded.
  private var waiting: [Event] = []
  /// The last move that was kept, and the later ones that may be on a straight line with it.
  private var anchor: Event?
  private var moves: [Event] = []
  private var second: Int64?
  private var counts = (important: 0, others: 0)

  private struct Visit {
    var box: Rect
    var entered: Event
    var hasPress = false
    /// Whether it began while nothing was recorded: then it leaves no event, since any would show the time of a
    /// hidden one.
    var isSilent = false
  }

  /// Maximum deviation of the recorded path from the real one, in pixels.
  package static let pathError = 2.0
  /// Maximum nanoseconds between two moves of one straight line; after a longer time the pointer rested.
  package static let pathGap: Int64 = 250_000_000
  private static let pathPoints = 64
  /// Number of events kept per second; errors, marks, tests and navigations have a higher limit.
  package static let limit = 200
  package static let importantLimit = 1000
  private static let important = ["error", "mark", "test", "navigation"]

  package init() {}

  /// Returns the events to be recorded now, in order.
  package mutating func take(_ event: Event, hiding: Rect?) -> [Event] {
    var out = takeWaiting()
    if event.isPointer {
      if let hiding {
        enter(hiding, event, &out)
        return out
      }
      leave(&out)
    }
    switch event.type {
    case "move": path(event, &out)
    case "key":
      guard let time = event.time else { break }
      let second = time.flooredSecond
      guard second != keySecond else {
        thinned += 1
        break
      }
      keySecond = second
      var event = event
      event.time = second * 1_000_000_000
      add(event, &out)
    default:
      if event.isPointer { endPath(&out) }
      add(event, &out)
    }
    return out
  }

  /// Notes an event of a time when nothing is recorded, such as a pause.
  package mutating func skip(_ event: Event, hiding: Rect?) {
    guard event.isPointer else { return }
    if visit?.box != hiding {
      var left = takeWaiting()
      leave(&left)
      waiting = left
      visit = hiding.map { Visit(box: $0, entered: event, isSilent: true) }
    }
    if event.isPress { visit?.hasPress = true }
  }

  private mutating func takeWaiting() -> [Event] {
    defer { waiting = [] }
    return waiting
  }

  /// Returns the events that were held back until a later one came, up to a moment; nil for all.
  package mutating func flush(at time: Int64? = nil) -> [Event] {
    var out = time == nil ? takeWaiting() : []
    let isOver = moves.last?.time.flatMap { last in time.map { $0 - last > EventThinner.pathGap } } ?? true
    if isOver { endPath(&out) }
    if time == nil { leave(&out) }
    return out
  }

  private mutating func enter(_ box: Rect, _ event: Event, _ out: inout [Event]) {
    if visit?.box != box {
      leave(&out)
      endPath(&out)
      visit = Visit(box: box, entered: event)
      // The move into the widget is kept, drawn at its middle.
      if event.type == "move" { add(event, &out) }
    }
    if event.isPress { visit?.hasPress = true }
  }

  private mutating func leave(_ out: inout [Event]) {
    guard let left = visit else { return }
    visit = nil
    anchor = nil
    guard left.hasPress, !left.isSilent else { return }
    var press = Event("button", time: left.entered.time)
    (press.x, press.y) = (left.entered.x, left.entered.y)
    add(press, &out)
  }

  private mutating func path(_ event: Event, _ out: inout [Event]) {
    guard let from = anchor, let last = (moves.last ?? from).time, let start = from.time,
      let time = event.time,
      time - last <= EventThinner.pathGap, time >= last
    else {
      endPath(&out)
      anchor = event
      add(event, &out)
      return
    }
    let isStraight =
      time - start <= EventThinner.pathGap && moves.count < EventThinner.pathPoints
      && moves.allSatisfy { EventThinner.error($0, from, event) < EventThinner.pathError }
    if !isStraight { endPath(&out, goesOn: true) }
    moves.append(event)
  }

  /// Keeps the last move of a straight line; those before it are on the line.
  private mutating func endPath(_ out: inout [Event], goesOn: Bool = false) {
    guard let last = moves.popLast() else {
      if !goesOn { anchor = nil }
      return
    }
    thinned += moves.count
    moves.removeAll(keepingCapacity: true)
    anchor = goesOn ? last : nil
    add(last, &out)
  }

  /// Distance in pixels between a move and its position on the line at that time.
  private static func error(_ event: Event, _ from: Event, _ to: Event) -> Double {
    guard let x = event.x, let y = event.y, let x0 = from.x, let y0 = from.y, let x1 = to.x, let y1 = to.y,
      let t = event.time, let t0 = from.time, let t1 = to.time
    else { return .infinity }
    let part = t1 > t0 ? Double(t - t0) / Double(t1 - t0) : 1
    let (dx, dy) = (x0 + (x1 - x0) * part - x, y0 + (y1 - y0) * part - y)
    return (dx * dx + dy * dy).squareRoot()
  }

  private mutating func add(_ event: Event, _ out: inout [Event]) {
    guard let time = event.time else { return out.append(event) }
    if time.flooredSecond != second { (second, counts) = (time.flooredSecond, (0, 0)) }
    let isKept: Bool
    if EventThinner.important.contains(event.type) {
      counts.important += 1
      isKept = counts.important <= EventThinner.importantLimit
    } else {
      counts.others += 1
      isKept = counts.others <= EventThinner.limit
    }
    guard isKept else {
      thinned += 1
      return
    }
    out.append(event)
  }
}

extension Int64 {
  /// The whole second that contains a time in nanoseconds.
  fileprivate var flooredSecond: Int64 {
    let (seconds, rest) = quotientAndRemainder(dividingBy: 1_000_000_000)
    return rest < 0 ? seconds - 1 : seconds
  }
}
