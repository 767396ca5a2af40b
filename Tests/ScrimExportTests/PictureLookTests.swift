import ScrimFormat
import ScrimImage
import ScrimRedact
import ScrimTestSupport
import Testing

@testable import ScrimExport

/// Keeps what it is given.
private struct Pictures: PictureForm {
  static var isMoving: Bool { true }
  var list: [(time: Int64, picture: Picture)] = []

  mutating func add(_ picture: borrowing Picture, _ shown: ShownFrame) throws(ExportError) {
    list.append((shown.time, copy picture))
  }
  mutating func finish(at end: Int64) throws(ExportError) {}
}

@Suite struct PictureScaleTests {
  @Test(arguments: [0.05, 0.1, 0.3, 0.5, 0.77, 1, 1.5, 2, 4])
  func oneColourStaysItself(scale: Double) {
    var options = PictureOptions()
    options.scale = scale
    let picture = Picture(width: 37, height: 23, filledWith: 0xFF_01FE)
    let scaled = picture.resized(width: options.scaled(37), height: options.scaled(23))
    #expect(scaled.pixels.allSatisfy { $0 == 0xFF_01FE })
  }

  /// Against the mean, pixel by pixel of a picture that is larger by a whole factor.
  @Test func smallerIsTheMean() {
    var random = SeededGenerator(seed: 4)
    var picture = Picture(width: 30, height: 18)
    for index in picture.pixels.indices { picture.pixels[index] = .random(in: 0...0xFF_FFFF, using: &random) }
    // A third of the width and two fifths of the height: pixels are shared by two.
    let (width, height) = (10, 7)
    let scaled = picture.resized(width: width, height: height)
    for y in 0..<height {
      for x in 0..<width {
        var sums = [0.0, 0.0, 0.0]
        // Each pixel as 7 × 1 equal parts of a row.
        for part in y * 18..<(y + 1) * 18 {
          for column in x * 3..<x * 3 + 3 {
            let pixel = picture.pixels[part / 7 * 30 + column]
            for (index, shift) in [Pixel(16), 8, 0].enumerated() {
              sums[index] += Double(pixel >> shift & 255)
            }
          }
        }
        for (index, shift) in [Pixel(16), 8, 0].enumerated() {
          let seen = Double(scaled.pixels[y * width + x] >> shift & 255)
          #expect(abs(seen - sums[index] / 54) <= 0.51, "\(x), \(y)")
        }
      }
    }
  }

  @Test func largerRepeatsPixels() {
    var picture = Picture(width: 3, height: 2)
    for index in picture.pixels.indices { picture.pixels[index] = Pixel(index) * 0x010203 }
    let scaled = picture.resized(width: 6, height: 4)
    for y in 0..<4 {
      for x in 0..<6 { #expect(scaled.pixels[y * 6 + x] == picture.pixels[y / 2 * 3 + x / 2]) }
    }
  }
}

@Suite struct MaskSketchTests {
  private func randomMasks(_ random: inout SeededGenerator, _ width: Int, _ height: Int) -> [ListedMask] {
    (0..<12).map { index in
      let (x, y) = (Int.random(in: 0..<width, using: &random), Int.random(in: 0..<height, using: &random))
      let rect = Rect(
        x: x, y: y, width: .random(in: 1...width - x, using: &random),
        height: .random(in: 1...height - y, using: &random))
      return ListedMask(
        rect: rect, kind: MaskKind.allCases[index % MaskKind.allCases.count], reason: .default)
    }
  }

  private func noise(_ random: inout SeededGenerator, _ width: Int, _ height: Int) -> Picture {
    var picture = Picture(width: width, height: height)
    for index in picture.pixels.indices { picture.pixels[index] = .random(in: 0...0xFF_FFFF, using: &random) }
    return picture
  }

  /// A sketch hides what was below it, whatever that was, and leaves all else as it is.
  @Test(arguments: 1...30) func nothingOutsideIsTouchedAndNothingBelowShines(seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    let (width, height) = (90, 70)
    let masks = randomMasks(&random, width, height)
    let pictures = [noise(&random, width, height), noise(&random, width, height)]
    let drawn = pictures.map { picture in
      var canvas = PictureCanvas(picture)
      MaskSketch.draw(masks, on: &canvas, .wireframe, scale: 1)
      return canvas.picture
    }
    for y in 0..<height {
      for x in 0..<width {
        let place = y * width + x
        if masks.contains(where: { $0.rect.contains(x: x, y: y) }) {
          #expect(drawn[0].pixels[place] == drawn[1].pixels[place])
        } else {
          #expect(drawn[0].pixels[place] == pictures[0].pixels[place])
        }
      }
    }
  }

