import ScrimImage

/// Desktop-like pictures out of a seed: windows with borders, text made of small glyphs, a photograph. Equal seeds give equal pixels on
/// every machine, so that bytes can be compared exactly.
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

  /// A line of text; equal codes are equal glyphs, with the soft edges of anti-aliasing.
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

/// The kinds of sessions that are measured.
enum Scene: String, CaseIterable {
  case typing, scrolling, windows, dashboard, photo

  /// Frame `index` of the session, at ten frames a second.
  func frame(_ index: Int, width: Int, height: Int) -> Frame {
    var canvas = Canvas(width: width, height: height)
    switch self {
    case .typing:
      canvas.window(Rect(x: 80, y: 40, width: width - 400, height: height - 120), title: 65)
      for line in 0..<24 { canvas.text(Scene.words(line, 70), x: 100, y: 90 + line * 18, colour: 0x202020) }
      canvas.text(Array(Scene.words(99, 160).prefix(index)), x: 100, y: 560, colour: 0x202020)
      if index % 10 < 5 { canvas.fill(Rect(x: 100 + index * 8, y: 558, width: 1, height: 16), 0) }
    case .scrolling:
      canvas.window(Rect(x: 20, y: 20, width: width - 40, height: height - 40), title: 66)
      let top = index * 53
      for line in top / 20...(top + height) / 20 {
        let y = 60 + line * 20 - top
        if y > 56, y < height - 60 {
          canvas.text(
            Scene.words(line, 40 + line * 7 % 90), x: 60, y: y, colour: line % 9 == 0 ? 0x1A4FA0 : 0x303030)
        }
      }
    case .windows:
      let order = [0, 1, 2].sorted { ($0 + index / 8) % 3 < ($1 + index / 8) % 3 }
      for window in order {
        let x = 100 + window * 320 + (window == index / 8 % 3 ? index % 8 * 12 : 0)
        canvas.window(Rect(x: x, y: 80 + window * 140, width: 820, height: 560), title: 67 + window)
        for line in 0..<26 {
          canvas.text(
            Scene.words(line + window * 100, 60), x: x + 20, y: 124 + window * 140 + line * 19,
            colour: 0x333333)
        }
      }
    case .dashboard:
      canvas.window(Rect(x: 0, y: 0, width: width, height: height), title: 70)
      for card in 0..<8 {
        let x = 40 + card % 4 * 460
        let y = 80 + card / 4 * 480
        canvas.fill(Rect(x: x, y: y, width: 420, height: 440), 0xF4F6F8)
        canvas.text(Scene.words(card, 14), x: x + 16, y: y + 16, colour: 0x445566)
        let value = (index / 20 * 31 + card * 17) % 97
        canvas.text("\(value * 1213)".utf8.map { Int($0) }, x: x + 16, y: y + 48, colour: 0x112233)
        for bar in 0..<20 {
          let tall = (bar * 37 + card * 11 + (bar == 19 ? value : 0)) % 240
          canvas.fill(Rect(x: x + 20 + bar * 19, y: y + 420 - tall, width: 14, height: tall), 0x3584E4)
        }
      }
    case .photo:
      canvas.window(Rect(x: 0, y: 0, width: width, height: height), title: 71)
      for photo in 0..<6 {
        canvas.photograph(
          Rect(x: 40 + photo % 3 * 620, y: 60 + photo / 3 * 500, width: 600, height: 470), seed: photo * 91,
          offset: index / 2 * 60)
      }
    }
    return canvas.frame
  }

  /// Letters and spaces of a line, always the same.
  private static func words(_ line: Int, _ count: Int) -> [Int] {
    var state = UInt32(truncatingIfNeeded: line &* 2_654_435_761 &+ 12345)
    return (0..<count).map { _ in
      state = state &* 1_664_525 &+ 1_013_904_223
      let letter = Int(state >> 24) % 32
      return letter < 26 ? 97 + letter : 32
    }
  }
}
