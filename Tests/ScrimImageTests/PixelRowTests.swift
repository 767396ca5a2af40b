import ScrimImage
import ScrimTestSupport
import Testing

/// Compares the loops over rows with the plainest Swift.
@Suite struct PixelRowTests {
  @Test func differencesAreFoundAtEveryPlaceOfEveryLength() {
    var random = SeededGenerator(seed: 6)
    for count in Array(0...70) + [255, 1024, 4097] {
      let row = (0..<count).map { _ in Pixel.random(in: 0...Pixel.max, using: &random) }
      let differsFromItself = PixelRow.differs(row.span, row.span)
      #expect(!differsFromItself)
      for place in count <= 70 ? Array(0..<count) : [0, count / 2, count - 1] {
        let bit = Pixel(1) << Pixel.random(in: 0..<32, using: &random)
        var other = row
        other[place] ^= bit
        // The macro can't contain spans.
        let differs = PixelRow.differs(row.span, other.span)
        let differsInColour = PixelRow.differs(row.span, other.span, in: 0x00FF_FFFF)
        let isMixed = PixelRow.differs(row.span, from: row[place])
        #expect(differs)
        #expect(differsInColour == (bit & 0x00FF_FFFF != 0))
        #expect(isMixed == row.contains { $0 != row[place] })
      }
    }
  }

  @Test func rowsOfOtherLengthsTrap() async {
    await #expect(processExitsWith: .failure) {
      let short: [Pixel] = [1]
      let long: [Pixel] = [1, 2]
      _ = PixelRow.differs(short.span, long.span)
    }
  }

  @Test func aDifferingFrameIsDetected() throws {
    var random = SeededGenerator(seed: 7)
    for format in PixelFormat.allCases {
      let (width, height, stride) = (37, 2, 37 * format.bytesPerPixel + 4)
      let bytes = (0..<stride * height).map { _ in UInt8.random(in: 0...255, using: &random) }
      let frame = try Frame(width: width, height: height, stride: stride, format: format, bytes: bytes.span)
      var picture = [Pixel](repeating: 0, count: width * height)
      for y in 0..<height {
        var whole = picture.mutableSpan
        var target = whole._mutatingExtracting(y * width..<(y + 1) * width)
        frame.readRow(y, 0..<width, into: &target)
      }
      let mayDiffer = frame.mayDiffer(0..<height, 0..<width, from: picture.span)
      #expect(!mayDiffer || (format != .bgrx && format != .bgra))
      for place in 0..<width {
        var other = picture
        other[width + place] ^= 1 << Pixel.random(in: 0..<24, using: &random)
        func answer(_ ys: Range<Int>, _ xs: Range<Int>) -> Bool { frame.mayDiffer(ys, xs, from: other.span) }
        let isFound = [answer(1..<2, 0..<width), answer(0..<height, place..<width)]
        #expect(isFound == [true, true])
        guard format == .bgrx || format == .bgra else { continue }
        let isElsewhere = [answer(0..<1, 0..<width), answer(0..<height, place + 1..<width)]
        #expect(isElsewhere == [false, false])
      }
    }
  }

  /// A row is copied as if pixel by pixel, whatever the padding contains, and the changed tiles are marked.
  @Test(arguments: PixelFormat.allCases) func aRowIsTakenOverWhereItDiffers(format: PixelFormat) throws {
    var random = SeededGenerator(seed: 9)
    for _ in 0..<120 {
      let (width, height) = (Int.random(in: 1...150, using: &random), 3)
      let stride = width * format.bytesPerPixel + Int.random(in: 0...5, using: &random)
      let side = [1, 16, 64].randomElement(using: &random) ?? 1
      let bytes = (0..<stride * height).map { _ in UInt8.random(in: 0...255, using: &random) }
      let frame = try Frame(width: width, height: height, stride: stride, format: format, bytes: bytes.span)
      let y = Int.random(in: 0..<height, using: &random)
      let left = Int.random(in: 0...width, using: &random)
      let xs = left..<Int.random(in: left...width, using: &random)
      var row = [Pixel](repeating: 0, count: width)
      var span = row.mutableSpan
      frame.readRow(y, 0..<width, into: &span)
      var before = [Pixel](repeating: 7, count: width * height)
      for x in 0..<width { before[y * width + x] = row[x] }
      for _ in 0..<Int.random(in: 0...3, using: &random) {
        before[.random(in: 0..<before.count, using: &random)] ^= 1 << Pixel.random(in: 0..<24, using: &random)
      }
      var expected = before
      var expectedMarks = [UInt8](repeating: 0, count: (width + side - 1) / side)
      for x in xs where before[y * width + x] != row[x] {
        expected[y * width + x] = row[x]
        expectedMarks[x / side] = 1
      }
      var picture = before
      var marks = [UInt8](repeating: 0, count: expectedMarks.count)
      var scratch = [Pixel](repeating: 0, count: width)
      var target = picture.mutableSpan
      let changed = frame.update(&target, y, xs, row: &scratch, side: side, marks: &marks)
      #expect(picture == expected && marks == expectedMarks && changed == expectedMarks.contains(1))
    }
  }

  @Test func aTileColumnWithoutAMarkTraps() async {
    await #expect(processExitsWith: .failure) {
      var (picture, marks) = ([Pixel](repeating: 0, count: 65), [UInt8](repeating: 0, count: 1))
      let row = picture
      var target = picture.mutableSpan
      _ = PixelRow.update(&target, at: 0, with: row.span, origin: 0, side: 64, marks: &marks)
    }
  }

  /// Frames with slack after their rows, and garbage in their padding bytes, differ only where their pixels
  /// do.
  @Test func framesThatDifferSaySo() throws {
    var random = SeededGenerator(seed: 8)
    for format in [PixelFormat.bgrx, .bgra, .rgbx, .gray8] {
      let (width, height, size) = (37, 2, format.bytesPerPixel)
      func frame(_ stride: Int, _ change: (x: Int, bits: UInt8)?) throws -> Frame {
        var bytes = (0..<stride * height).map { _ in UInt8.random(in: 0...255, using: &random) }
        for y in 0..<height {
          for byte in 0..<width * size where size == 1 || byte % 4 != 3 {
            bytes[y * stride + byte] = UInt8(truncatingIfNeeded: byte &* 31 &+ y)
          }
        }
        if let change { bytes[stride + change.x * size] ^= change.bits }
        return try Frame(width: width, height: height, stride: stride, format: format, bytes: bytes.span)
      }
      let a = try frame(width * size + 4, nil)
      let isExact = format == .bgrx || format == .bgra
      for x in 0..<width {
        let b = try frame(width * size + 12, (x, 1 << UInt8.random(in: 0..<8, using: &random)))
        let isFound = [a.mayDiffer(1, 0..<width, from: b), a.mayDiffer(1, x..<x + 1, from: b)]
        #expect(isFound == [true, true])
        let isElsewhere = [a.mayDiffer(0, 0..<width, from: b), a.mayDiffer(1, x + 1..<width, from: b)]
        #expect(isElsewhere == [!isExact, !isExact])
      }
    }
  }
}
