import ScrimCodec
public import ScrimImage
public import ScrimRedact

/// Shows people what was masked and why: the redacted picture with the outline of every mask in the colour
/// of its reason, and a legend below.
///
/// It is made from a masked picture, never from a source, and contains nothing of a widget but its
/// position.
public struct Preview: Sendable {
  /// Pixels.
  public let width: Int
  public let height: Int
  /// `width × height` pixels `0x00RRGGBB`.
  public private(set) var pixels: [Pixel]

  /// - Parameters:
  ///   - frame: the masked picture.
  ///   - masks: of the frame's plan.
  ///   - judged: pixels that the gap guard masked in addition.
  public init(of frame: borrowing MaskedFrame, masks: [MaskPlan.Mask], judged: Region = Region()) {
    let span = frame.pixels
    var picture: [Pixel] = []
    picture.reserveCapacity(span.count)
    for index in span.indices { picture.append(span[index]) }
    self.init(picture, width: frame.width, height: frame.height, masks: masks, judged: judged)
  }

  /// The same for a single image; a transparent one is composed on white.
  init(of image: borrowing MaskedImage, masks: [MaskPlan.Mask], judged: Region = Region()) {
    self.init(
      image.flattened(on: 0x00FF_FFFF), width: image.width, height: image.height, masks: masks, judged: judged
    )
  }

  /// A PNG file.
  package func encoded() throws(Refusal) -> [UInt8] {
    do throws(CodecError) {
      return try PNG.encode(pixels.span, width: width, height: height, level: 1)
    } catch {
      throw Refusal(error)
    }
  }

  private init(_ picture: [Pixel], width: Int, height: Int, masks: [MaskPlan.Mask], judged: Region) {
    let lines = Preview.legend(masks, judged)
    // Small letters are illegible on a large screen.
    let scale = width >= 1000 ? 2 : 1
    let letters = lines.map { $0.text.count }.max() ?? 0
    let lineHeight = (PreviewFont.height + 3) * scale
    let margin = 4 * scale
    let legendWidth = 2 * margin + (letters + 2) * (PreviewFont.width + 1) * scale
    self.width = max(width, legendWidth)
    self.height = height + (lines.isEmpty ? 0 : 2 * margin + lines.count * lineHeight)
    pixels = [Pixel](repeating: 0x0020_2020, count: self.width * self.height)
    for y in 0..<height {
      for x in 0..<width { pixels[y * self.width + x] = picture[y * width + x] }
    }
    let bounds = Rect(x: 0, y: 0, width: width, height: height)
    for mask in masks { outline(mask.rect.intersection(bounds), Preview.colour(of: mask.reason)) }
    for band in judged.bands {
      for xs in judged.spans[band.firstSpan..<band.endSpan] {
        let part = Rect(minX: xs.lowerBound, minY: band.minY, maxX: xs.upperBound, maxY: band.maxY)
        outline(part.intersection(bounds), Preview.guardColour)
      }
    }
    for (index, line) in lines.enumerated() {
      let y = height + margin + index * lineHeight
      let side = PreviewFont.height * scale
      fill(Rect(x: margin, y: y, width: side, height: side), line.colour)
      write(line.text, x: margin + 2 * (PreviewFont.width + 1) * scale, y: y, scale: scale)
    }
  }

  private static let guardColour: Pixel = 0x00C0_8040

  static func colour(of reason: MaskReason) -> Pixel {
    switch reason {
    case .mark: 0x00FF_FFFF
    case .callback: 0x0080_FFFF
    case .unreadable: 0x00FF_70A0
    case .rule: 0x0040_A0FF
    case .nature: 0x0000_D060
    case .childless: 0x00FF_E000
    case .unknownRole: 0x00FF_9000
    case .inside: 0x0090_C090
    case .titleBar: 0x00C0_60FF
    case .treelessWindow: 0x00FF_50C0
    case .gap: 0x00A0_7050
    case .uncovered: 0x00A0_A0A0
    case .failedClosed: 0x00FF_2020
    }
  }

  /// The reasons that occur, with their counts: the names that reports use, and for rules their number in
  /// the policy.
  private static func legend(
    _ masks: [MaskPlan.Mask], _ judged: Region
  ) -> [(text: String, colour: Pixel)] {
    var counts: [String: (count: Int, colour: Pixel)] = [:]
    for mask in masks where !mask.rect.isEmpty {
      var name = mask.reason.name
      if case .rule(let index) = mask.reason { name += " \(index)" }
      counts[name, default: (0, colour(of: mask.reason))].count += 1
    }
    var lines = counts.sorted { $0.key < $1.key }.map {
      (text: "\($0.key) \($0.value.count)", colour: $0.value.colour)
    }
    if !judged.isEmpty { lines.append(("gap guard", guardColour)) }
    return lines
  }

