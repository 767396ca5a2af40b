import Foundation

/// The bounding box of all parts of a region: boxes, rotated boxes, ellipses, polygons, runs of a mask,
/// points.
///
/// A part without an area is only a position: it extends the bounds, and encloses nothing by itself.
struct Extent: Hashable, Sendable {
  private(set) var minX = Double.infinity
  private(set) var minY = Double.infinity
  private(set) var maxX = -Double.infinity
  private(set) var maxY = -Double.infinity

  /// Whether nothing was added.
  var isEmpty: Bool { minX > maxX }
  var width: Double { isEmpty ? 0 : maxX - minX }
  var height: Double { isEmpty ? 0 : maxY - minY }
  /// Width and height that lead from the lower edges to the upper ones or beyond: a difference is rounded, so that
  /// adding it may end short of a pixel.
  var reachX: Double { Extent.reach(from: minX, to: maxX) }
  var reachY: Double { Extent.reach(from: minY, to: maxY) }
  var hasArea: Bool { width > 0 && height > 0 }

  /// Whether it extends beyond all others together, by more than a pixel of rounding on a side.
  func reaches(beyond others: [Extent]) -> Bool {
    guard !others.isEmpty else { return false }
    var all = Extent()
    for other in others { all.add(other) }
    return minX < all.minX - 1 || minY < all.minY - 1 || maxX > all.maxX + 1 || maxY > all.maxY + 1
  }

  mutating func add(x: Double, y: Double) {
    minX = min(minX, x)
    minY = min(minY, y)
    maxX = max(maxX, x)
    maxY = max(maxY, y)
  }

  mutating func add(_ other: Extent) {
    guard !other.isEmpty else { return }
    add(x: other.minX, y: other.minY)
    add(x: other.maxX, y: other.maxY)
  }

  /// A box, rotated about its centre. An angle and its opposite have the same bounds, so the direction
  /// doesn't matter.
  mutating func add(
    x: Double, y: Double, width: Double, height: Double, degrees: Double = 0
  ) {
    add(x: x, y: y, width: width, height: height, degrees: degrees, aboutX: x + width / 2, y: y + height / 2)
  }

  /// A box, rotated about any point, clockwise as displayed.
  mutating func add(
    x: Double, y: Double, width: Double, height: Double, degrees: Double, aboutX pivotX: Double,
    y pivotY: Double
  ) {
    let (sine, cosine) = Extent.sineAndCosine(degrees)
    for (cornerX, cornerY) in [(x, y), (x + width, y), (x, y + height), (x + width, y + height)] {
      let (dx, dy) = (cornerX - pivotX, cornerY - pivotY)
      add(x: pivotX + dx * cosine - dy * sine, y: pivotY + dx * sine + dy * cosine)
    }
  }

  /// An ellipse by its centre and radii, rotated about the centre.
  mutating func add(
    ellipseAtX x: Double, y: Double, radiusX: Double, radiusY: Double, degrees: Double = 0
  ) {
    let (sine, cosine) = Extent.sineAndCosine(degrees)
    let (a, b) = (radiusX * cosine, radiusY * sine)
    let (c, d) = (radiusX * sine, radiusY * cosine)
    let (reachX, reachY) = ((a * a + b * b).squareRoot(), (c * c + d * d).squareRoot())
    add(x: x - reachX, y: y - reachY)
    add(x: x + reachX, y: y + reachY)
  }

  /// Pixels `start..<end` of a picture whose pixels are counted row by row, `length` pixels each; or column
  /// by column.
  mutating func add(run: Range<Int>, lines length: Int, areColumns: Bool = false) {
    guard !run.isEmpty, length > 0 else { return }
    let (first, last) = (run.lowerBound / length, (run.upperBound - 1) / length)
    let along =
      first == last
      ? (run.lowerBound - first * length, run.upperBound - first * length) : (0, length)
    let (low, high) = (Double(first), Double(last + 1))
    let (from, to) = (Double(along.0), Double(along.1))
    add(x: areColumns ? low : from, y: areColumns ? from : low)
    add(x: areColumns ? high : to, y: areColumns ? to : high)
  }

  private static func reach(from low: Double, to high: Double) -> Double {
    var reach = max(0, high - low)
    while reach.isFinite, low + reach < high { reach = reach.nextUp }
    return reach
  }

  /// Exact for quarter turns, which `sin` and `cos` of radians are not.
  private static func sineAndCosine(_ degrees: Double) -> (Double, Double) {
    let turn = degrees.truncatingRemainder(dividingBy: 360)
    switch turn < 0 ? turn + 360 : turn {
    case 0: return (0, 1)
    case 90: return (1, 0)
    case 180: return (0, -1)
    case 270: return (-1, 0)
    case let rest: return (sin(rest * .pi / 180), cos(rest * .pi / 180))
    }
  }
}
