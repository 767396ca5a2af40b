import ScrimImage

/// Desktop-like pictures generated from a seed: windows with borders, text of small glyphs, a photograph.
/// Equal seeds give equal pixels on every machine, so that bytes can be compared exactly.
struct Canvas {
  let width: Int
  let height: Int
  private(set) var pixels: [Pixel]

  init(width: Int, height: Int, background: Pixel = 0x2E5266) {
    self.width = width
    self.height = height
    pixels = [Pixel](repeating: background, count: width * height)
  }

  var frame: Frame { Frame(width: width, height: height, pixels: pixels) }

  mutating func fill(_ rect: Rect, _ colour: Pixel) {
    let rect = rect.intersection(Rect(x: 0, y: 0, width: width, height: height))
    if rect.isEmpty { return }
    for y in rect.y..<rect.maxY {
      for x in rect.x..<rect.maxX { pixels[y * width + x] = colour }
    }
  }

  /// A window: border, title bar with a gradient, white inside.
  mutating func window(_ rect: Rect, title: Int) {
    fill(rect, 0x8A8A8A)
    fill(Rect(minX: rect.x + 1, minY: rect.y + 1, maxX: rect.maxX - 1, maxY: rect.maxY - 1), 0xFFFFFF)
    for row in 0..<28 {
      let grey = Pixel(0xE4 - row / 2)
      fill(Rect(x: rect.x + 1, y: rect.y + 1 + row, width: rect.width - 2, height: 1), grey * 0x01_0101)
    }
    text("window".utf8.map { Int($0) } + [title], x: rect.x + 12, y: rect.y + 8, colour: 0x303030)
  }

  /// A line of text; equal codes give equal glyphs, with antialiased edges.
  mutating func text(_ codes: [Int], x: Int, y: Int, colour: Pixel) {
    for (index, code) in codes.enumerated() where code != 32 {
      glyph(code, x: x + index * 8, y: y, colour: colour)
    }
  }

  private mutating func glyph(_ code: Int, x: Int, y: Int, colour: Pixel) {
    var bits = UInt64(truncatingIfNeeded: code &+ 1) &* 0x9E37_79B9_7F4A_7C15
    for row in 0..<12 {
      for column in 0..<6 {
        bits = bits << 7 | bits >> 57
        let coverage = [0, 0, 0, 96, 176, 255][Int(bits & 0xFFFF) % 6]
        guard coverage > 0, x + column < width, y + row < height, x + column >= 0, y + row >= 0 else {
          continue
        }
        let at = (y + row) * width + x + column
        pixels[at] = Canvas.blend(pixels[at], colour, coverage)
      }
    }
  }

  private static func blend(_ below: Pixel, _ above: Pixel, _ coverage: Int) -> Pixel {
    var result: Pixel = 0
    for shift in [0, 8, 16] {
      let a = Int(below >> Pixel(shift) & 0xFF)
      let b = Int(above >> Pixel(shift) & 0xFF)
      result |= Pixel((a * (255 - coverage) + b * coverage) / 255) << Pixel(shift)
    }
    return result
  }

  /// A photograph: smooth colour with grain.
  mutating func photograph(_ rect: Rect, seed: Int, offset: Int = 0) {
    let rect = rect.intersection(Rect(x: 0, y: 0, width: width, height: height))
    if rect.isEmpty { return }
    for y in rect.y..<rect.maxY {
      for x in rect.x..<rect.maxX {
        let v = y + offset
        var noise = UInt32(truncatingIfNeeded: x &* 374_761_393 &+ v &* 668_265_263 &+ seed)
        noise = (noise ^ noise >> 13) &* 1_274_126_177
        let grain = Int(noise >> 28)
        let red = (x * 3 + v + seed) / 5 % 200 + grain
        let green = (x + v * 2 + seed * 7) / 7 % 180 + grain
        let blue = (x * 2 + v * 3) / 9 % 160 + grain
        pixels[y * width + x] = Pixel(red) << 16 | Pixel(green) << 8 | Pixel(blue)
      }
    }
  }
}
