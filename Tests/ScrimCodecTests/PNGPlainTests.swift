import ScrimTestSupport
import Testing

@testable import ScrimCodec

/// The decoder of the common forms against libpng, to which a text chunk leads.
@Suite struct PNGPlainTests {
  private struct Shape: CustomStringConvertible {
    var channels: Int
    var width: Int
    var height: Int
    var description: String { "\(channels) channels, \(width)x\(height)" }
  }

  /// A file whose rows have every filter in turn, its image data cut into pieces.
  private func file(
    _ shape: Shape, _ data: [UInt8], cuts: Int, text: Bool, using generator: inout SeededGenerator
  ) -> [UInt8] {
    var builder = PNGBuilder()
    let color: UInt8 = [1: 0, 3: 2, 4: 6][shape.channels] ?? 2
    builder.addHeader(width: UInt32(shape.width), height: UInt32(shape.height), color: color)
    if text { builder.add("tEXt", Array("Comment\0none".utf8)) }
    var rest = data[...]
    for _ in 0..<cuts {
      let count = Int.random(in: 0...rest.count, using: &generator)
      builder.add("IDAT", Array(rest.prefix(count)))
      rest = rest.dropFirst(count)
    }
    builder.add("IDAT", Array(rest))
    builder.add("IEND", [])
    return builder.bytes
  }

  private func rows(_ shape: Shape, using generator: inout SeededGenerator) -> [UInt8] {
    var rows: [UInt8] = []
    let mask: UInt8 = Bool.random(using: &generator) ? 0xFF : 0x03
    for y in 0..<shape.height {
      rows.append(UInt8(y % 5))
      for _ in 0..<shape.width * shape.channels {
        rows.append(.random(in: 0 ... .max, using: &generator) & mask)
      }
    }
    return rows
  }

  private func decoded(_ bytes: [UInt8], _ form: PNG.PixelForm) -> Result<PNG.Image, CodecError> {
    Result { () throws(CodecError) in try PNG.decode(bytes.span, as: form) }
  }

  @Test func everyFilterAndFormIsAsLibpngHasIt() throws {
    var generator = SeededGenerator(seed: 11)
    for channels in [1, 3, 4] {
      for (width, height) in [(1, 1), (1, 7), (2, 5), (3, 11), (16, 10), (33, 20), (127, 6)] {
        let shape = Shape(channels: channels, width: width, height: height)
        for form in [PNG.PixelForm.rgb, .argb] {
          let data = try PNGBuilder.zlib(rows(shape, using: &generator))
          let cuts = Int.random(in: 0...3, using: &generator)
          let plain = try decoded(file(shape, data, cuts: cuts, text: false, using: &generator), form).get()
          let other = try decoded(file(shape, data, cuts: 0, text: true, using: &generator), form).get()
          #expect(plain.pixels == other.pixels, "\(shape)")
          #expect(plain.info == other.info, "\(shape)")
        }
      }
    }
  }

  /// Image data with bytes changed, cut or added, its checksums of chunks made right again.
  @Test func whatLibpngRefusesIsRefused() throws {
    var generator = SeededGenerator(seed: 12)
    var refused = 0
    for round in 0..<3000 {
      let shape = Shape(
        channels: [1, 3, 4][round % 3], width: .random(in: 1...20, using: &generator), height: 8)
      var content = rows(shape, using: &generator)
      if round % 5 == 0 { content[0] = 5 }
      if round % 7 == 0 { content.removeLast() }
      if round % 11 == 0 { content.append(0) }
      var data = try PNGBuilder.zlib(content)
      switch round % 4 {
      case 0:
        data[.random(in: 1..<data.count, using: &generator)] ^=
          1 << UInt8.random(in: 0...7, using: &generator)
      case 1: data.removeLast(.random(in: 0...min(5, data.count - 1), using: &generator))
      case 2: data += [UInt8](repeating: 7, count: .random(in: 0...3, using: &generator))
      default: break
      }
      let plain = decoded(file(shape, data, cuts: 0, text: false, using: &generator), .argb)
      let other = decoded(file(shape, data, cuts: 0, text: true, using: &generator), .argb)
      switch (plain, other) {
      case (.success(let a), .success(let b)): #expect(a.pixels == b.pixels, "\(round)")
      case (.failure, .failure): refused += 1
      case (.success, .failure(let error)): Issue.record("round \(round): libpng says \(error)")
      case (.failure(let error), .success): Issue.record("round \(round): only we say \(error)")
      }
    }
    #expect(refused > 1000)
  }

  @Test func aWrongChecksumIsDamage() throws {
    var builder = PNGBuilder()
    builder.addHeader(width: 1, height: 1)
    builder.add("IDAT", try PNGBuilder.zlib([0, 1, 2, 3]), breakingChecksum: true)
    builder.add("IEND", [])
    #expect(throws: CodecError.self) { try PNG.decode(builder.bytes.span) }
  }

  @Test(arguments: [PNG.Encoding.rgb8, .rgba8, .gray8])
  func whatIsWrittenFastDecodesToTheSame(encoding: PNG.Encoding) throws {
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
        var bytes = try PNG.encodeFast(pixels.span, width: width, height: height, as: encoding)
        let form = encoding == .rgba8 ? PNG.PixelForm.argb : .rgb
        #expect(try decoded(bytes, form).get().pixels == pixels)
        // A text chunk behind IHDR leads to libpng.
        var text = PNGBuilder(bytes: [])
        text.add("tEXt", Array("Comment\0none".utf8))
        bytes.insert(contentsOf: text.bytes, at: 33)
        #expect(try decoded(bytes, form).get().pixels == pixels)
      }
    }
    if encoding == .gray8 {
      #expect(throws: CodecError.self) {
        try PNG.encodeFast([0x010203].span, width: 1, height: 1, as: .gray8)
      }
    }
  }

  /// The output must not depend on what memory held before.
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
