import ScrimImage
import ScrimRedact

/// Draws the masks of a session over its pictures, as the page does (`Page/masklayer.js`): as outlines, or as a sketch
/// of the hidden content. It uses only rectangles and kinds, so a sketch contains no more than the masks record
/// does.
enum MaskSketch {
  private static let line: Pixel = 0xB9C0CC
  private static let paper: Pixel = 0xF4F5F7
  private static let bar: Pixel = 0xCFD5DE

  /// - Parameter scale: pixels of the canvas per pixel of the masks.
  static func draw(
    _ masks: [ListedMask], on canvas: inout PictureCanvas, _ style: PictureOptions.Style, scale: Double
  ) {
    if style == .fill { return }
    let width = max(1, Int(scale.rounded()))
    // Large masks first, so that masks inside them remain visible.
    let sorted = masks.enumerated().sorted { a, b in
      let (left, right) = (a.element.rect.area, b.element.rect.area)
      return left != right ? left > right : a.offset < b.offset
    }
    for (_, mask) in sorted {
      // Rounded outward, so that no line of the fill remains beside a sketch.
      func low(_ place: Int) -> Int { Int((Double(place) * scale).rounded(.down)) }
      func high(_ place: Int) -> Int { Int((Double(place) * scale).rounded(.up)) }
      let rect = Rect(
        minX: low(mask.rect.x), minY: low(mask.rect.y), maxX: high(mask.rect.maxX), maxY: high(mask.rect.maxY)
      )
      if style == .outline {
        canvas.frame(rect, line: width, outline(mask.kind))
      } else {
        sketch(mask.kind, rect, on: &canvas, line: width, scale)
      }
    }
  }

  private static func outline(_ kind: MaskKind) -> Pixel {
    switch kind {
    case .text: 0x6EA8FF
    case .image: 0xC490FF
    case .input: 0x4FD1B5
    case .password: 0xFF8F8F
    case .gap, .uncovered: 0x9AA3B2
    case .other: 0xE8B84A
    }
  }

  private static func sketch(
    _ kind: MaskKind, _ rect: Rect, on canvas: inout PictureCanvas, line width: Int, _ scale: Double
  ) {
    let (x, y) = (Double(rect.x), Double(rect.y))
    let (w, h) = (Double(rect.width), Double(rect.height))
    switch kind {
    case .text:
      canvas.fill(rect, paper)
      // Bars of a line's height; the last one is shorter, as in paragraphs.
      let step = max(4, min(h, 20 * scale))
      let lines = max(1, Int((h / step).rounded()))
      for index in 0..<lines {
        let share = lines > 1 && index == lines - 1 ? 0.6 : 1
        round(
          x, y + h * (Double(index) + 0.28) / Double(lines), w * share, h / Double(lines) * 0.44, on: &canvas,
          in: rect, scale)
      }
    case .input:
      canvas.fill(rect, paper)
      canvas.frame(rect, line: width, line)
      round(
        x + 6 * scale, y + h * 0.32, min(w * 0.4, 160 * scale), min(h * 0.36, 9 * scale), on: &canvas,
        in: rect, scale)
    case .password:
      canvas.fill(rect, paper)
      canvas.frame(rect, line: width, line)
      let radius = max(1, min(3.2 * scale, h / 6))
      for index in 0..<8 where Double(index + 1) * radius * 3 + 6 * scale < w {
        canvas.paint(
          around: x + 8 * scale + (Double(index) + 0.5) * radius * 3, y + h / 2, reach: radius + 1, 0x8C95A4,
          clip: rect
        ) { Shape.disc($0, $1, radius: radius) }
      }
    case .image:
      canvas.fill(rect, paper)
      canvas.frame(rect, line: width, line)
      canvas.paint(in: rect, line) { px, py in
        min(
          Shape.line(px, py, from: (x, y), to: (x + w, y + h), width: Double(width)),
          Shape.line(px, py, from: (x + w, y), to: (x, y + h), width: Double(width)))
      }
    case .gap, .uncovered, .other:
      canvas.fill(rect, 0xECEEF2)
      let step = 12 * scale
      canvas.paint(in: rect, 0xDFE3E9) { px, py in
        let along = (px - x + py - y).truncatingRemainder(dividingBy: step)
        return min(along, step - along) / 2.0.squareRoot() - Double(width) / 2
      }
    }
  }

  /// A bar with round ends within a mask.
  private static func round(
    _ x: Double, _ y: Double, _ width: Double, _ height: Double, on canvas: inout PictureCanvas,
    in mask: Rect,
    _ scale: Double
  ) {
    let (width, height) = (max(1, width), max(1, height))
    let box = Rect(
      minX: Int(x.rounded(.down)), minY: Int(y.rounded(.down)), maxX: Int((x + width).rounded(.up)),
      maxY: Int((y + height).rounded(.up))
    ).intersection(mask)
    canvas.paint(in: box, bar) { px, py in
      Shape.bar(
        px - x, py - y, width: width, height: height, radius: min(width / 2, height / 2, 3 * scale))
    }
  }
}
