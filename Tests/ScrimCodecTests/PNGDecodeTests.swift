import Foundation
import ScrimCodec
import ScrimTestSupport
import Testing

@Suite struct PNGDecodeTests {
  @Test(.enabled(if: Python.hasPillow, "needs python3-pil")) func everyKindDecodesToItsDefinition() throws {
    try Python.withFolder { folder in
      let lines = try Python.run(pngVariants, [folder.path]).split(separator: "\n")
      #expect(lines.count == 15 * 4 * 2 + 11 * 4 * 2)
      for line in lines {
        let fields = line.split(separator: " ")
        let numbers = fields.dropFirst().compactMap { Int($0) }
        let file = folder.appendingPathComponent("\(fields[0])")
        let bytes = try contents(file.appendingPathExtension("png"))
        let expected = words(try contents(file.appendingPathExtension("argb")))

        let argb = try PNG.decode(bytes.span, as: .argb, sixteenBit: .reduce)
        let header = argb.info.header
        #expect(
          [header.width, header.height, header.bitDepth, Int(header.colorType.rawValue)]
            == Array(numbers[0..<4]))
        #expect(header.isInterlaced == (numbers[4] == 1), "\(line)")
        #expect(argb.info.hasAlpha == (numbers[5] == 1), "\(line)")
        #expect(argb.info.isOpaque == (numbers[6] == 1), "\(line)")
        #expect(argb.pixels == expected, "\(line)")
        #expect(try PNG.header(of: bytes.span) == header)

        var reused = [UInt32](repeating: 0xDEAD_BEEF, count: 40)
        let info = try PNG.decode(bytes.span, into: &reused, sixteenBit: .reduce)
        #expect(info == argb.info)
        #expect(reused == expected.map { $0 & 0x00FF_FFFF }, "\(line)")

        if header.bitDepth == 16 {
          #expect(throws: CodecError.self) { try PNG.decode(bytes.span) }
        }
      }
    }
  }

  /// Runs in a separate process, since it reads everything written to stderr.
  @Test func libpngPrintsNothing() async {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      for (fault, bytes) in try PNGFaults.all() {
        #expect(throws: CodecError.self, "\(fault)") { try PNG.decode(bytes.span) }
      }
    }
    let printed = result?.standardErrorContent ?? []
    #expect(!String(decoding: printed, as: UTF8.self).contains("libpng"))
  }

  @Test func everyFaultIsAnErrorThatNamesIt() throws {
    for (expected, bytes) in try PNGFaults.all() {
      var pixels = [UInt32](repeating: 1, count: 6)
      do {
        _ = try PNG.decode(bytes.span, into: &pixels)
        Issue.record("\(expected): was decoded")
      } catch {
        #expect("\(error)".contains(expected), "\(expected): got \(error)")
      }
      #expect(pixels.isEmpty)
    }
  }

  @Test func everyFlippedBitIsFoundOrHarmless() throws {
    for whole in [try PNGFaults.whole(), try PNGFaults.palette()] {
      let pixels = try PNG.decode(whole.span).pixels
      var harmless = 0
      for index in whole.indices {
        for mask: UInt8 in [0x01, 0x20, 0x80, 0xFF] {
          var bytes = whole
          bytes[index] ^= mask
          if let decoded = try? PNG.decode(bytes.span, pixelLimit: 1 << 16) {
            #expect(decoded.pixels == pixels, "byte \(index) with \(mask)")
            harmless += 1
          }
        }
      }
      #expect(harmless == 0)
    }
  }

  @Test func everyTruncationIsFound() throws {
    let whole = try PNGFaults.whole()
    for count in 0..<whole.count {
      let error = #expect(throws: CodecError.self) { try PNG.decode(Array(whole[..<count]).span) }
      #expect(error?.fault == (count == 0 ? .otherFormat : .truncated))
    }
  }

  @Test func theLimitIsCheckedOnTheHeaderAlone() throws {
    var builder = PNGBuilder()
    builder.addHeader(width: 0x7FFF_FFFF, height: 0x7FFF_FFFF)
    var error = #expect(throws: CodecError.self) {
      try PNG.decode(builder.bytes.span, pixelLimit: .max)
    }
    #expect(error?.fault == .overLimit)
    let whole = try PNGFaults.whole()
    error = #expect(throws: CodecError.self) { try PNG.decode(whole.span, pixelLimit: 5) }
    #expect(error?.fault == .overLimit)
    #expect(try PNG.decode(whole.span, pixelLimit: 6).pixels.count == 6)
  }
}

