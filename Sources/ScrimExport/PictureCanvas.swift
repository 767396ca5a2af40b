import ScrimImage

/// A picture to draw on. A shape is a function for the distance of a point to its edge, which gives smooth edges
/// without a library.
struct PictureCanvas {
  private(set) var picture: Picture

  init(_ picture: Picture) { self.picture = picture }

  /// Fills the part of a rectangle that is inside the picture.
  mutating func fill(_ rect: Rect, _ colour: Pixel) {
    let rect = rect.intersection(picture.bounds)
    if rect.isEmpty { return }
    let width = picture.width
    var target = picture.pixels.mutableSpan
    for y in rect.y..<rect.maxY {
      PixelRow.fill(&target, y * width + rect.x..<y * width + rect.maxX, with: colour)
    }
  }

  /// Draws the border of a rectangle, inside of it.
  mutating func frame(_ rect: Rect, line: Int, _ colour: Pixel) {
    let (across, down) = (min(line, rect.width), min(line, rect.height))
    fill(Rect(x: rect.x, y: rect.y, width: rect.width, height: down), colour)
    fill(Rect(x: rect.x, y: rect.maxY - down, width: rect.width, height: down), colour)
    fill(Rect(x: rect.x, y: rect.y, width: across, height: rect.height), colour)
    fill(Rect(x: rect.maxX - across, y: rect.y, width: across, height: rect.height), colour)
  }

  /// Paints a shape.
  ///
  /// - Parameters:
  /// - box: contains the visible part of the shape.
  ///   - alpha: 0 to 1.
  ///   - distance: pixels from a point to the shape's edge; below 0 within the shape.
  mutating func paint(
    in box: Rect, _ colour: Pixel, alpha: Double = 1, distance: (_ x: Double, _ y: Double) -> Double
  ) {
    let box = box.intersection(picture.bounds)
    if box.isEmpty { return }
    let width = picture.width
    var target = picture.pixels.mutableSpan
    for y in box.y..<box.maxY {
      for x in box.x..<box.maxX {
        let share = min(1, max(0, 0.5 - distance(Double(x) + 0.5, Double(y) + 0.5))) * alpha
        if share <= 0 { continue }
        target[y * width + x] = PictureCanvas.mix(target[y * width + x], colour, share)
      }
    }
  }

  /// Paints a shape with all points within `reach` of a point, clipped to `clip`.
  mutating func paint(
    around x: Double, _ y: Double, reach: Double, _ colour: Pixel, alpha: Double = 1,
    clip: Rect? = nil, distance: (_ x: Double, _ y: Double) -> Double
  ) {
    // Positions come unchecked from a recording; the limit is larger than any picture's side.
    guard x.magnitude < 1e6, y.magnitude < 1e6 else { return }
    let box = Rect(
      minX: Int((x - reach).rounded(.down)), minY: Int((y - reach).rounded(.down)),
      maxX: Int((x + reach).rounded(.up)) + 1, maxY: Int((y + reach).rounded(.up)) + 1)
    paint(in: clip?.intersection(box) ?? box, colour, alpha: alpha) { px, py in distance(px - x, py - y) }
  }

  private static func mix(_ below: Pixel, _ above: Pixel, _ share: Double) -> Pixel {
    if share >= 1 { return above }
    var result: Pixel = 0
    for shift: Pixel in [16, 8, 0] {
      let (old, new) = (Double(below >> shift & 0xFF), Double(above >> shift & 0xFF))
      result |= Pixel((old + (new - old) * share).rounded()) << shift
    }
    return result
  }
}

/// Distances from a point to the edges of shapes; negative inside.
enum Shape {
  static func disc(_ x: Double, _ y: Double, radius: Double) -> Double {
    (x * x + y * y).squareRoot() - radius
  }

  static func ring(_ x: Double, _ y: Double, radius: Double, line: Double) -> Double {
    disc(x, y, radius: radius).magnitude - line / 2
  }

  /// A rectangle at the origin with round corners.
  static func bar(_ x: Double, _ y: Double, width: Double, height: Double, radius: Double) -> Double {
    let across = (x - width / 2).magnitude - width / 2 + radius
    let down = (y - height / 2).magnitude - height / 2 + radius
    let outside = (max(across, 0) * max(across, 0) + max(down, 0) * max(down, 0)).squareRoot()
    return outside + min(max(across, down), 0) - radius
  }

  /// A line between two points.
  static func line(
    _ x: Double, _ y: Double, from a: (x: Double, y: Double), to b: (x: Double, y: Double), width: Double
  ) -> Double {
    let (dx, dy) = (b.x - a.x, b.y - a.y)
    let length = dx * dx + dy * dy
    let along = length > 0 ? min(1, max(0, ((x - a.x) * dx + (y - a.y) * dy) / length)) : 0
    return disc(x - a.x - along * dx, y - a.y - along * dy, radius: width / 2)
  }

  /// A shape with straight edges.
  static func polygon(_ x: Double, _ y: Double, _ corners: [(x: Double, y: Double)]) -> Double {
    var nearest = Double.infinity
    var isInside = false
    var a = corners[corners.count - 1]
    for b in corners {
      nearest = min(nearest, line(x, y, from: a, to: b, width: 0))
      if (a.y > y) != (b.y > y), x < (b.x - a.x) * (y - a.y) / (b.y - a.y) + a.x { isInside.toggle() }
      a = b
    }
    return isInside ? -nearest : nearest
  }
}
