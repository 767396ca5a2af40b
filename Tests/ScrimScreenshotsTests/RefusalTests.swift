import ScrimCodec
import ScrimTestSupport
import Testing

@testable import ScrimScreenshots

/// Files that must have no output, each among valid ones that must.
@Suite struct RefusalTests {
  struct Case {
    var name: String
    var bytes: [UInt8]
    var reason: Refusal.Reason

    init(_ name: String, _ bytes: [UInt8], _ reason: Refusal.Reason) {
      self.name = name
      self.bytes = bytes
      self.reason = reason
    }
  }

  @Test func doubtfulImagesAreRefusedAndOthersWritten() throws {
    let space = try Workspace()
    let png = try Pictures.png()
    let jpeg = try Pictures.jpeg()
    let cases = [
      Case("empty.png", [], .otherContent),
      Case("text.png", Array("hello".utf8), .otherContent),
      Case("jpeg.png", jpeg, .otherContent),
      Case("png.jpg", png, .otherContent),
      Case("gif.jpeg", Array("GIF89a".utf8), .otherContent),
      Case("cut-at-signature.png", Array(png.prefix(8)), .damaged),
      Case("cut.png", Array(png.dropLast(30)), .damaged),
      Case("no-iend.png", Array(png.dropLast(12)), .damaged),
      Case("tail.png", png + [0], .damaged),
      Case("second.png", png + png, .damaged),
      Case("bit.png", flipped(png, at: png.count / 2), .damaged),
      Case("crc.png", flipped(png, at: png.count - 1), .damaged),
      Case("apng.png", RefusalTests.inserting("acTL", [0, 0, 0, 1, 0, 0, 0, 0], into: png), .unsupported),
      Case("turned.png", RefusalTests.inserting("eXIf", Array(tiff(6)), into: png), .unsupported),
      Case("deep.png", changed(png, depth: 16), .damaged),
      Case("huge.png", changed(png, width: 1 << 30), .overLimit),
      Case("cut.jpg", Array(jpeg.dropLast(40)), .damaged),
      Case("no-eoi.jpg", Array(jpeg.dropLast(2)), .damaged),
      Case("tail.jpg", jpeg + [1, 2, 3], .damaged),
      Case("two.jpg", jpeg + jpeg, .damaged),
      Case("mpf.jpg", inserting(0xE2, Array("MPF\0MM".utf8), into: jpeg), .unsupported),
    ]
    for item in cases {
      let isJPEG = item.name.hasSuffix("jpg")
      try space.putImage(
        item.name, item.bytes, sidecar: isJPEG ? Pictures.sidecar(48, 40) : Pictures.sidecar())
      if item.reason == .overLimit {
        try space.put("in/\(item.name).json", Array(Pictures.sidecar(1 << 30).utf8))
      }
    }
    try space.putImage("good.png", png, sidecar: Pictures.sidecar())
    try space.putImage("good.jpg", jpeg, sidecar: Pictures.sidecar(48, 40))
    try space.putImage(
      "metadata.png", RefusalTests.inserting("tEXt", Array("Comment\0s3cret-comment".utf8), into: png),
      sidecar: Pictures.sidecar())
    let results = try space.run()
    // Damage to pictures by shells and transfers, each with its own message.
    for (front, words) in [
      ("[Warning] Multiple displays were found\n", "bytes of text are before the picture"),
      ("\r\n", "2 bytes of text"),
      ("\u{1B}[0mx\n", "cut it off: tail -c +7"),
    ] {
      for (format, bytes) in [(ImageFormat.png, png), (.jpeg, jpeg)] {
        let refusal = #expect(throws: Refusal.self) {
          try ImageFacts(Array(front.utf8) + bytes, format: format)
        }
        #expect(refusal?.sentence.contains(words) == true && refusal?.reason == .otherContent)
      }
    }
    for (bytes, words) in [
      ([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0D, 0x0A] as [UInt8], "exec-out"),
      ([0xFF, 0xFE, 0x89, 0], "PowerShell"),
      ([0xEF, 0xBF, 0xBD] + Array("PNG".utf8), "take the picture again"), ([], "empty"),
      ([0, 1, 2] + png, "rename it"),
    ] {
      let refusal = #expect(throws: Refusal.self) { try ImageFacts(bytes, format: .png) }
      #expect(refusal?.sentence.contains(words) == true, "\(words)")
    }
    for item in cases {
      let result = try #require(results[item.name])
      #expect(result.status == .refused, "\(item.name)")
      #expect(result.reason == item.reason.rawValue, "\(item.name)")
    }
    #expect(space.outputs == ["good.png", "good.jpg", "metadata.png"])
    #expect(results.values.count { $0.status == .written } == 3)
    // Nothing of a comment is in the output, so both outputs are equal.
    let bytes = try space.bytes("out/metadata.png")
    #expect(try space.bytes("out/good.png") == bytes)
  }

  @Test func boxesThatDoNotFitAreRefused() throws {
    let space = try Workspace()
    let png = try Pictures.png()
    let sidecars = [
      "size": Pictures.sidecar(41, 24), "broken": "{", "empty": "",
      "nan": #"{"width":40,"height":24,"widgets":[{"role":"label","x":NaN,"y":0,"w":1,"h":1}]}"#,
      "none": #"{"width":40,"height":24}"#,
    ]
    for (name, sidecar) in sidecars { try space.putImage(name + ".png", png, sidecar: sidecar) }
    try space.putImage("two.png", png, sidecar: Pictures.sidecar())
    try space.put("in/two.json", Array(Pictures.sidecar(24, 40).utf8))
    let results = try space.run()
    #expect(results.count == 6)
    #expect(results.values.allSatisfy { $0.reason == "bad boxes" })
    #expect(space.outputs.isEmpty)
    #expect(!results.values.contains { $0.message?.contains("s3cret") == true })
  }

  @Test func withoutBoxesItIsAsAskedFor() throws {
    let space = try Workspace()
    try space.putImage("a.png", try Pictures.png())
    let failed = try space.run()
    #expect(failed["a.png"]?.reason == "no boxes")
    let skipped = try space.run { $0.settings.onMissing = .skip }
    #expect(skipped["a.png"]?.status == .skipped)
    #expect(space.outputs.isEmpty)
    let masked = try space.run { $0.settings.onMissing = .mask }
    #expect(masked["a.png"]?.status == .written)
    let bytes = try space.bytes("out/a.png")
    let pixels = try PNG.decode(bytes.span).pixels
    #expect(pixels.allSatisfy { $0 == 0 })
  }

  private func flipped(_ bytes: [UInt8], at index: Int) -> [UInt8] {
    var bytes = bytes
    bytes[index] ^= 0x10
    return bytes
  }

  private func tiff(_ orientation: UInt8) -> [UInt8] {
    [0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0]
  }

  static func chunk(_ name: String, _ content: [UInt8]) -> [UInt8] {
    let body = Array(name.utf8) + content
    return number(content.count) + body + number(Int(crc(body)))
  }

  /// Inserts a chunk after IHDR.
  static func inserting(_ name: String, _ content: [UInt8], into png: [UInt8]) -> [UInt8] {
    Array(png[..<33]) + chunk(name, content) + png[33...]
  }

  /// Inserts a segment after the start of a JPEG.
  private func inserting(_ marker: UInt8, _ content: [UInt8], into jpeg: [UInt8]) -> [UInt8] {
    Array(jpeg[..<2]) + [0xFF, marker, 0, UInt8(content.count + 2)] + content + jpeg[2...]
  }

  private func changed(_ png: [UInt8], width: Int? = nil, depth: UInt8? = nil) -> [UInt8] {
    var header = Array(png[16..<29])
    if let width { header.replaceSubrange(0..<4, with: RefusalTests.number(width)) }
    if let depth { header[8] = depth }
    return Array(png[..<8]) + RefusalTests.chunk("IHDR", header) + png[33...]
  }

  private static func number(_ value: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
  }

  private static func crc(_ bytes: [UInt8]) -> UInt32 {
    var value: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
      value ^= UInt32(byte)
      for _ in 0..<8 { value = value >> 1 ^ (value & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
    return ~value
  }
}
