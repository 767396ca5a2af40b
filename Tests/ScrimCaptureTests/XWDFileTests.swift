import Foundation
import ScrimCodec
import ScrimImage
import ScrimRedact
import ScrimTestSupport
import Testing

@testable import ScrimCapture

@Suite struct XWDFileTests {
  /// An XWD file of 3×2 pixels, 32 bits each, with a colour map of one entry and 4 bytes of slack per row.
  static func file(_ changes: [Int: Int] = [:], pixels: [UInt8]? = nil) -> [UInt8] {
    var fields = [Int](repeating: 0, count: 25)
    for (index, value) in [
      0: 104, 1: 7, 2: 2, 3: 24, 4: 3, 5: 2, 7: 0, 11: 32, 12: 16, 13: 4, 14: 0xFF0000, 15: 0xFF00, 16: 0xFF,
      19: 1,
    ].merging(changes, uniquingKeysWith: { $1 }) { fields[index] = value }
    var bytes = fields.flatMap { value in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
    bytes += Array("abc\0".utf8) + [UInt8](repeating: 0xCC, count: 12)
    return bytes + (pixels ?? (0..<32).map { UInt8($0) })
  }

  static func pixels(_ frame: Frame) -> [Pixel] {
    (0..<frame.height).flatMap { y in
      var row = [Pixel](repeating: 0, count: frame.width)
      var span = row.mutableSpan
      frame.readRow(y, 0..<frame.width, into: &span)
      return row
    }
  }

  @Test func pixelsFollowHeaderAndColourMap() throws {
    let frame = try XWDFile.frame(from: Self.file())
    #expect(
      Self.pixels(frame) == [0x020100, 0x060504, 0x0A0908, 0x121110, 0x161514, 0x1A1918])
    let swapped = try XWDFile.frame(from: Self.file([14: 0xFF, 16: 0xFF0000]))
    #expect(Self.pixels(swapped)[0] == 0x000102)
    let big = try XWDFile.frame(from: Self.file([7: 1]))
    #expect(Self.pixels(big)[0] == 0x010203)
    let deep = try XWDFile.frame(from: Self.file([11: 16, 14: 0xF800, 15: 0x7E0, 16: 0x1F]))
    #expect(deep.format == .rgb565)
  }

  /// 15 bits are read; a palette and 10 bits are refused with the command that converts the file.
  @Test func otherDepthsAreReadOrRefusedWithACommand() throws {
    let depth15 = try XWDFile.frame(from: Self.file([3: 15, 11: 16, 14: 0x7C00, 15: 0x3E0, 16: 0x1F]))
    #expect(depth15.format == .rgb555)
    // 0x0100 and 0x0302: red 0, green 8 and 24, blue 0 and 2.
    #expect(Self.pixels(depth15).prefix(2) == [0x004200, 0x00C610])
    for (changes, kind) in [
      ([3: 8, 11: 8, 13: 3, 14: 0, 15: 0, 16: 0], "palette"),
      ([3: 30, 14: 0x3FF0_0000, 15: 0xFFC00, 16: 0x3FF], "more than 8 bits (10, 10, 10)"),
    ] {
      #expect {
        try XWDFile.frame(from: Self.file(changes))
      } throws: { error in
        let message = (error as? XWDFile.Refusal)?.message ?? ""
        return message.contains(kind) && message.contains("convert IN.xwd -depth 8")
      }
    }
  }

  @Test func everyFaultOfAHeaderIsRefused() throws {
    for changes in [
      [1: 6], [1: 8], [2: 0], [2: 1], [0: 0], [0: 99], [0: 1 << 31], [19: 1 << 28], [19: 0xFFFF_FFFF], [4: 0],
      [5: 0], [4: 5], [5: 3], [4: 0xFFFF_FFFF], [5: 0xFFFF_FFFF], [12: 11], [12: 0], [12: 0xFFFF_FFFF],
      [11: 1],
      [11: 4], [11: 0], [11: 64], [14: 0xFF], [15: 0], [16: 0xFFFF], [7: 1, 14: 0xFF, 16: 0xFF0000],
      [11: 8, 13: 3], [11: 16],
    ] {
      #expect(throws: XWDFile.Refusal.self, "\(changes)") {
        try XWDFile.frame(from: Self.file(changes))
      }
    }
  }

  /// More pixels per side than a session can hold: refused when the file is read, not when it is coded.
  @Test func picturesBeyondASessionsSizeAreRefused() throws {
    let wide = Self.file(
      [4: 40_000, 5: 1, 12: 160_000], pixels: [UInt8](repeating: 1, count: 160_000))
    #expect(throws: XWDFile.Refusal.self) { try XWDFile.frame(from: wide) }
    let high = Self.file([4: 1, 5: 40_000, 12: 4], pixels: [UInt8](repeating: 1, count: 160_000))
    #expect(throws: XWDFile.Refusal.self) { try XWDFile.frame(from: high) }
  }

  @Test func everyTruncationIsRefused() throws {
    let whole = Self.file()
    // The last row's slack may be missing.
    for count in 0..<whole.count - 4 {
      #expect(throws: XWDFile.Refusal.self, "\(count) bytes") {
        try XWDFile.frame(from: Array(whole[..<count]))
      }
    }
  }

  @Test func damagedHeadersNeverCrash() throws {
    var random = SeededGenerator(seed: 51)
    for _ in 0..<20_000 {
      var bytes = Self.file()
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        bytes[.random(in: 0..<100, using: &random)] =
          [0, 1, 2, 4, 7, 8, 0x7F, 0x80, 0xFF].randomElement(
            using: &random) ?? 0
      }
      bytes.removeLast(.random(in: 0...20, using: &random))
      _ = try? XWDFile.frame(from: bytes)
    }
  }

  @Test(
    .enabled(if: Corpus.folder != nil, "\(Corpus.missing)"),
    arguments: ["featherpad-1280x800", "yad-801x599"])
  func realDumpsAreTheirPictures(name: String) throws {
    let raw = try #require(Corpus.folder).appendingPathComponent("raw")
    let gzip = Process()
    gzip.executableURL = URL(fileURLWithPath: "/bin/gzip")
    gzip.arguments = ["-dc", raw.appendingPathComponent(name + ".xwd.gz").path]
    let output = Pipe()
    gzip.standardOutput = output
    try gzip.run()
    let bytes = Array(output.fileHandleForReading.readDataToEndOfFile())
    try gzip.waitUntilExit(seconds: 60)
    let temporary = try TemporaryFolder()
    try temporary.write(bytes, to: "screen.xwd")
    var file = try XWDFile(path: temporary.path + "/screen.xwd")
    guard case .frame(let frame)? = try file.next() else {
      Issue.record("an XWD file has one frame")
      return
    }
    #expect(try file.next() == nil)
    let png = Array(try Data(contentsOf: raw.appendingPathComponent(name + ".png")))
    let picture = try PNG.decode(png.span, pixelLimit: 1 << 26)
    #expect(try Self.pixels(frame.pixels.get()) == picture.pixels.map { $0 & 0xFF_FFFF })
    for count in [0, 99, 100, 159, 160, 3000, bytes.count / 2, bytes.count - 5000] {
      #expect(throws: XWDFile.Refusal.self, "\(count) bytes") {
        try XWDFile.frame(from: Array(bytes[..<count]))
      }
    }
  }
}
