import ScrimCodec
import ScrimImage
import ScrimPlayer
public import ScrimStore

/// A small picture of a session at a given time, made from a player's picture, so it contains no masked pixel.
public enum Thumbnail {
  /// - Parameters:
  /// - segments: the segments that may be read; all by default.
  ///   - time: nanoseconds on the session's clock; the middle of the middle segment by default.
  /// - width: the maximum width in pixels; the picture's own width if that is smaller.
  /// - Returns: a JPEG; nil if the segment of that time can't be played.
  public static func jpeg(
    of reader: SessionReader, _ segments: Range<Int>? = nil, at time: Int64? = nil, width: Int
  ) -> [UInt8]? {
    let segments = segments ?? 0..<reader.segmentCount
    guard !segments.isEmpty else { return nil }
    let listed = reader.manifest.segments
    let index: Int
    let moment: Int64
    if let time {
      index =
        segments.last { $0 < listed.count && listed[$0].times.lowerBound <= time } ?? segments.lowerBound
      moment = time
    } else {
      index = segments.lowerBound + segments.count / 2
      // The open segment is shown in its present state.
      moment = index < listed.count ? listed[index].times.middle : .max
    }
    guard let picture = picture(of: reader, index, at: moment) else { return nil }
    return small(picture, width)
  }

  private static func picture(of reader: SessionReader, _ index: Int, at time: Int64) -> Picture? {
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

  /// Each pixel is the mean of a square of the picture.
  private static func small(_ picture: Picture, _ width: Int) -> [UInt8]? {
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

extension ClosedRange<Int64> {
  fileprivate var middle: Int64 { lowerBound + (upperBound - lowerBound) / 2 }
}
