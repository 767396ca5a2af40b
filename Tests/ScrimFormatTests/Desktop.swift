import ScrimImage
import ScrimRedact
import ScrimTestSupport

@testable import ScrimFormat

/// A screen on which a seeded generator types, scrolls, moves windows, opens menus and shows photographs.
struct Desktop {
  let width: Int
  let height: Int
  var pixels: [Pixel]
  private var random: SeededGenerator
  private var saved: [[Pixel]] = []

  init(width: Int, height: Int, seed: UInt64) {
    self.width = width
    self.height = height
    random = SeededGenerator(seed: seed)
    pixels = [Pixel](repeating: 0xF0F0F0, count: width * height)
    write(Rect(x: 0, y: 0, width: width, height: height))
  }

  var bounds: Rect { Rect(x: 0, y: 0, width: width, height: height) }

  mutating func part() -> Rect {
    let w = Int.random(in: 1...width, using: &random)
    let h = Int.random(in: 1...height, using: &random)
    return Rect(
      x: .random(in: 0...width - w, using: &random), y: .random(in: 0...height - h, using: &random),
      width: w, height: h)
  }

  /// Fills a rectangle with something like lines of text: few colours, no repetitions.
  mutating func write(_ rect: Rect) {
    let ink: [Pixel] = [0x101010, 0x404040, 0x808890, 0xC0C0C0, 0x2050A0]
    for y in rect.y..<rect.maxY where y % 16 < 11 {
      for x in rect.x..<rect.maxX {
        pixels[y * width + x] =
          UInt8.random(in: 0..<3, using: &random) == 0 ? ink.randomElement(using: &random) ?? 0 : 0xFFFFFF
      }
    }
  }

  /// Fills a rectangle with something like a photograph: smooth, with noise, thousands of colours.
  mutating func paint(_ rect: Rect) {
    let slope = Int.random(in: 1...3, using: &random)
    for y in rect.y..<rect.maxY {
      for x in rect.x..<rect.maxX {
        let noise = Int.random(in: 0..<6, using: &random)
        let red = UInt32((x * slope + noise) & 0xFF)
        let green = UInt32((y * slope + x + noise * 2) & 0xFF)
        pixels[y * width + x] = red << 16 | green << 8 | UInt32((x + y * 2 + noise) & 0xFF)
      }
    }
  }

  mutating func fill(_ rect: Rect, _ colour: Pixel) {
    for y in rect.y..<rect.maxY { for x in rect.x..<rect.maxX { pixels[y * width + x] = colour } }
  }

  /// Scrolls the content of a rectangle; content from beyond its edge is new.
  mutating func scroll(_ rect: Rect, dx: Int, dy: Int) {
    let before = pixels
    write(rect)
    for y in rect.y..<rect.maxY where y - dy >= rect.y && y - dy < rect.maxY {
      for x in rect.x..<rect.maxX where x - dx >= rect.x && x - dx < rect.maxX {
        pixels[y * width + x] = before[(y - dy) * width + x - dx]
      }
    }
  }

  mutating func step() {
    switch Int.random(in: 0..<8, using: &random) {
    case 0: break
    case 1: fill(part(), Pixel.random(in: 0...0xFFFFFF, using: &random))
    case 2: write(part())
    case 3: paint(part())
    case 4, 5:
      scroll(
        part(), dx: .random(in: -9...9, using: &random), dy: .random(in: -40...40, using: &random))
    case 6: saved.append(pixels)
    default: if let old = saved.randomElement(using: &random) { pixels = old }
    }
  }
}

/// Frames masked by nothing or by a plan, as input of encoders.
struct MaskedScreen: ~Copyable {
  private var masker: Masker
  private let clear: MaskRegions

  init(width: Int, height: Int) {
    masker = Masker(width: width, height: height, fills: MaskFills(0x111111))
    clear = MaskPlan(width: width, height: height, masks: [], guarded: Region()).regions
  }

  mutating func show(_ pixels: [Pixel]) {
    masker.show(Frame(width: clear.width, height: clear.height, pixels: pixels), masked: clear)
  }

  var frame: MaskedFrame { _read { yield masker.frame } }
}

/// An encoder connected to a decoder.
struct CodingLoop: ~Copyable {
  private var screen: MaskedScreen
  private var coder: FrameEncoder
  private(set) var decoder: FrameDecoder

  init(width: Int, height: Int, options: CodingOptions = CodingOptions()) throws {
    let coder = try FrameEncoder(width: width, height: height, options: options)
    let decoder = try FrameDecoder(width: width, height: height, coding: options.entropyCoding)
    screen = MaskedScreen(width: width, height: height)
    self.coder = coder
    self.decoder = decoder
  }

  /// Codes and decodes a frame; returns the decoder's picture.
  @discardableResult
  mutating func send(_ pixels: [Pixel], keyframe: Bool = false) throws -> [UInt8] {
    screen.show(pixels)
    let payload = try coder.encode(screen.frame, keyframe: keyframe)
    try decoder.apply(payload[...], keyframe: keyframe)
    return payload
  }

  func operations(_ name: String) -> Int { decoder.tallies[name]?.operations ?? 0 }
  func pixels(_ name: String) -> Int { decoder.tallies[name]?.pixels ?? 0 }
}
