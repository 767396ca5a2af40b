import Foundation
import ScrimCodec
import ScrimTestSupport
import Testing

@Suite struct PNGEncodeTests {
  static func noise(_ count: Int, seed: UInt64) -> [UInt32] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in UInt32.random(in: 0...UInt32.max, using: &generator) }
  }

  static func chunkNames(_ bytes: [UInt8]) -> [String] {
    var names: [String] = []
    var offset = 8
    while offset < bytes.count {
      let size = bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
      names.append(String(decoding: bytes[offset + 4..<offset + 8], as: UTF8.self))
      offset += size + 12
    }
    return names
  }

  @Test(.enabled(if: Python.hasPillow, "needs python3-pil")) func pillowReadsWrittenFiles() throws {
    let program = """
      import sys
      from PIL import Image
      image = Image.open(sys.argv[1])
      print(image.mode, image.format)
      open(sys.argv[1] + '.raw', 'wb').write(image.convert('RGBA').tobytes('raw', 'BGRA'))
      """
    try Python.withFolder { folder in
      let file = folder.appendingPathComponent("written.png")
      for (width, height) in [(1, 1), (1, 9), (64, 3), (65, 65), (211, 97)] {
        for (encoding, mode) in [(PNG.Encoding.rgb8, "RGB"), (.rgba8, "RGBA"), (.gray8, "L")] {
          for filter in [PNG.Filter.none, .adaptive] {
            var pixels = PNGEncodeTests.noise(width * height, seed: UInt64(width))
            if case .gray8 = encoding { pixels = pixels.map { ($0 & 0xFF) * 0x0101_0101 } }
            let bytes = try PNG.encode(
              pixels.span, width: width, height: height, as: encoding, level: width % 10, filter: filter)
            try Data(bytes).write(to: file)
            #expect(try Python.run(program, [file.path]) == "\(mode) PNG\n")
            let read = try contents(file.appendingPathExtension("raw"))
            let opaque: UInt32 = mode == "RGBA" ? 0 : 0xFF00_0000
            #expect(words(read) == pixels.map { $0 | opaque })
          }
        }
      }
    }
  }

  @Test func roundTripsInThreeKindsOfChunks() throws {
    for level in 0...9 {
      let pixels = PNGEncodeTests.noise(130 * 70, seed: UInt64(level)).map { $0 & 0x00FF_FFFF }
      let bytes = try PNG.encode(pixels.span, width: 130, height: 70, level: level)
      #expect(try PNG.decode(bytes.span).pixels == pixels)
      #expect(Set(PNGEncodeTests.chunkNames(bytes)) == ["IHDR", "IDAT", "IEND"])
    }
    let pixels = PNGEncodeTests.noise(35, seed: 3)
    let bytes = try PNG.encode(pixels.span, width: 5, height: 7, as: .rgba8)
    #expect(try PNG.decode(bytes.span, as: .argb).pixels == pixels)
  }

  @Test func theHighByteHasNoEffect() throws {
    let pixels = PNGEncodeTests.noise(35, seed: 4)
    let other = pixels.map { $0 ^ 0xA500_0000 }
    #expect(
      try PNG.encode(pixels.span, width: 5, height: 7) == PNG.encode(other.span, width: 5, height: 7))
  }

  @Test func colourIsRefusedAsGrey() {
    let pixels: [UInt32] = [0x0001_0101, 0x0001_0102]
    let error = #expect(throws: CodecError.self) {
      try PNG.encode(pixels.span, width: 1, height: 2, as: .gray8)
    }
    #expect(error?.fault == .unsupported)
    #expect(error?.detail == "row 1 has a pixel that is not grey")
  }

  @Test func wrongSizesTrap() async {
    await #expect(processExitsWith: .failure) {
      _ = try PNG.encode([UInt32](repeating: 0, count: 5).span, width: 2, height: 3)
    }
    await #expect(processExitsWith: .failure) {
      _ = try PNG.encode([UInt32]().span, width: 0, height: 3)
    }
  }
}
