import Foundation
import ScrimTestSupport
import Testing

@testable import ScrimCodec

/// The decoders of the common forms, for this kind of processor and for any, against libpng.
@Suite struct PNGPlainTests {
  private struct Shape: CustomStringConvertible {
    var color: PNG.ColorType
    var depth = 8
    var width: Int
    var height: Int
    /// Colours of a palette, and how many of them have an alpha value.
    var colors = 0
    var alphas = 0

    var channels: Int { [.gray: 1, .grayAlpha: 2, .rgb: 3, .rgba: 4][color] ?? 1 }
    var rowBytes: Int { (width * channels * depth + 7) / 8 }
    var description: String { "\(color) \(depth) bits \(width)x\(height) \(colors) colours" }
  }

  private static let forms: [(PNG.ColorType, Int)] = [
    (.gray, 8), (.grayAlpha, 8), (.rgb, 8), (.rgba, 8), (.palette, 1), (.palette, 2), (.palette, 4),
    (.palette, 8),
  ]

  private func shape(
    _ form: (PNG.ColorType, Int), _ width: Int, _ height: Int, using generator: inout SeededGenerator
  ) -> Shape {
    var shape = Shape(color: form.0, depth: form.1, width: width, height: height)
    if form.0 == .palette {
      shape.colors =
        Bool.random(using: &generator) ? 1 << form.1 : .random(in: 1...1 << form.1, using: &generator)
      if Bool.random(using: &generator) { shape.alphas = .random(in: 1...shape.colors, using: &generator) }
    }
    return shape
  }

  /// A file whose image data is cut into pieces, with chunks between that do not affect pixels.
  private func file(_ shape: Shape, _ data: [UInt8], using generator: inout SeededGenerator) -> [UInt8] {
    func noise(_ count: Int) -> [UInt8] {
      (0..<count).map { _ in .random(in: 0 ... .max, using: &generator) }
    }
    var builder = PNGBuilder()
    builder.addHeader(
      width: UInt32(shape.width), height: UInt32(shape.height), depth: UInt8(shape.depth),
      color: shape.color.rawValue)
    if Bool.random(using: &generator) { builder.add("tEXt", Array("Comment\0none".utf8)) }
    if Bool.random(using: &generator) { builder.add("iCCP", [1, 2, 3]) }
    if shape.colors > 0 { builder.add("PLTE", noise(shape.colors * 3)) }
    if shape.alphas > 0 { builder.add("tRNS", noise(shape.alphas)) }
    if Bool.random(using: &generator) { builder.add("pHYs", [0, 0, 0, 1, 0, 0, 0, 1, 0]) }
    var rest = data[...]
    for _ in 0..<Int.random(in: 0...3, using: &generator) {
      let count = Int.random(in: 0...rest.count, using: &generator)
      builder.add("IDAT", Array(rest.prefix(count)))
      rest = rest.dropFirst(count)
    }
    builder.add("IDAT", Array(rest))
    if Bool.random(using: &generator) { builder.add("tIME", [UInt8](repeating: 1, count: 7)) }
    builder.add("IEND", [])
    return builder.bytes
  }

  /// Every filter in turn, over noise, few values, and runs of zeros as in screens.
  private func rows(_ shape: Shape, using generator: inout SeededGenerator) -> [UInt8] {
    var rows: [UInt8] = []
    let mask: UInt8 = Bool.random(using: &generator) ? 0xFF : 0x03
    for _ in 0..<shape.height {
      rows.append(.random(in: 0...4, using: &generator))
      var left = 0
      var isZero = false
      for _ in 0..<shape.rowBytes {
        if left == 0 {
          left = .random(in: 1...60, using: &generator)
          isZero = Bool.random(using: &generator)
        }
        left -= 1
        rows.append(isZero ? 0 : .random(in: 0 ... .max, using: &generator) & mask)
      }
    }
    return rows
  }

