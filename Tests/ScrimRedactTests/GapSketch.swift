import ScrimImage
import ScrimRedact
import ScrimTestSupport
import Testing

func grey(_ level: Int) -> Pixel { Pixel(level) * 0x010101 }

extension Rect {
  static func random(in bounds: Rect, using random: inout SeededGenerator) -> Rect {
    Rect(
      x: Int.random(in: -9..<bounds.width, using: &random),
      y: Int.random(in: -9..<bounds.height, using: &random),
      width: Int.random(in: 1...bounds.width / 2 + 1, using: &random),
      height: Int.random(in: 1...bounds.height / 2 + 1, using: &random))
  }
}

/// A small picture on a white ground, all of it guarded until a part is hidden.
struct Sketch {
  let width: Int
  let height: Int
  var pixels: [Pixel]
  var ink: Set<Int> = []
  var guarded: Region

  var bounds: Rect { Rect(x: 0, y: 0, width: width, height: height) }

  init(_ width: Int, _ height: Int, _ pixel: (Int, Int) -> Pixel = { _, _ in 0xFFFFFF }) {
    self.width = width
    self.height = height
    pixels = (0..<width * height).map { pixel($0 % width, $0 / width) }
    guarded = Region(Rect(x: 0, y: 0, width: width, height: height))
    ink = Set(pixels.indices.filter { pixels[$0] == 0 })
  }

  func fill(_ x: Int, _ y: Int, _ w: Int, _ h: Int, _ colour: Pixel) -> Sketch {
    var result = self
    for row in max(y, 0)..<max(min(y + h, height), 0) {
      for column in max(x, 0)..<max(min(x + w, width), 0) {
        result.pixels[row * width + column] = colour
        result.ink.insert(row * width + column)
      }
    }
    return result
  }

  func erase(_ x: Int, _ y: Int, _ w: Int, _ h: Int) -> Sketch {
    var result = fill(x, y, w, h, 0xFFFFFF)
    for row in y..<y + h { for column in x..<x + w { result.ink.remove(row * width + column) } }
    return result
  }

  mutating func hide(_ rect: Rect) { guarded = guarded.subtracting(Region(rect)) }

  /// "Rif," in bits.
  func write(atX x: Int, y: Int, ink: Pixel) -> Sketch {
    let rows = [
      "11110.010.0011.00", "10001.000.0100.00", "10001.110.1110.00", "11110.010.0100.00",
      "10100.010.0100.00", "10010.010.0100.11", "10001.111.0100.01",
    ]
    var result = self
    for (dy, row) in rows.enumerated() {
      for (dx, bit) in row.enumerated() where bit == "1" {
        result = result.fill(x + dx * 2, y + dy, 2, 1, ink)
      }
    }
    return result
  }

  func suspects(boxes: GapBoxes = GapBoxes()) -> Region {
    var gapGuard = GapGuard()
    return suspects(by: &gapGuard, boxes: boxes)
  }

  func suspects(by gapGuard: inout GapGuard, boxes: GapBoxes = GapBoxes(), changed: [Range<Int>]? = nil)
    -> Region
  {
    gapGuard.suspects(
      in: pixels.span, width: width, height: height, guarded: guarded, boxes: boxes, changed: changed)
  }

  /// - Parameter includingSurfaces: also ink that covers everything visible around it, which can't be
  ///   distinguished from a surface unless another part shows its position.
  func expectInkMasked(
    _ comment: Comment? = nil, includingSurfaces: Bool = false,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let suspects = suspects()
    let shown = ink.filter { index in
      guarded.contains(x: index % width, y: index / width)
        && !suspects.contains(x: index % width, y: index / width)
    }
    let lone = shown.filter { index in
      includingSurfaces
        || [index - 1, index + 1, index - width, index + width].contains { other in
          pixels.indices.contains(other) && guarded.contains(x: other % width, y: other / width)
            && pixels[other] != pixels[index]
        }
    }
    #expect(lone.count == 0, comment, sourceLocation: sourceLocation)
  }

  /// Lines, panels, gradients, strokes and noise behind a few masks.
  static func random(using random: inout SeededGenerator) -> Sketch {
    .random(
      width: Int.random(in: 1...150, using: &random), height: Int.random(in: 1...150, using: &random),
      using: &random)
  }

  static func random(width: Int, height: Int, using random: inout SeededGenerator) -> Sketch {
    let slope = Int.random(in: 0...1, using: &random)
    var screen = Sketch(width, height) { x, y in grey((x * slope + y) / 4) }
    for _ in 0..<Int.random(in: 0...12, using: &random) {
      let isWide = Bool.random(using: &random)
      let (long, short) = (Int.random(in: 1...150, using: &random), Int.random(in: 1...40, using: &random))
      screen = screen.fill(
        Int.random(in: -20..<width, using: &random), Int.random(in: -20..<height, using: &random),
        isWide ? long : short, isWide ? short : long, grey(Int.random(in: 0...60, using: &random)))
    }
    if Int.random(in: 0...2, using: &random) == 0 {
      for x in 0..<width { screen = screen.fill(x, 0, x % 3 == 0 ? 1 : 0, height, 0xFFFFFF) }
    }
    for index in screen.pixels.indices where Int.random(in: 0...400, using: &random) == 0 {
      screen.pixels[index] = Pixel.random(in: 0...0xFF_FFFF, using: &random)
    }
    for _ in 0..<Int.random(in: 0...5, using: &random) {
      screen.hide(Rect.random(in: screen.bounds, using: &random))
    }
    return screen
  }

  /// Changes something; returns the rows.
  mutating func change(using random: inout SeededGenerator) -> [Range<Int>] {
    var changed: [Range<Int>] = []
    for _ in 0..<Int.random(in: 0...3, using: &random) {
      let rect = Rect.random(in: bounds, using: &random).intersection(bounds)
      if rect.isEmpty { continue }
      let height = Int.random(in: 1...max(1, min(rect.height, 70)), using: &random)
      self = fill(rect.x, rect.y, rect.width, height, grey(Int.random(in: 0...255, using: &random)))
      changed.append(rect.y..<rect.y + height)
    }
    return changed
  }

  /// Other pixels wherever none is guarded.
  mutating func scramble(using random: inout SeededGenerator) {
    for index in pixels.indices where !guarded.contains(x: index % width, y: index / width) {
      pixels[index] = Pixel.random(in: 0...Pixel.max, using: &random)
    }
  }

  var frame: Frame {
    Frame(width: width, height: height, pixels: pixels)
  }

  func plan(isGuarded: Bool) -> MaskPlan {
    let masked = guarded.complement(in: bounds).rects.map {
      MaskPlan.Mask(rect: $0, kind: .text, reason: .nature)
    }
    return MaskPlan(width: width, height: height, masks: masked, guarded: isGuarded ? guarded : Region())
  }
}
