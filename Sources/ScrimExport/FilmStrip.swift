import Foundation
import ScrimCodec
import ScrimImage
import ScrimPlayer
import ScrimStore

/// Six pictures of a session for readers without scripts, as markup.
struct FilmStrip {
  private static let count = 6
  /// Pixels along a picture's width at most.
  private static let width = 480

  private let reader: SessionReader
  private let segments: Range<Int>

  init(_ reader: SessionReader, _ segments: Range<Int>) {
    self.reader = reader
    self.segments = segments
  }

  /// Pictures of segments that can't be played are left out.
  var markup: String {
    let listed = reader.manifest.segments[segments]
    guard let start = listed.first?.times.lowerBound, let end = listed.last?.times.upperBound else {
      return ""
    }
    var figures: [String] = []
    for place in 0..<FilmStrip.count {
      let time = start + (end - start) / Int64(2 * FilmStrip.count) * Int64(2 * place + 1)
      guard let picture = picture(at: time), let small = FilmStrip.small(picture) else { continue }
      let seconds = Double(time) / 1e9
      let name = "\(Double(Int(seconds * 10)) / 10) s"
      figures.append(
        "<figure><img alt=\"The screen at \(name)\" src=\"data:image/jpeg;base64,\(Data(small).base64EncodedString())\">"
          + "<figcaption>\(name)</figcaption></figure>")
    }
    return "<div class=\"strip\"><p>Playing this session needs scripts. These pictures are of it.</p>"
      + figures.joined() + "</div>"
  }

  private func picture(at time: Int64) -> Picture? {
    let index = segments.last { reader.manifest.segments[$0].times.lowerBound <= time } ?? segments.lowerBound
    var player = SessionPlayer(reader, segments: index..<index + 1)
    do {
      var isFirst = true
      while let next = try player.nextTime(), isFirst || next <= time {
        isFirst = false
        _ = try player.next()
      }
    } catch { return nil }
    return player.picture
  }

  /// A JPEG of the picture, each pixel the mean of a square of its pixels.
  private static func small(_ picture: Picture) -> [UInt8]? {
    let step = max(1, (picture.width + width - 1) / width)
    let (columns, rows) = (picture.width / step, max(1, picture.height / step))
    guard columns > 0 else { return nil }
    let source = picture.pixels.span
    var pixels: [Pixel] = []
    pixels.reserveCapacity(columns * rows)
    for row in 0..<rows {
      for column in 0..<columns {
        var (red, green, blue): (UInt32, UInt32, UInt32) = (0, 0, 0)
        var count: UInt32 = 0
        for y in row * step..<min(picture.height, (row + 1) * step) {
          for x in column * step..<(column + 1) * step {
            let pixel = source[y * picture.width + x]
            red += pixel >> 16 & 0xFF
            green += pixel >> 8 & 0xFF
            blue += pixel & 0xFF
            count += 1
          }
        }
        pixels.append((red / count) << 16 | (green / count) << 8 | blue / count)
      }
    }
    return try? JPEG.encode(pixels.span, width: columns, height: rows, quality: 78)
  }
}