/// Files of 3x2 pixels, and the expected error message of each.
enum PNGFaults {
  static let rows: [UInt8] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 11, 12, 13, 14, 15, 16, 17, 18, 19]

  static func file(
    color: UInt8 = 2, before: [(String, [UInt8])] = [], data: [UInt8], more: [UInt8]? = nil,
    after: [(String, [UInt8])] = []
  ) -> [UInt8] {
    var builder = PNGBuilder()
    builder.addHeader(width: 3, height: 2, color: color)
    for (name, content) in before { builder.add(name, content) }
    builder.add("IDAT", data)
    if let more { builder.add("IDAT", more) }
    for (name, content) in after { builder.add(name, content) }
    builder.add("IEND", [])
    return builder.bytes
  }

  static func whole() throws -> [UInt8] { try file(data: PNGBuilder.zlib(rows)) }

  static func palette(index: UInt8 = 1) throws -> [UInt8] {
    try file(
      color: 3, before: [("PLTE", [1, 2, 3, 4, 5, 6])], data: PNGBuilder.zlib([0, 0, 1, 0, 0, 1, index, 0]))
  }

  static func all() throws -> [(String, [UInt8])] {
    let whole = try whole()
    let data = try PNGBuilder.zlib(rows)
    var checksum = data
    checksum[checksum.count - 1] ^= 1
    var filter = rows
    filter[0] = 5
    var badText = PNGBuilder()
    badText.addHeader(width: 3, height: 2)
    badText.add("tEXt", [65, 0, 66], breakingChecksum: true)
    badText.add("IDAT", data)
    badText.add("IEND", [])
    var badData = PNGBuilder()
    badData.addHeader(width: 3, height: 2)
    badData.add("IDAT", data, breakingChecksum: true)
    badData.add("IEND", [])
    var zeroWide = PNGBuilder()
    zeroWide.addHeader(width: 0, height: 2)
    var oddDepth = PNGBuilder()
    oddDepth.addHeader(width: 3, height: 2, depth: 4, color: 2)
    return [
      ("CRC", badText.bytes), ("CRC", badData.bytes),
      ("no IEND", Array(whole.dropLast(12))),
      ("3 bytes too many", whole + [1, 2, 3]),
      ("incorrect data check", file(data: checksum)),
      ("Not enough image data", file(data: Array(data.dropLast(2)))),
      ("Not enough image data", file(data: Array(data.dropLast(6)))),
      ("Not enough image data", try file(data: PNGBuilder.zlib(Array(rows.dropLast())))),
      ("Too much image data", try file(data: PNGBuilder.zlib(rows + [0]))),
      ("Extra compressed data", file(data: data + [0])),
      ("image data continues", file(data: data, more: [0])),
      ("image data continues", file(data: data, more: data)),
      ("bad adaptive filter", try file(data: PNGBuilder.zlib(filter))),
      ("palette index 2", try palette(index: 2)),
      ("Missing PLTE", try file(color: 3, data: PNGBuilder.zlib([0, 0, 0, 0, 0, 0, 0, 0]))),
      ("tRNS", try file(color: 6, before: [("tRNS", [0, 0])], data: PNGBuilder.zlib(rows + rows))),
      ("tRNS", file(before: [("tRNS", [0, 0])], data: data)),
      ("critical chunk", file(before: [("CrIt", [])], data: data)),
      ("IHDR", file(data: data, after: [("IHDR", Array(whole[16..<29]))])),
      ("not this format", [0xFF] + whole.dropFirst()),
      ("size of 0x2", zeroWide.bytes),
      ("colour type 2 with 4 bits", oddDepth.bytes),
    ]
  }
}
