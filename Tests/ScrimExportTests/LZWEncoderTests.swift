import ScrimTestSupport
import Testing

@testable import ScrimExport

/// A GIF LZW decoder written from the specification, independent of the encoder.
private func decoded(_ data: [UInt8]) throws -> [UInt8] {
  let bits = Int(data[0])
  var bytes: [UInt8] = []
  var at = 1
  while data[at] != 0 {
    bytes += data[at + 1...at + Int(data[at])]
    at += 1 + Int(data[at])
  }
  #expect(at == data.count - 1, "nothing stands behind the empty block")
  let clear = 1 << bits
  var strings: [[UInt8]] = []
  var (width, place) = (bits + 1, 0)
  var last: [UInt8]?
  var pixels: [UInt8] = []
  while true {
    var code = 0
    for bit in 0..<width {
      let byte = try #require(place / 8 < bytes.count ? bytes[place / 8] : nil)
      code |= Int(byte >> (place % 8) & 1) << bit
      place += 1
    }
    if code == clear {
      strings = (0..<clear).map { [UInt8(truncatingIfNeeded: $0)] } + [[], []]
      (width, last) = (bits + 1, nil)
      continue
    }
    if code == clear + 1 { return pixels }
    var string = last ?? []
    if code < strings.count { string = strings[code] } else { string.append(string[0]) }
    #expect(code <= strings.count)
    pixels += string
    if let last, strings.count < 4096 {
      strings.append(last + [string[0]])
      if strings.count == 1 << width, width < 12 { width += 1 }
    }
    last = string
  }
}

@Suite struct LZWEncoderTests {
  @Test(arguments: [1, 2, 3, 7, 100, 4093, 70_000], [2, 3, 5, 8])
  func whatIsReadIsWhatWasWritten(count: Int, bits: Int) throws {
    var random = SeededGenerator(seed: UInt64(count * 8 + bits))
    let colours = (1 << bits) - 1
    // Runs, noise and repeats, as in pictures.
    var pixels: [UInt8] = []
    while pixels.count < count {
      switch Int.random(in: 0..<3, using: &random) {
      case 0:
        pixels += [UInt8](
          repeating: .random(in: 0..<UInt8(colours), using: &random),
          count: .random(in: 1...300, using: &random))
      case 1: pixels += (0..<50).map { _ in .random(in: 0..<UInt8(colours), using: &random) }
      default: pixels += pixels.suffix(.random(in: 1...400, using: &random))
      }
    }
    pixels = Array(pixels.prefix(count))
    var kept: [Bool] = []
    var isKept = false
    while kept.count < count {
      kept += [Bool](repeating: isKept, count: .random(in: 1...200, using: &random))
      isKept.toggle()
    }
    kept = Array(kept.prefix(count))
    var coder = LZWEncoder(bits: bits)
    #expect(try decodedExactly(coder.encode(pixels, kept: [], transparent: 0), as: pixels))
    let transparent = UInt8(colours)
    let output = try decoded(coder.encode(pixels, kept: kept, transparent: transparent))
    #expect(output.count == count)
    #expect(
      zip(output, zip(pixels, kept)).allSatisfy { value, pixel in
        value == pixel.0 || pixel.1 && value == transparent
      })
  }

  private func decodedExactly(_ data: [UInt8], as pixels: [UInt8]) throws -> Bool {
    try decoded(data) == pixels
  }
}