  private enum Decoder: CaseIterable { case plain, portable, libpng, any }

  private func decoded(
    _ bytes: [UInt8], _ form: PNG.PixelForm, by decoder: Decoder = .any
  ) -> Result<PNG.Image, CodecError> {
    Result { () throws(CodecError) in
      guard decoder != .any else { return try PNG.decode(bytes.span, as: form) }
      let header = try PNG.header(of: bytes.span)
      let chunks = try PNG.chunks(of: bytes.span)
      let count = header.width * header.height
      var pixels: [UInt32] = []
      if decoder == .libpng {
        let info = try PNG.decodeWithLibPNG(bytes.span, header, chunks, into: &pixels, as: form, count: count)
        return PNG.Image(info: info, pixels: pixels)
      }
      guard
        let info = try PNG.decodePlain(
          bytes.span, header, chunks, into: &pixels, as: form, count: count, portable: decoder == .portable)
      else { throw CodecError(.png, .unsupported, "not plain") }
      return PNG.Image(info: info, pixels: pixels)
    }
  }

  private func isPlain(_ bytes: [UInt8]) -> Bool {
    if case .failure(let error) = decoded(bytes, .rgb, by: .plain), error.detail == "not plain" {
      return false
    }
    return true
  }

  @Test func everyFilterAndFormIsAsLibpngHasIt() throws {
    var generator = SeededGenerator(seed: 11)
    for kind in PNGPlainTests.forms {
      for (width, height) in [
        (1, 1), (1, 7), (2, 5), (3, 11), (5, 9), (16, 10), (33, 20), (127, 16), (500, 12),
      ] {
        for form in [PNG.PixelForm.rgb, .argb] {
          var shape = shape(kind, width, height, using: &generator)
          if shape.colors > 0 { shape.colors = 1 << shape.depth }  // any index is right then
          let data = try PNGBuilder.zlib(rows(shape, using: &generator))
          let file = file(shape, data, using: &generator)
          let expected = try decoded(file, form, by: .libpng).get()
          for decoder in Decoder.allCases where decoder != .libpng {
            let found = try decoded(file, form, by: decoder).get()
            #expect(found.pixels == expected.pixels && found.info == expected.info, "\(shape) \(decoder)")
          }
        }
      }
    }
  }

  /// Image data with bytes changed, cut or added, and corrected chunk checksums.
  @Test func filesThatLibpngRefusesAreRefused() throws {
    var generator = SeededGenerator(seed: 12)
    var refused = 0
    for round in 0..<4000 {
      let shape = shape(
        PNGPlainTests.forms[round % 8], .random(in: 1...20, using: &generator), 8, using: &generator)
      var content = rows(shape, using: &generator)
      if round % 5 == 0 { content[0] = 5 }
      if round % 7 == 0 { content.removeLast() }
      if round % 11 == 0 { content.append(0) }
      var data = try PNGBuilder.zlib(content)
      switch round / 8 % 4 {
      case 0:
        data[.random(in: 1..<data.count, using: &generator)] ^=
          1 << UInt8.random(in: 0...7, using: &generator)
      case 1: data.removeLast(.random(in: 0...min(5, data.count - 1), using: &generator))
      case 2: data += [UInt8](repeating: 7, count: .random(in: 0...3, using: &generator))
      default: break
      }
      let file = file(shape, data, using: &generator)
      guard isPlain(file) else { continue }
      let other = decoded(file, .argb, by: .libpng)
      for decoder in [Decoder.plain, .portable] {
        switch (decoded(file, .argb, by: decoder), other) {
        case (.success(let a), .success(let b)): #expect(a.pixels == b.pixels, "\(round)")
        case (.failure, .failure): refused += 1
        case (.success, .failure(let error)): Issue.record("round \(round) \(shape): libpng says \(error)")
        case (.failure(let error), .success): Issue.record("round \(round) \(shape): only we say \(error)")
        }
      }
    }
    #expect(refused > 2000)
  }

