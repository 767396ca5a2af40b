import Foundation
import ScrimCodec
import ScrimTestSupport
import Testing

@testable import ScrimScreenshots

/// Orientations outside of Exif segments, which some programs apply, so that boxes drawn in them lie
/// elsewhere in the stored picture.
@Suite struct HiddenOrientationTests {
  private static func xmp(_ orientation: String) -> [UInt8] {
    Array(
      """
      <x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
      <rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" \(orientation)</rdf:Description></rdf:RDF></x:xmpmeta>
      """.utf8)
  }

  /// Each with the orientation that it gives.
  private static let packets: [(xmp: String, orientation: Int?)] = [
    (#"tiff:Orientation="3">"#, 3), ("tiff:Orientation = '6'>", 6), (#"t:Orientation="8">"#, 8),
    ("><tiff:Orientation>3</tiff:Orientation>", 3), ("><tiff:Orientation>\n 1 </tiff:Orientation>", 1),
    (#"tiff:Orientation="1">"#, 1), ("><tiff:Orientation rdf:datatype=\"x\">3</tiff:Orientation>", 0),
    (#"tiff:Orientation="&#51;">"#, 0), (#"tiff:Orientation="top-left">"#, 1),
    ("><tiff:Orientation> Right-Top\n</tiff:Orientation>", 6), (#"tiff:Orientation="6 (right-top)">"#, 0),
    (#"tiff:Orientation="10">"#, 0), (#"tiff:Orientation="3x">"#, 0), (#"tiff:Orientation="000000003">"#, 3),
    (#"tiff:Orientation="">"#, 0), (#"tiff:Make="Orientation">"#, nil), (">", nil),
  ]

  @Test(arguments: packets) func xmpIsSearched(_ xmp: String, _ orientation: Int?) {
    let bytes = HiddenOrientationTests.xmp(xmp)
    let expected = Set([orientation].compactMap(\.self))
    #expect(HiddenOrientation.inXMP(bytes) == expected)
    #expect(HiddenOrientation.inXMP(bytes.flatMap { [0, $0] }) == expected)
  }

  /// The names of Exif and of ImageMagick, and numbers. A value that is none of these is not upright.
  @Test func valuesAreNamesOrNumbers() {
    let names = [
      "top-left", "top-right", "bottom-right", "bottom-left", "left-top", "right-top", "right-bottom",
      "left-bottom",
    ]
    for (index, name) in names.enumerated() {
      let camel = name.split(separator: "-").map(\.capitalized).joined()
      for text in [
        name, name.capitalized, name.uppercased(), camel, " \(name) \n", "\(index + 1)", " \(index + 1)\0",
      ] {
        for key in ["exif:Orientation", "Orientation", "tiff:orientation"] {
          let content = Array("\(key)\0\(text)".utf8)
          #expect(HiddenOrientation.inText("tEXt", content[...]) == [index + 1], "\(text)")
        }
      }
    }
    for text in [
      "", "0", "9", "-1", "1.0", "10000000000000000000000", "1 0", "6abc", "top", "top-left-top", "lefttopp",
      "upright", "landscape", "t\u{F6}p-left",
    ] {
      let content = Array("exif:Orientation\0\(text)".utf8)
      #expect(HiddenOrientation.inText("tEXt", content[...]) == [HiddenOrientation.unreadable], "\(text)")
    }
  }

  /// Many keys without an end take linear time.
  @Test func keysWithoutAnEndAreReadOnce() {
    let text = Array(String(repeating: "<a:Orientation>", count: 100_000).utf8.map { $0 == 60 ? 32 : $0 })
    #expect(HiddenOrientation.inXMP(text) == [HiddenOrientation.unreadable])
  }

  private func jpeg(_ segments: [[UInt8]]) throws -> [UInt8] {
    let jpeg = try Pictures.jpeg()
    let all = segments.flatMap { content -> [UInt8] in
      let size = content.count + 2
      return [0xFF, 0xE1, UInt8(size >> 8), UInt8(size & 255)] + content
    }
    return jpeg[..<2] + all + jpeg[2...]
  }

  private func exif(_ orientation: UInt8) -> [UInt8] {
    Array("Exif\0\0MM\0\u{2A}".utf8) + [
      0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0,
    ]
  }

  private func isRead(_ bytes: [UInt8], _ format: ImageFormat) -> Bool {
    (try? ImageFacts(bytes, format: format)) != nil
  }

  @Test func aJPEGIsRefusedIfXMPSaysOtherwise() throws {
    func packet(_ orientation: Int) -> [UInt8] {
      Array("http://ns.adobe.com/xap/1.0/\0".utf8)
        + HiddenOrientationTests.xmp("tiff:Orientation=\"\(orientation)\">")
    }
    #expect(isRead(try jpeg([packet(1)]), .jpeg))
    #expect(isRead(try jpeg([exif(6)]), .jpeg))
    #expect(isRead(try jpeg([exif(6), packet(6)]), .jpeg))
    #expect(!isRead(try jpeg([packet(3)]), .jpeg))
    #expect(!isRead(try jpeg([exif(1), packet(3)]), .jpeg))
    #expect(!isRead(try jpeg([exif(6), packet(1)]), .jpeg))
    #expect(throws: Refusal.self) { try ImageFacts(try jpeg([packet(6)]), format: .jpeg) }
  }

  private func png(_ name: String, _ content: [UInt8]) throws -> [UInt8] {
    let png = try Pictures.png()
    return png[..<33] + PNG.chunk(name, content) + png[33...]
  }

  @Test func aPNGIsRefusedIfATextSaysToRotateIt() throws {
    let packet = HiddenOrientationTests.xmp(#"tiff:Orientation="3">"#)
    let plain = HiddenOrientationTests.xmp(#"tiff:Orientation="1">"#)
    let key = Array("XML:com.adobe.xmp\0".utf8)
    let digits = exif(6).map { byte in
      let text = String(byte, radix: 16)
      return text.count == 1 ? "0" + text : text
    }
    let raw = Array("\nexif\n      \(exif(6).count)\n\(digits.joined())\n".utf8)
    let rawKey = Array("Raw profile type exif\0".utf8)
    func deflated(_ bytes: [UInt8]) throws -> [UInt8] { try PNG.deflated(bytes, level: 6) }
    let turned: [(String, [UInt8])] = [
      ("iTXt", key + [0, 0, 0, 0] + packet), ("iTXt", key + [1, 0, 0, 0] + (try deflated(packet))),
      ("tEXt", key + packet), ("zTXt", key + [0] + (try deflated(packet))), ("tEXt", rawKey + raw),
      ("zTXt", rawKey + [0] + (try deflated(raw))), ("tEXt", Array("exif:Orientation\0".utf8) + [0x36]),
      ("zTXt", rawKey + [0, 1, 2, 3]), ("tEXt", Array("exif:Orientation\0right-top".utf8)),
    ]
    for (name, content) in turned { #expect(!isRead(try png(name, content), .png), "\(name)") }
    let upright: [(String, [UInt8])] = [
      ("iTXt", key + [0, 0, 0, 0] + plain), ("iTXt", key + [1, 0, 0, 0] + (try deflated(plain))),
      ("tEXt", Array("Comment\0Orientation is everything".utf8)),
      ("zTXt", Array("Comment\0".utf8) + [0, 1, 2]),
      ("tEXt", Array("exif:Orientation\0".utf8) + [0x31]), ("tEXt", Array("exif:Orientation\0Top-left".utf8)),
      ("tEXt", Array("Page orientation\0portrait".utf8)), ("tEXt", Array("DeviceOrientation\u{0}0".utf8)),
    ]
    for (name, content) in upright { #expect(isRead(try png(name, content), .png), "\(name)") }
  }
}
