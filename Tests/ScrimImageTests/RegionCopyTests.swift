import ScrimImage
import ScrimTestSupport
import Testing

@Suite struct RegionCopyTests {
  /// The copied pixels are those of a frame of the same bytes, and nothing else is written.
  @Test(arguments: PixelFormat.allCases) func copiesThePixelsThatAFrameReads(format: PixelFormat) throws {
    var random = SeededGenerator(seed: 5)
    for _ in 0..<40 {
      let (width, height) = (Int.random(in: 1...40, using: &random), Int.random(in: 1...20, using: &random))
      let stride = width * format.bytesPerPixel + Int.random(in: 0...5, using: &random)
      // The last row has no slack after it.
      let count = stride * (height - 1) + width * format.bytesPerPixel
      let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
      let frame = try Frame(width: width, height: height, stride: stride, format: format, bytes: bytes.span)
      let rects = (0..<Int.random(in: 0...4, using: &random)).map { _ in
        Rect(
          x: .random(in: 0..<width, using: &random), y: .random(in: 0..<height, using: &random), width: width,
          height: height
        ).intersection(Rect(x: 0, y: 0, width: width, height: height))
      }
      let region = Region(union: rects)
      let before = (0..<width * height).map { _ in Pixel.random(in: 0...0xFF_FFFF, using: &random) }
      var expected = before
      for y in 0..<height {
        var row = [Pixel](repeating: 0, count: width)
        var target = row.mutableSpan
        frame.readRow(y, 0..<width, into: &target)
        for x in 0..<width where region.contains(x: x, y: y) { expected[y * width + x] = row[x] }
      }
      var picture = before
      var target = picture.mutableSpan
      region.copyPixels(from: bytes.span, stride: stride, format: format, to: &target, width: width)
      #expect(picture == expected)
      var again = before
      var second = again.mutableSpan
      region.copyPixels(from: picture.span, to: &second, width: width)
      #expect(again == expected)
    }
  }

  @Test func aSetOutsideTheFramebufferTraps() async {
    await #expect(processExitsWith: .failure) {
      let bytes = [UInt8](repeating: 0, count: 15)
      var picture = [Pixel](repeating: 0, count: 4)
      var target = picture.mutableSpan
      Region(Rect(x: 0, y: 0, width: 2, height: 2)).copyPixels(
        from: bytes.span, stride: 8, format: .bgrx, to: &target, width: 2)
    }
    await #expect(processExitsWith: .failure) {
      let bytes = [UInt8](repeating: 0, count: 64)
      var picture = [Pixel](repeating: 0, count: 16)
      var target = picture.mutableSpan
      Region(Rect(x: -1, y: 0, width: 2, height: 2)).copyPixels(
        from: bytes.span, stride: 16, format: .bgrx, to: &target, width: 4)
    }
  }
}
