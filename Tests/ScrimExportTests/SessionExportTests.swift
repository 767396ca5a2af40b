import Foundation
import ScrimCodec
import ScrimFormat
import ScrimImage
import ScrimStore
import ScrimTestSupport
import Testing

@testable import ScrimExport

/// Records its calls.
private struct Notes: PictureForm {
  static var isMoving: Bool { false }
  var frames: [ShownFrame] = []
  var end: Int64?

  mutating func add(_ picture: borrowing Picture, _ shown: ShownFrame) throws(ExportError) {
    frames.append(shown)
  }
  mutating func finish(at end: Int64) throws(ExportError) { self.end = end }
}

private struct MovingNotes: PictureForm {
  static var isMoving: Bool { true }
  var frames: [ShownFrame] = []
  var end: Int64?

  mutating func add(_ picture: borrowing Picture, _ shown: ShownFrame) throws(ExportError) {
    frames.append(shown)
  }
  mutating func finish(at end: Int64) throws(ExportError) { self.end = end }
}

/// Three segments of frames at uneven times: 0, 1.1, 2.2; 5, 6.1, 7.2; 10, 11.1, 12.2 seconds; every third frame changes
/// nothing.
@Suite struct SessionExportTests {
  let temporary: TemporaryFolder
  let reader: SessionReader

  init() throws {
    temporary = try TemporaryFolder()
    let folder = SessionFolder(path: temporary.path + "/s")
    let header = SegmentHeader(
      session: SessionID([UInt8](repeating: 7, count: 16)), start: 0, width: 4, height: 4, policy: .zero,
      producer: "tests")
    var writer = try folder.create(header)
    for index in 0..<3 {
      var segment = try SegmentWriter(header: header)
      var deflater = try Deflater()
      for place in 0..<3 {
        try segment.append(
          FrameRecord(
            time: Int64(index) * 5_000_000_000 + Int64(place) * 1_100_000_000, number: index * 3 + place,
            isKey: place == 0, coded: place == 2 ? [] : Self.fill(UInt8(index * 3 + place), &deflater)))
      }
      try writer.begin(segment)
      try writer.seal()
    }
    _ = try writer.finish()
    reader = try folder.read()
  }

  /// A frame of one operation: the whole picture in one colour.
  private static func fill(_ colour: UInt8, _ deflater: inout Deflater) -> [UInt8] {
    var piece: [UInt8] = []
    deflater.append([12, 1, 0, 0, 0, 0, 4, 0, 4, 0, colour, 0, 0].span, flush: .sync, to: &piece)
    return [UInt8(piece.count)] + piece + [0]
  }

  private func run<Form: PictureForm>(_ form: Form, _ range: ExportRange) throws(ExportError) -> Form {
    var form = form
    _ = try SessionExport(reader, range).run(into: &form) { _ in true }
    return form
  }

  private func seconds(_ frames: [ShownFrame]) -> [Double] { frames.map { Double($0.time) / 1e9 } }

  @Test func everyFrameComesInItsTime() throws {
    let notes = try run(Notes(), ExportRange())
    #expect(seconds(notes.frames) == [0, 1.1, 2.2, 5, 6.1, 7.2, 10, 11.1, 12.2])
    #expect(notes.frames.map(\.number) == Array(0..<9))
    #expect(notes.frames.map(\.isChanged) == [true, true, false, true, true, false, true, true, false])
    #expect(notes.end == 12_200_000_000)
    let moving = try run(MovingNotes(), ExportRange())
    #expect(moving.frames == notes.frames && moving.end == notes.end)
  }

  @Test func aPartHasItsFramesOnly() throws {
    let range = ExportRange(from: 1_100_000_000, until: 6_100_000_000)
    #expect(seconds(try run(Notes(), range).frames) == [1.1, 2.2, 5])
    // A video begins with the picture shown at the requested start.
    let film = try run(MovingNotes(), ExportRange(from: 4_000_000_000, until: 6_000_000_000))
    #expect(seconds(film.frames) == [4, 5] && film.frames.map(\.number) == [2, 3])
    #expect(film.end == 6_000_000_000)
    #expect(film.frames.first?.isChanged == true)
  }

  /// A part between two segments shows the picture of the one before, to its end.
  @Test func aGapShowsWhatWasBefore() throws {
    let gap = ExportRange(from: 3_000_000_000, until: 4_500_000_000)
    let film = try run(MovingNotes(), gap)
    #expect(seconds(film.frames) == [3] && film.frames.map(\.number) == [2] && film.end == 4_500_000_000)
    #expect(throws: ExportError.self) { try run(Notes(), gap) }
    let each = try run(Notes(), ExportRange(from: 3_000_000_000, until: 4_500_000_000, every: 500_000_000))
    #expect(seconds(each.frames) == [3, 3.5, 4] && each.frames.map(\.number) == [2, 2, 2])
  }