  /// Chunks that libpng would find misplaced or unknown are left to it.
  @Test func uncommonFilesAreLeftToLibpng() throws {
    let data = try PNGBuilder.zlib([0, 1])
    func file(_ chunks: [(String, [UInt8])], color: UInt8 = 3) -> [UInt8] {
      var builder = PNGBuilder()
      builder.addHeader(width: 1, height: 1, color: color)
      for (name, content) in chunks { builder.add(name, content) }
      builder.add("IEND", [])
      return builder.bytes
    }
    let palette: (String, [UInt8]) = ("PLTE", [1, 2, 3, 4, 5, 6])
    #expect(isPlain(file([palette, ("tRNS", [9]), ("IDAT", data)])))
    for chunks in [
      [("IDAT", data)], [("IDAT", data), palette], [palette, palette, ("IDAT", data)],
      [("PLTE", [1, 2, 3, 4]), ("IDAT", data)], [("PLTE", []), ("IDAT", data)],
      [("tRNS", [9]), palette, ("IDAT", data)], [palette, ("tRNS", [1, 2, 3]), ("IDAT", data)],
      [palette, ("tRNS", []), ("IDAT", data)], [palette, ("IDAT", data), ("tRNS", [9])],
      [palette, ("tRNS", [9]), ("tRNS", [9]), ("IDAT", data)], [palette, ("NEWc", []), ("IDAT", data)],
      [palette, ("a1bC", []), ("IDAT", data)], [palette, ("IDAT", data), ("tEXt", []), ("IDAT", [])],
      [palette, ("IHDR", []), ("IDAT", data)],
    ] { #expect(!isPlain(file(chunks)), "\(chunks.map(\.0))") }
    #expect(!isPlain(file([palette, ("IDAT", try PNGBuilder.zlib([0, 1, 2, 3]))], color: 2)))
    #expect(!isPlain(file([("tRNS", [0, 1]), ("IDAT", data)], color: 0)))
  }

  /// libpng finishes the last row before it has read the end of the stream, which may be in a separate
  /// chunk.
  @Test func theStreamMayEndInAChunkOfItsOwn() throws {
    var generator = SeededGenerator(seed: 16)
    // Interlaced, two by two pixels of 8 bits: passes of one, one and two.
    let data = try PNGBuilder.zlib([0, 1, 0, 2, 0, 3, 4])
    for (rest, isWhole) in [([UInt8](), true), ([0], false)] {
      for cut in 1..<data.count {
        var builder = PNGBuilder()
        builder.add("IHDR", [0, 0, 0, 2, 0, 0, 0, 2, 8, 0, 0, 0, 1])
        builder.add("IDAT", Array(data[..<cut]))
        if Bool.random(using: &generator) { builder.add("IDAT", []) }
        builder.add("IDAT", Array(data[cut...]) + rest)
        builder.add("IEND", [])
        let pixels = try? decoded(builder.bytes, .rgb).get().pixels
        #expect(pixels == (isWhole ? [0x010101, 0x020202, 0x030303, 0x040404] : nil), "\(cut) \(isWhole)")
      }
    }
  }

  /// The fuzzer's seeds and earlier findings.
  @Test func theFuzzersFilesDecodeAsLibpngHasThem() throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../Fuzz/Seeds/png").standardizedFileURL
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(names.count >= 7)
    for name in names {
      let bytes = [UInt8](try Data(contentsOf: folder.appendingPathComponent(name)))
      for form in [PNG.PixelForm.rgb, .argb] {
        let expected = try? decoded(bytes, form, by: .libpng).get()
        for decoder in [Decoder.plain, .portable, .any] {
          let found = try? decoded(bytes, form, by: decoder).get()
          #expect(found?.pixels == expected?.pixels && found?.info == expected?.info, "\(name) \(decoder)")
        }
      }
    }
  }