  @Test func outlinesAreOfTheirKind() {
    var canvas = PictureCanvas(Picture(width: 40, height: 30))
    let rect = Rect(x: 5, y: 6, width: 20, height: 10)
    MaskSketch.draw([ListedMask(rect: rect, kind: .input, reason: .rule)], on: &canvas, .outline, scale: 1)
    for y in 0..<30 {
      for x in 0..<40 {
        let isEdge =
          rect.contains(x: x, y: y) && !rect.padded(by: -1).contains(x: x, y: y)
        #expect(canvas.picture.pixels[y * 40 + x] == (isEdge ? 0x4FD1B5 : 0))
      }
    }
  }

  @Test func scaledSketchesCoverScaledMasks() {
    var canvas = PictureCanvas(Picture(width: 15, height: 15, filledWith: 1))
    let mask = ListedMask(rect: Rect(x: 5, y: 5, width: 10, height: 10), kind: .other, reason: .rule)
    MaskSketch.draw([mask], on: &canvas, .wireframe, scale: 0.5)
    // 2.5 to 7.5, rounded outward.
    for y in 0..<15 {
      for x in 0..<15 {
        let isIn = (2..<8).contains(x) && (2..<8).contains(y)
        #expect((canvas.picture.pixels[y * 15 + x] == 1) == !isIn, "\(x), \(y)")
      }
    }
  }
}

@Suite struct PictureRendererTests {
  private func run(_ session: SampleSession, _ set: (inout PictureOptions) -> Void) throws -> Pictures {
    var options = PictureOptions()
    set(&options)
    var form = Pictures()
    _ = try SessionExport(session.reader, ExportRange(), options).run(into: &form) { _ in true }
    return form
  }

  private func event(_ type: String, _ milliseconds: Int64, _ x: Int, _ y: Int) -> EventRecord {
    EventRecord(
      time: milliseconds * 1_000_000, json: Array(#"{"type":"\#(type)","x":\#(x),"y":\#(y)}"#.utf8))
  }

  @Test func plainPicturesAreThePlayers() throws {
    let session = try SampleSession(width: 40, height: 30, frames: 12, perSegment: 5)
    let shown = try run(session) { _ in }
    #expect(shown.list.map(\.picture) == session.pictures && shown.list.map(\.time) == session.times)
  }

  @Test func masksAreDrawnOverEveryPicture() throws {
    let mask = ListedMask(rect: Rect(x: 4, y: 4, width: 20, height: 12), kind: .image, reason: .default)
    let session = try SampleSession(width: 40, height: 30, frames: 12, perSegment: 5, masks: [mask])
    let shown = try run(session) { $0.style = .wireframe }
    #expect(shown.list.count == 12)
    for (index, entry) in shown.list.enumerated() {
      #expect(entry.picture.pixels[5 * 40 + 14] == 0xF4F5F7, "the paper of an image")
      #expect(entry.picture.pixels[20 * 40 + 30] == session.pictures[index].pixels[20 * 40 + 30])
    }
  }

  @Test func thePointerMovesBetweenFrames() throws {
    let events = [event("move", 41, 5, 5), event("move", 70, 20, 5), event("button", 100, 20, 20)]
    let session = try SampleSession(width: 60, height: 60, frames: 3, events: events)
    let shown = try run(session) { $0.showsPointer = true }
    // Frames, the raster's moments behind each event, and the fading of a press.
    #expect(shown.list.count > 8)
    #expect(zip(shown.list, shown.list.dropFirst()).allSatisfy { $0.time < $1.time })
    // The arrow's dark body lies right below its tip.
    func isArrow(_ picture: Picture, _ x: Int, _ y: Int) -> Bool {
      picture.pixels[(y + 6) * picture.width + x + 2] == 0x14181F
    }
    let before = try #require(shown.list.last { $0.time < 80_000_000 })
    #expect(before.time == 40_000_000 && !isArrow(before.picture, 5, 5))
    let moved = try #require(shown.list.first { $0.time == 80_000_000 })
    #expect(isArrow(moved.picture, 20, 5))
    let last = try #require(shown.list.last)
    #expect(isArrow(last.picture, 20, 20))
  }

  @Test func theSizeIsTheScaled() throws {
    let session = try SampleSession(width: 41, height: 30, frames: 3)
    var options = PictureOptions()
    options.scale = 0.5
    #expect(try SessionExport(session.reader, ExportRange(), options).size == (21, 15))
    let shown = try run(session) { $0.scale = 0.5 }
    #expect(shown.list.allSatisfy { $0.picture.width == 21 && $0.picture.height == 15 })
  }

  @Test func theLastSecondsBeginSoManyBeforeTheEnd() throws {
    let session = try SampleSession(width: 8, height: 8, frames: 30, perSegment: 7)
    let end = try #require(session.times.last)
    #expect(ExportRange.from(last: 1_500_000_000, of: session.reader) == end - 1_500_000_000)
  }
}
