import ScrimCodec
import ScrimFormat
import ScrimImage
import ScrimRedact
import ScrimStore
import ScrimTestSupport

/// A session of rectangles that are filled one after the other, and the pictures that it shows.
struct SampleSession {
  let temporary: TemporaryFolder
  let reader: SessionReader
  /// By frame.
  private(set) var pictures: [Picture] = []
  private(set) var times: [Int64] = []

  static let start: Int64 = 1_700_000_000_000_000_000

  /// - Parameters:
  ///   - frames: 100 to 300 ms apart.
  ///   - perSegment: frames of a segment.
  init(
    width: Int, height: Int, frames: Int, perSegment: Int = 40, seed: UInt64 = 1, masks: [ListedMask] = [],
    events: [EventRecord] = []
  ) throws {
    temporary = try TemporaryFolder()
    let folder = SessionFolder(path: temporary.path + "/s")
    let header = SegmentHeader(
      session: SessionID([UInt8](repeating: 7, count: 16)), start: Self.start, width: width, height: height,
      policy: .zero, producer: "tests")
    var writer = try folder.create(header)
    var random = SeededGenerator(seed: seed)
    var picture = Picture(width: width, height: height)
    var time: Int64 = 40_000_000
    var pending = events
    for first in stride(from: 0, to: frames, by: perSegment) {
      var segment = try SegmentWriter(header: header)
      var deflater = try Deflater()
      for number in first..<min(frames, first + perSegment) {
        let isKey = number == first
        // A keyframe begins from an empty picture.
        let whole = Rect(x: 0, y: 0, width: width, height: height)
        let rect =
          isKey || Int.random(in: 0..<12, using: &random) == 0 ? whole : Self.rect(in: whole, &random)
        let colour = Pixel.random(in: 0...0xFF_FFFF, using: &random)
        var canvas = PictureFill(picture: picture)
        canvas.fill(rect, colour)
        picture = canvas.picture
        var piece: [UInt8] = []
        var operation: [UInt8] = [12, 1]
        for side in [rect.x, rect.y, rect.width, rect.height] {
          operation += [UInt8(truncatingIfNeeded: side), UInt8(truncatingIfNeeded: side >> 8)]
        }
        operation += [0, 8, 16].map { UInt8(truncatingIfNeeded: colour >> $0) }
        deflater.append(operation.span, flush: .sync, to: &piece)
        var record = FrameRecord(
          time: time, number: number, isKey: isKey, coded: [UInt8(piece.count)] + piece + [0])
        if isKey, !masks.isEmpty { record.masks = MasksRecord(all: masks) }
        try segment.append(record)
        while let event = pending.first, event.time <= time {
          try segment.append(pending.removeFirst())
          _ = event
        }
        pictures.append(picture)
        times.append(time)
        time += .random(in: 100_000_000...300_000_000, using: &random)
      }
      try writer.begin(segment)
      try writer.seal()
    }
    _ = try writer.finish()
    reader = try folder.read()
  }

  private static func rect(in all: Rect, _ random: inout SeededGenerator) -> Rect {
    let (x, y) = (
      Int.random(in: 0..<all.width, using: &random), Int.random(in: 0..<all.height, using: &random)
    )
    return Rect(
      x: x, y: y, width: .random(in: 1...all.width - x, using: &random),
      height: .random(in: 1...all.height - y, using: &random))
  }
}

private struct PictureFill {
  var picture: Picture

  mutating func fill(_ rect: Rect, _ colour: Pixel) {
    for y in rect.y..<rect.maxY {
      for x in rect.x..<rect.maxX { picture.pixels[y * picture.width + x] = colour }
    }
  }
}