  @Test func segmentsOutsideThePartAreNotRead() throws {
    try temporary.remove("s/segments/00000000.scrim")
    try temporary.remove("s/segments/00000001.scrim")
    #expect(seconds(try run(Notes(), ExportRange(from: 9_000_000_000)).frames) == [10, 11.1, 12.2])
    #expect(throws: ExportError.self) { try run(MovingNotes(), ExportRange(from: 9_000_000_000)) }
  }

  @Test func oneEachSoManySeconds() throws {
    let all = try run(Notes(), ExportRange(every: 3_000_000_000))
    #expect(seconds(all.frames) == [0, 3, 6, 9, 12] && all.frames.map(\.number) == [0, 2, 3, 5, 7])
    let part = try run(Notes(), ExportRange(from: -500_000_000, until: 6_000_000_000, every: 2_000_000_000))
    #expect(seconds(part.frames) == [1.5, 3.5, 5.5] && part.frames.map(\.number) == [1, 2, 3])
    let dense = try run(Notes(), ExportRange(from: 5_000_000_000, until: 6_000_000_000, every: 400_000_000))
    #expect(seconds(dense.frames) == [5, 5.4, 5.8] && dense.frames.map(\.isChanged) == [true, false, false])
  }

  @Test func whereThereIsNothingItSaysSo() throws {
    #expect(throws: ExportError.self) { try run(Notes(), ExportRange(from: 13_000_000_000)) }
    #expect(throws: ExportError.self) { try run(MovingNotes(), ExportRange(from: 13_000_000_000)) }
    #expect(throws: ExportError.self) {
      try run(Notes(), ExportRange(from: 2_300_000_000, until: 4_900_000_000))
    }
  }

  @Test func aFilmsDurationsNeverDrift() throws {
    var random = SeededGenerator(seed: 5)
    var sequence = DeltaSequence(width: 4, height: 4, tick: 10_000_000, least: 2)
    var (time, total): (Int64, Int) = (0, 0)
    for step in 0..<5_000 {
      let picture = Picture(width: 4, height: 4, filledWith: Pixel(step))
      if let delta = sequence.finished(by: picture, at: time) {
        #expect(delta.ticks >= 2)
        total += delta.ticks
        sequence.advance(to: picture, at: time)
        #expect(abs(Int64(total) * 10_000_000 - time) <= 5_000_000)
      }
      time += .random(in: 1_000_000...90_000_000, using: &random)
    }
    total += sequence.last(until: time)?.ticks ?? 0
    #expect(abs(Int64(total) * 10_000_000 - time) <= 25_000_000)
  }

  @Test func aDeltaIsTheSmallestRectangle() throws {
    var sequence = DeltaSequence(width: 9, height: 7, tick: 1, least: 1)
    var picture = Picture(width: 9, height: 7)
    let none = sequence.finished(by: picture, at: 0)
    #expect(none == nil)
    picture.pixels[2 * 9 + 3] = 1
    picture.pixels[5 * 9 + 7] = 2
    let first = sequence.finished(by: picture, at: 1)
    #expect(first?.isFirst == true && first?.rect == Rect(x: 0, y: 0, width: 9, height: 7))
    sequence.advance(to: picture, at: 1)
    let same = sequence.finished(by: picture, at: 2)
    #expect(same == nil, "what looks the same is shown on")
    let second = try #require(sequence.last(until: 9))
    #expect(second.rect == Rect(x: 3, y: 2, width: 5, height: 4) && second.ticks == 8)
  }
}

@Suite struct MedianCutTests {
  @Test func fewColoursAreThemselves() {
    let cut = MedianCut(of: [5, 5, 9, .max, 7], limit: 3)
    #expect(cut.colours == [5, 7, 9] && cut.index(of: 9) == 2)
  }

  @Test func manyColoursAreNearThemselves() {
    var random = SeededGenerator(seed: 3)
    let pixels = (0..<20_000).map { _ in Pixel.random(in: 0...0xFF_FFFF, using: &random) }
    let cut = MedianCut(of: pixels, limit: 255)
    #expect(cut.colours.count == 255)
    let distance = pixels.reduce(0) { sum, pixel in
      let chosen = cut.colours[Int(cut.index(of: pixel))]
      return sum + [16, 8, 0].reduce(0) { $0 + abs(Int(pixel >> $1 & 255) - Int(chosen >> $1 & 255)) }
    }
    #expect(distance / pixels.count < 60)
  }
}