  private mutating func fill(_ rect: Rect, _ colour: Pixel) {
    for y in rect.y..<max(rect.y, rect.maxY) {
      for x in rect.x..<max(rect.x, rect.maxX) { pixels[y * width + x] = colour }
    }
  }

  private mutating func outline(_ rect: Rect, _ colour: Pixel) {
    guard !rect.isEmpty else { return }
    fill(Rect(x: rect.x, y: rect.y, width: rect.width, height: 1), colour)
    fill(Rect(x: rect.x, y: rect.maxY - 1, width: rect.width, height: 1), colour)
    fill(Rect(x: rect.x, y: rect.y, width: 1, height: rect.height), colour)
    fill(Rect(x: rect.maxX - 1, y: rect.y, width: 1, height: rect.height), colour)
  }

  private mutating func write(_ text: String, x: Int, y: Int, scale: Int) {
    for (index, character) in text.enumerated() {
      let left = x + index * (PreviewFont.width + 1) * scale
      for (column, bits) in PreviewFont.columns(of: character).enumerated() {
        for row in 0..<PreviewFont.height where bits >> row & 1 == 1 {
          fill(
            Rect(x: left + column * scale, y: y + row * scale, width: scale, height: scale), 0x00FF_FFFF)
        }
      }
    }
  }
}

/// A bitmap font of capital letters and digits, five columns by seven rows.
enum PreviewFont {
  static let width = 5
  static let height = 7

  /// One byte per column, the lowest bit on top; empty for other characters.
  static func columns(of character: Character) -> [UInt8] {
    guard let ascii = character.uppercased().utf8.first else { return [] }
    switch ascii {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): return digits[Int(ascii - UInt8(ascii: "0"))]
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): return letters[Int(ascii - UInt8(ascii: "A"))]
    default: return []
    }
  }

  private static let digits: [[UInt8]] = [
    [0x3E, 0x51, 0x49, 0x45, 0x3E], [0x00, 0x42, 0x7F, 0x40, 0x00], [0x42, 0x61, 0x51, 0x49, 0x46],
    [0x21, 0x41, 0x45, 0x4B, 0x31], [0x18, 0x14, 0x12, 0x7F, 0x10], [0x27, 0x45, 0x45, 0x45, 0x39],
    [0x3C, 0x4A, 0x49, 0x49, 0x30], [0x01, 0x71, 0x09, 0x05, 0x03], [0x36, 0x49, 0x49, 0x49, 0x36],
    [0x06, 0x49, 0x49, 0x29, 0x1E],
  ]

  private static let letters: [[UInt8]] = [
    [0x7E, 0x11, 0x11, 0x11, 0x7E], [0x7F, 0x49, 0x49, 0x49, 0x36], [0x3E, 0x41, 0x41, 0x41, 0x22],
    [0x7F, 0x41, 0x41, 0x22, 0x1C], [0x7F, 0x49, 0x49, 0x49, 0x41], [0x7F, 0x09, 0x09, 0x09, 0x01],
    [0x3E, 0x41, 0x49, 0x49, 0x7A], [0x7F, 0x08, 0x08, 0x08, 0x7F], [0x00, 0x41, 0x7F, 0x41, 0x00],
    [0x20, 0x40, 0x41, 0x3F, 0x01], [0x7F, 0x08, 0x14, 0x22, 0x41], [0x7F, 0x40, 0x40, 0x40, 0x40],
    [0x7F, 0x02, 0x0C, 0x02, 0x7F], [0x7F, 0x04, 0x08, 0x10, 0x7F], [0x3E, 0x41, 0x41, 0x41, 0x3E],
    [0x7F, 0x09, 0x09, 0x09, 0x06], [0x3E, 0x41, 0x51, 0x21, 0x5E], [0x7F, 0x09, 0x19, 0x29, 0x46],
    [0x46, 0x49, 0x49, 0x49, 0x31], [0x01, 0x01, 0x7F, 0x01, 0x01], [0x3F, 0x40, 0x40, 0x40, 0x3F],
    [0x1F, 0x20, 0x40, 0x20, 0x1F], [0x3F, 0x40, 0x38, 0x40, 0x3F], [0x63, 0x14, 0x08, 0x14, 0x63],
    [0x07, 0x08, 0x70, 0x08, 0x07], [0x61, 0x51, 0x49, 0x45, 0x43],
  ]
}
