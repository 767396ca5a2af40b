import ScrimImage
import ScrimTestSupport
import Testing

@Suite struct FrameTests {
  /// A pixel computed from its bytes by the definition of its format.
  static func reference(_ format: PixelFormat, _ bytes: ArraySlice<UInt8>) -> Pixel {
    let b = Array(bytes)
    func pixel(_ red: UInt8, _ green: UInt8, _ blue: UInt8) -> Pixel {
      Pixel(red) << 16 | Pixel(green) << 8 | Pixel(blue)
    }
    switch format {
    case .bgrx, .bgra: return pixel(b[2], b[1], b[0])
    case .rgbx, .rgba: return pixel(b[0], b[1], b[2])
    case .xrgb, .argb: return pixel(b[1], b[2], b[3])
    case .rgb24: return pixel(b[0], b[1], b[2])
    case .bgr24: return pixel(b[2], b[1], b[0])
    case .rgb565:
      let word = Int(b[0]) + Int(b[1]) * 256
      let (red, green, blue) = (word / 2048, word / 32 % 64, word % 32)
      return pixel(
        UInt8(red * 8 + red / 4), UInt8(green * 4 + green / 16), UInt8(blue * 8 + blue / 4))
    case .rgb555:
      let word = Int(b[0]) + Int(b[1]) * 256
      let levels = [word / 1024 % 32, word / 32 % 32, word % 32].map { UInt8($0 * 8 + $0 / 4) }
      return pixel(levels[0], levels[1], levels[2])
    case .gray8: return pixel(b[0], b[0], b[0])
    }
  }

  @Test(arguments: PixelFormat.allCases)
  func everyShapeMatchesTheReference(_ format: PixelFormat) throws {
    var random = SeededGenerator(seed: 2)
    for (width, height) in [(1, 1), (1, 7), (2, 3), (63, 2), (64, 2), (65, 3), (4097, 1)] {
      for slack in [0, 1, 5] {
        let stride = width * format.bytesPerPixel + slack
        let bytes = (0..<stride * height).map { _ in UInt8.random(in: 0...255, using: &random) }
        let frame = try Frame(
          width: width, height: height, stride: stride, format: format, bytes: bytes.span)
        var row = [Pixel](repeating: .max, count: width)
        for y in 0..<height {
          var target = row.mutableSpan
          frame.readRow(y, 0..<width, into: &target)
          for x in 0..<width {
            let start = y * stride + x * format.bytesPerPixel
            #expect(row[x] == FrameTests.reference(format, bytes[start..<start + format.bytesPerPixel]))
          }
        }
      }
    }
  }

  @Test(arguments: [PixelFormat.bgrx, .bgra, .rgbx, .rgba, .xrgb, .argb])
  func paddingBytesAndSlackHaveNoEffect(_ format: PixelFormat) throws {
    var random = SeededGenerator(seed: 3)
    let (width, height, stride) = (5, 4, 23)
    let bytes = (0..<stride * height).map { _ in UInt8.random(in: 0...255, using: &random) }
    var other = bytes
    let padding = format == .xrgb || format == .argb ? 0 : 3
    for y in 0..<height {
      for x in 0..<width { other[y * stride + x * 4 + padding] ^= 0xFF }
      for x in width * 4..<stride { other[y * stride + x] ^= 0xFF }
    }
    let a = try Frame(width: width, height: height, stride: stride, format: format, bytes: bytes.span)
    let b = try Frame(width: width, height: height, stride: stride, format: format, bytes: other.span)
    for y in 0..<height {
      var rowA = [Pixel](repeating: 0, count: width)
      var rowB = rowA
      var target = rowA.mutableSpan
      a.readRow(y, 0..<width, into: &target)
      target = rowB.mutableSpan
      b.readRow(y, 0..<width, into: &target)
      #expect(rowA == rowB)
    }
  }

  @Test func sizesThatDoNotFitAreRefused() {
    let bytes = [UInt8](repeating: 0, count: 100)
    #expect(throws: FrameError.tooFewBytes(needed: 104, given: 100)) {
      try Frame(width: 2, height: 13, stride: 8, format: .bgrx, bytes: bytes.span)
    }
    #expect(throws: FrameError.strideTooSmall(stride: 7, row: 8)) {
      try Frame(width: 2, height: 1, stride: 7, format: .bgrx, bytes: bytes.span)
    }
    #expect(throws: FrameError.emptySize(width: 0, height: 3)) {
      try Frame(width: 0, height: 3, stride: 7, format: .bgrx, bytes: bytes.span)
    }
    #expect(throws: FrameError.self) {
      try Frame(width: 1 << 40, height: 1 << 40, stride: 1 << 50, format: .bgrx, bytes: bytes.span)
    }
    // The last row needs no slack after it.
    #expect(throws: Never.self) {
      try Frame(width: 1, height: 10, stride: 10, format: .rgb24, bytes: bytes.span)
    }
  }

  @Test func readingOutsideTheFrameTraps() async {
    await #expect(processExitsWith: .failure) {
      let frame = Frame(width: 2, height: 2, pixels: [0, 0, 0, 0])
      var row: [Pixel] = [0, 0, 0]
      var target = row.mutableSpan
      frame.readRow(0, 0..<3, into: &target)
    }
  }
}
