public import ScrimImage

/// A screen that changes at random, in the ways of real screens.
public struct Screen {
  public let width: Int
  public let height: Int
  public var pixels: [Pixel]
  public var random: SeededGenerator

  /// - Parameter seed: of all random changes.
  public init(width: Int, height: Int, seed: UInt64) {
    self.width = width
    self.height = height
    pixels = [Pixel](repeating: 0xF6F5F4, count: width * height)
    random = SeededGenerator(seed: seed)
  }

  public var frame: Frame { Frame(width: width, height: height, pixels: pixels) }

  /// A rectangle of at least one pixel somewhere on the screen.
  public mutating func rect() -> Rect {
    let x = Int.random(in: 0..<width, using: &random)
    let y = Int.random(in: 0..<height, using: &random)
    return Rect(
      x: x, y: y, width: .random(in: 1...min(width - x, 90), using: &random),
      height: .random(in: 1...min(height - y, 90), using: &random))
  }

  /// No change, or up to three changes: one colour, few colours, many, a photograph, a copy.
  public mutating func change() {
    for _ in 0..<Int.random(in: 0...3, using: &random) {
      let rect = rect()
      switch Int.random(in: 0..<5, using: &random) {
      case 0:
        let colour = Pixel.random(in: 0...0xFF_FFFF, using: &random)
        draw(rect) { _, _, _ in colour }
      case 1:
        let colours = (0..<Int.random(in: 2...40, using: &random)).map { _ in
          Pixel.random(in: 0...0xFF_FFFF, using: &random)
        }
        draw(rect) { _, _, random in colours.randomElement(using: &random) ?? 0 }
      case 2: draw(rect) { _, _, random in Pixel.random(in: 0...0xFF_FFFF, using: &random) }
      case 3: photograph(rect)
      default:
        let old = pixels
        let (dx, dy) = (Int.random(in: -9...9, using: &random), Int.random(in: -9...9, using: &random))
        let (width, height) = (width, height)
        draw(rect) { x, y, _ in
          old[min(max(y + dy, 0), height - 1) * width + min(max(x + dx, 0), width - 1)]
        }
      }
    }
  }

  /// Smooth colours with a little noise: over 256 of them where the rectangle is not small.
  public mutating func photograph(_ rect: Rect) {
    draw(rect) { x, y, random in
      let noise = Pixel.random(in: 0...3, using: &random)
      // There and back again, so that it has no edge.
      func wave(_ place: Int) -> Pixel { Pixel(60 + abs((place + 130) % 260 - 130)) + noise }
      return wave(x) << 16 | wave(y) << 8 | wave(x + y)
    }
  }

  public mutating func draw(_ rect: Rect, _ colour: (Int, Int, inout SeededGenerator) -> Pixel) {
    for y in rect.y..<rect.maxY {
      for x in rect.x..<rect.maxX { pixels[y * width + x] = colour(x, y, &random) }
    }
  }
}