  @Test func comparingIsDecoding() throws {
    var generator = SeededGenerator(seed: 15)
    for encoding in [PNG.Encoding.rgb8, .rgba8, .gray8] {
      for (width, height) in [(1, 1), (7, 3), (513, 9), (1030, 5)] {
        let pixels = (0..<width * height).map { index -> UInt32 in
          let value = UInt32(index / 9) &* 0x9E37_79B9
          return encoding == .gray8 ? (value & 0xFF) * 0x010101 : encoding == .rgb8 ? value & 0xFFFFFF : value
        }
        let bytes = try PNG.encodeFast(pixels.span, width: width, height: height, as: encoding)
        #expect(try PNG.shows(bytes.span, exactly: pixels.span, width: width, height: height))
        #expect(
          try !PNG.shows(bytes.span, exactly: pixels.span, width: height, height: width) || width == height)
        for _ in 0..<20 {
          var other = pixels
          let bits: UInt32 = encoding == .rgba8 ? 32 : 24
          other[.random(in: 0..<other.count, using: &generator)] ^=
            1 << UInt32.random(in: 0..<bits, using: &generator)
          #expect(try !PNG.shows(bytes.span, exactly: other.span, width: width, height: height))
        }
        for place in [20, bytes.count / 2, bytes.count - 14, bytes.count - 1] {
          var broken = bytes
          broken[place] ^= 4
          let shown =
            (try? PNG.shows(broken.span, exactly: pixels.span, width: width, height: height)) ?? false
          #expect(!shown, "\(place)")
        }
      }
    }
  }

  @Test func aWrongChecksumIsDamage() throws {
    var builder = PNGBuilder()
    builder.addHeader(width: 1, height: 1)
    builder.add("IDAT", try PNGBuilder.zlib([0, 1, 2, 3]), breakingChecksum: true)
    builder.add("IEND", [])
    #expect(throws: CodecError.self) { try PNG.decode(builder.bytes.span) }
  }

  @Test(arguments: [PNG.Encoding.rgb8, .rgba8, .gray8])
  func fastEncodingsDecodeToTheSamePixels(encoding: PNG.Encoding) throws {
    var generator = SeededGenerator(seed: 13)
    for (width, height) in [(1, 1), (7, 3), (64, 64), (301, 200)] {
      for isNoise in [false, true] {
        let pixels = (0..<width * height).map { index in
          let value =
            isNoise ? UInt32.random(in: 0 ... .max, using: &generator) : UInt32(index / 40) &* 0x9E37_79B9
          switch encoding {
          case .rgb8: return value & 0x00FF_FFFF
          case .rgba8: return value
          case .gray8: return (value & 0xFF) * 0x010101
          }
        }
        let bytes = try PNG.encodeFast(pixels.span, width: width, height: height, as: encoding)
        let form = encoding == .rgba8 ? PNG.PixelForm.argb : .rgb
        for decoder in Decoder.allCases {
          #expect(try decoded(bytes, form, by: decoder).get().pixels == pixels)
        }
      }
    }
    if encoding == .gray8 {
      #expect(throws: CodecError.self) {
        try PNG.encodeFast([0x010203].span, width: 1, height: 1, as: .gray8)
      }
    }
  }

  /// The output must not depend on the memory's previous content.
  @Test func writingFastTwiceGivesTheSameBytes() throws {
    var generator = SeededGenerator(seed: 14)
    let pixels = (0..<200_000).map { UInt32($0 / 7 % 300) &* 0x01_0307 & 0x00FF_FFFF }
    let first = try PNG.encodeFast(pixels.span, width: 500, height: 400)
    for _ in 0..<8 {
      let noise = (0..<90_000).map { _ in UInt32.random(in: 0 ... .max, using: &generator) }
      _ = try PNG.encodeFast(noise.span, width: 300, height: 300)
      let again = try PNG.encodeFast(pixels.span, width: 500, height: 400)
      #expect(again == first)
    }
  }
}
