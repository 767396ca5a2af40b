import ScrimImage

/// Positions of the pointer, presses and touches, and their drawing at a given time.
struct PointerTrack {
  private enum Kind { case pointer, press, touch, touchDown }

  private struct Point {
    var time: Int64
    var x: Double
    var y: Double
    var kind: Kind
  }

  /// The duration for which a press is drawn, in nanoseconds; the same as in the page.
  private static let pressSpan: Int64 = 600_000_000
  /// The interval in nanoseconds of pictures that differ in the pointer alone: 25 per second.
  private static let interval: Int64 = 40_000_000

  private let points: [Point]
  /// The times at which the drawing changes, ascending.
  private let moments: [Int64]

  init(_ events: SessionEvents) {
    var points: [Point] = []
    var moments: Set<Int64> = []
    for index in 0..<events.count {
      guard let event = events.entry(index), let place = event.place else { continue }
      let kind: Kind
      switch event.type {
      case "button", "button-down": kind = .press
      case "touch-down": kind = .touchDown
      case "touch-move", "touch-up": kind = .touch
      default: kind = .pointer
      }
      points.append(Point(time: event.time, x: place.x, y: place.y, kind: kind))
      let first = PointerTrack.next(event.time)
      moments.insert(first)
      if kind != .pointer {
        // A press fades.
        let last = event.time + PointerTrack.pressSpan + PointerTrack.interval
        for moment in stride(from: first, through: last, by: Int(PointerTrack.interval)) {
          moments.insert(moment)
        }
      }
    }
    self.points = points
    self.moments = moments.sorted()
  }

  /// The times after one moment and before another at which the drawing changes.
  func moments(after start: Int64, before end: Int64) -> ArraySlice<Int64> {
    let first = moments.partition { $0 > start }
    let last = moments.partition { $0 >= end }
    return first < last ? moments[first..<last] : []
  }

  /// Draws the state at a given time.
  ///
  /// - Parameter scale: pixels of the canvas per pixel of the picture.
  func draw(on canvas: inout PictureCanvas, at time: Int64, scale: Double) {
    // The pointer keeps its size in smaller pictures, so that it stays visible.
    let dot = max(1, scale)
    var isDrawn = false
    for point in points[..<points.partition { $0.time > time }].reversed() {
      let age = Double(time - point.time) / Double(PointerTrack.pressSpan)
      if age > 1, isDrawn { break }
      let (x, y) = (point.x * scale, point.y * scale)
      if age <= 1, point.kind == .press || point.kind == .touchDown {
        let radius = (8 + 16 * age) * dot
        canvas.paint(
          around: x, y, reach: radius + 3 * dot, point.kind == .press ? 0xFF9F43 : 0x2AA889,
          alpha: 1 - age * 0.8
        ) { Shape.ring($0, $1, radius: radius, line: 3 * dot) }
      }
      if !isDrawn {
        let isTouch = point.kind == .touch || point.kind == .touchDown
        if !isTouch { arrow(on: &canvas, x, y, dot) } else if age <= 1 { touch(on: &canvas, x, y, dot) }
      }
      isDrawn = true
    }
  }

  private func arrow(on canvas: inout PictureCanvas, _ x: Double, _ y: Double, _ dot: Double) {
    let corners: [(x: Double, y: Double)] = [
      (0, 0), (0, 16), (3.8, 12.6), (6.3, 18.4), (8.8, 17.3), (6.3, 11.7), (11.4, 11.4),
    ].map { ($0.0 * dot, $0.1 * dot) }
    canvas.paint(around: x, y, reach: 22 * dot, 0xFFFFFF) { Shape.polygon($0, $1, corners) - dot }
    canvas.paint(around: x, y, reach: 22 * dot, 0x14181F) { Shape.polygon($0, $1, corners) }
  }

  private func touch(on canvas: inout PictureCanvas, _ x: Double, _ y: Double, _ dot: Double) {
    canvas.paint(around: x, y, reach: 14 * dot, 0x2AA889, alpha: 0.45) {
      Shape.disc($0, $1, radius: 11 * dot)
    }
    canvas.paint(around: x, y, reach: 14 * dot, 0xFFFFFF) {
      Shape.ring($0, $1, radius: 11 * dot, line: 2 * dot)
    }
  }

  /// The first multiple of the interval that is not before a time.
  private static func next(_ time: Int64) -> Int64 {
    let rest = time % interval
    return rest == 0 ? time : time - rest + (rest > 0 ? interval : 0)
  }
}

extension Array {
  /// The first index for which `isBehind` holds, by binary search: it holds for all later ones.
  fileprivate func partition(_ isBehind: (Element) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if isBehind(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
