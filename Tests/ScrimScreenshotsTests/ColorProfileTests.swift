import Foundation
import ScrimCodec
import ScrimImage
import ScrimTestSupport
import Testing

@testable import ScrimScreenshots

/// Pictures whose values mean other colours than in sRGB.
@Suite struct ColorProfileTests {
  /// The red, green and blue of a display in the profile connection space (D50).
  private struct Primaries {
    var columns: [[Double]]

    static let sRGB = Primaries(columns: [
      [0.43607, 0.22249, 0.01392], [0.38515, 0.71687, 0.09708], [0.14307, 0.06061, 0.71410],
    ])
    static let adobe = Primaries(columns: [
      [0.60974, 0.31111, 0.01947], [0.20528, 0.62567, 0.06087], [0.14919, 0.06322, 0.74457],
    ])
  }

  private func bigEndian(_ value: Int, _ size: Int = 4) -> [UInt8] {
    (0..<size).reversed().map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
  }

  /// A profile of version 2: a matrix and one curve.
  private func profile(_ primaries: Primaries, curve: [UInt8], space: String = "RGB ") -> [UInt8] {
    func xyz(_ values: [Double]) -> [UInt8] {
      Array("XYZ \0\0\0\0".utf8) + values.flatMap { bigEndian(Int(($0 * 65536).rounded())) }
    }
    var tags: [(String, [UInt8])] = [("wtpt", xyz([0.9642, 1, 0.8249]))]
    if space == "GRAY" {
      tags.append(("kTRC", curve))
    } else {
      for (index, name) in ["r", "g", "b"].enumerated() {
        tags.append((name + "XYZ", xyz(primaries.columns[index])))
        tags.append((name + "TRC", curve))
      }
    }
    var table = bigEndian(tags.count)
    var data: [UInt8] = []
    let start = 128 + 4 + tags.count * 12
    for (name, content) in tags {
      table += Array(name.utf8) + bigEndian(start + data.count) + bigEndian(content.count)
      data += content + [UInt8](repeating: 0, count: (4 - content.count % 4) % 4)
    }
    var header = [UInt8](repeating: 0, count: 128)
    header.replaceSubrange(0..<4, with: bigEndian(start + data.count))
    header.replaceSubrange(8..<12, with: [2, 0x40, 0, 0])
    header.replaceSubrange(12..<24, with: Array("mntr\(space)XYZ ".utf8))
    header.replaceSubrange(36..<40, with: Array("acsp".utf8))
    header.replaceSubrange(68..<80, with: bigEndian(63190) + bigEndian(65536) + bigEndian(54061))
    return header + table + data
  }

  private var gamma: [UInt8] { Array("curv\0\0\0\0".utf8) + bigEndian(1) + [0x02, 0x33] }  // 2.2

  private var sRGBCurve: [UInt8] {
    let numbers: [Double] = [2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045]
    let start: [UInt8] = Array("para".utf8) + [0, 0, 0, 0, 0, 3, 0, 0]
    return start + numbers.flatMap { bigEndian(Int(($0 * 65536).rounded())) }
  }

  private func png(_ profile: [UInt8], _ pixels: [UInt32], as encoding: PNG.Encoding = .rgb8) throws
    -> [UInt8]
  {
    var deflater = try Deflater(wrapper: .zlib)
    var packed: [UInt8] = []
    deflater.append(profile.span, to: &packed)
    deflater.finish(to: &packed)
    let bytes = try PNG.encode(pixels.span, width: 40, height: 24, as: encoding)
    return RefusalTests.inserting("iCCP", Array("display\0\0".utf8) + packed, into: bytes)
  }

  private func jpeg(_ profile: [UInt8], parts: [(number: UInt8, of: UInt8)]) throws -> [UInt8] {
    var bytes = try Pictures.jpeg()
    var at = 2
    let share = (profile.count + parts.count - 1) / parts.count
    for part in parts {
      let piece = profile.dropFirst((Int(part.number) - 1) * share).prefix(share)
      let content = Array("ICC_PROFILE\0".utf8) + [part.number, part.of] + piece
      let segment = [0xFF, 0xE2] + bigEndian(content.count + 2, 2) + content
      bytes.insert(contentsOf: segment, at: at)
      at += segment.count
    }
    return bytes
  }

  /// An AdobeRGB-like pixel in sRGB, by the definitions.
  private func expected(_ pixel: UInt32) -> [Double] {
    let linear = [16, 8, 0].map { pow(Double(pixel >> UInt32($0) & 0xFF) / 255, 563.0 / 256) }
    let xyz = (0..<3).map { row in
      (0..<3).reduce(0) { $0 + Primaries.adobe.columns[$1][row] * linear[$1] }
    }
    // The inverse of sRGB's columns.
    let inverse = [
      [3.13386, -1.61687, -0.49061], [-0.97877, 1.91614, 0.03345], [0.07195, -0.22899, 1.40524],
    ]
    return inverse.map { row in
      let value = min(max((0..<3).reduce(0) { $0 + row[$1] * xyz[$1] }, 0), 1)
      return 255 * (value <= 0.0031308 ? 12.92 * value : 1.055 * pow(value, 1 / 2.4) - 0.055)
    }
  }

  private func run(_ files: [String: [UInt8]]) throws -> (Workspace, [String: ImageResult]) {
    let space = try Workspace()
    for (name, bytes) in files {
      try space.putImage(
        name, bytes, sidecar: name.hasSuffix("jpg") ? Pictures.sidecar(48, 40) : Pictures.sidecar())
    }
    return (space, try space.run { $0.settings.policy = Pictures.policy })
  }

  @Test func colorsOfAWideGamutBecomeThoseOfSRGB() throws {
    let pixels = Pictures.noise(40, 24).map { $0 | 0x8000_0000 }
    let wide = profile(.adobe, curve: gamma)
    var files: [String: [UInt8]] = [:]
    files["rgb.png"] = try png(wide, pixels)
    files["rgba.png"] = try png(wide, pixels, as: .rgba8)
    files["photo.jpg"] = try jpeg(wide, parts: [(2, 2), (1, 2)])
    let (space, results) = try run(files)
    let note = ["colours converted from a profile to sRGB"]
    #expect(results.values.allSatisfy { $0.status == .written && $0.notes == note })
    let box = Rect(x: 10, y: 8, width: 12, height: 6)
    for (name, high) in [("out/rgb.png", 0 as UInt32), ("out/rgba.png", 0x80)] {
      let bytes = try space.bytes(name)
      #expect(try PNG.chunks(of: bytes.span).map(\.name) == ["IHDR", "IDAT", "IEND"])
      let out = try PNG.decode(bytes.span, as: high > 0 ? .argb : .rgb).pixels
      for index in out.indices {
        if box.contains(x: index % 40, y: index / 40) {
          #expect(out[index] == (high > 0 ? 0xFF00_0000 : 0))
          continue
        }
        #expect(out[index] >> 24 == high)
        for (shift, value) in zip([16, 8, 0] as [UInt32], expected(pixels[index])) {
          #expect(abs(Double(out[index] >> shift & 0xFF) - value) < 2.5, "\(index)")
        }
      }
    }
    let photo = try space.bytes("out/photo.jpg")
    #expect(try JPEG.segments(of: photo.span).allSatisfy { $0.marker != 0xE2 })
  }

  @Test func aProfileThatIsSRGBChangesNothing() throws {
    let pixels = Pictures.noise(40, 24)
    let gray = pixels.map { ($0 & 0xFF) * 0x010101 }
    var files: [String: [UInt8]] = [:]
    files["rgb.png"] = try png(profile(.sRGB, curve: sRGBCurve), pixels)
    files["gray.png"] = try png(profile(.sRGB, curve: sRGBCurve, space: "GRAY"), gray, as: .gray8)
    let (space, results) = try run(files)
    #expect(results.values.allSatisfy { $0.status == .written && $0.notes == nil })
    let (rgb, grey) = (try space.bytes("out/rgb.png"), try space.bytes("out/gray.png"))
    #expect(try PNG.decode(rgb.span).pixels[0] == pixels[0])
    #expect(try PNG.decode(grey.span).pixels[1] == gray[1])
  }

  /// Screenshots of some phones have one profile twice; libpng, which decodes the rarer forms, reports that
  /// as damage.
  @Test func aProfileMayBeThereTwice() throws {
    let pixels = Pictures.noise(40, 24)
    let gray = pixels.map { ($0 & 0xFF) * 0x010101 }
    let wide = profile(.adobe, curve: gamma)
    let once = try png(wide, pixels)
    let iCCP = try #require(try PNG.chunks(of: once.span).first { $0.name == "iCCP" })
    let content = Array(once[iCCP.content])
    let second = try png(profile(.sRGB, curve: gamma), pixels)
    let chunk = try #require(try PNG.chunks(of: second.span).first { $0.name == "iCCP" })
    let other = Array(second[chunk.content])
    var files: [String: [UInt8]] = [:]
    files["once.png"] = once
    files["twice.png"] = RefusalTests.inserting("iCCP", content, into: once)
    files["thrice.png"] = RefusalTests.inserting(
      "iCCP", content, into: RefusalTests.inserting("iCCP", content, into: once))
    files["deep.png"] = RefusalTests.inserting("iCCP", content, into: try deep(pixels, profile: content))
    files["gray.png"] = RefusalTests.inserting("iCCP", content, into: try png(wide, gray, as: .rgb8))
    files["differ.png"] = RefusalTests.inserting("iCCP", other, into: once)
    let (space, results) = try run(files)
    #expect(results["differ.png"]?.message?.contains("two that differ") == true)
    #expect(results.values.count { $0.status == .written } == 5)
    for name in ["twice.png", "thrice.png", "deep.png"] {
      #expect(try space.bytes("out/" + name) == space.bytes("out/once.png"), "\(name)")
    }
  }

  /// A PNG of 16 bits a sample, colour, without a filter; the lower bytes are noise of at most 127, which rounding drops.
  private func deep(_ pixels: [UInt32], profile: [UInt8]? = nil) throws -> [UInt8] {
    var rows: [UInt8] = []
    for y in 0..<24 {
      rows.append(0)
      for x in 0..<40 {
        for shift in [16, 8, 0] as [UInt32] {
          // v * 257 is v exactly; up to 127 more or less rounds to it.
          let sample = Int(pixels[y * 40 + x] >> shift & 0xFF) * 257 + (x * 7 + y * 13) % 128
          rows += bigEndian(min(sample, 65535), 2)
        }
      }
    }
    var deflater = try Deflater(wrapper: .zlib)
    var packed: [UInt8] = []
    deflater.append(rows.span, to: &packed)
    deflater.finish(to: &packed)
    var file: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    file += RefusalTests.chunk("IHDR", bigEndian(40) + bigEndian(24) + [16, 2, 0, 0, 0])
    if let profile { file += RefusalTests.chunk("iCCP", profile) }
    return file + RefusalTests.chunk("IDAT", packed) + RefusalTests.chunk("IEND", [])
  }

  @Test func sixteenBitsAreRoundedAndReported() throws {
    let pixels = Pictures.noise(40, 24)
    let plain = try PNG.encode(pixels.span, width: 40, height: 24)
    let (space, results) = try run(["deep.png": try deep(pixels), "plain.png": plain])
    #expect(results["deep.png"]?.notes == ["16 bits a sample rounded to 8, v * 255 / 65535"])
    #expect(try space.bytes("out/deep.png") == space.bytes("out/plain.png"))
  }

  /// A profile for four inks: a table with two steps per ink, from white paper to the mix of the inks, in
  /// Lab.
  private var inkProfile: [UInt8] {
    var table = Array("mft1\0\0\0\0".utf8) + [4, 3, 2, 0]
    for row in 0..<3 { for column in 0..<3 { table += bigEndian(row == column ? 65536 : 0) } }
    for _ in 0..<4 { table += (0...255).map { UInt8($0) } }
    // The first ink varies slowest. Lightness falls with each; a and b stay at 128, so that all inks are grey.
    for mix in 0..<16 {
      table += [mix & 1 == 1 ? 0 : UInt8(255 - 50 * (mix >> 1).nonzeroBitCount), 128, 128]
    }
    for _ in 0..<3 { table += (0...255).map { UInt8($0) } }
    var header = [UInt8](repeating: 0, count: 128)
    header.replaceSubrange(0..<4, with: bigEndian(128 + 4 + 12 + table.count))
    header.replaceSubrange(8..<12, with: [2, 0x40, 0, 0])
    header.replaceSubrange(12..<24, with: Array("prtrCMYKLab ".utf8))
    header.replaceSubrange(36..<40, with: Array("acsp".utf8))
    header.replaceSubrange(68..<80, with: bigEndian(63190) + bigEndian(65536) + bigEndian(54061))
    return header + bigEndian(1) + Array("A2B0".utf8) + bigEndian(144) + bigEndian(table.count) + table
  }

  /// Print colours with a profile are converted by it, whether Adobe's programs inverted them or not;
  /// without a profile they are refused, and the message has the command to convert them.
  @Test(.enabled(if: hasPillow, "Pillow is not installed: apt install python3-pil"))
  func colorsForPrintAreConverted() throws {
    let space = try Workspace()
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
    process.arguments = [
      "-c",
      """
      import sys
      from PIL import Image
      a = Image.new('CMYK', (48, 40), (0, 0, 0, 0))
      a.paste((0, 0, 0, 255), (0, 0, 16, 16)); a.paste((255, 0, 0, 0), (32, 0, 48, 16))
      a.save(sys.argv[1] + '/in/ink.jpg', quality=95, icc_profile=open(sys.argv[1] + '/p.icc', 'rb').read())
      a.save(sys.argv[1] + '/in/bare.jpg', quality=95)
      b = Image.new('CMYK', (48, 40), (0, 0, 0, 0)); b.paste((9, 200, 90, 30), (16, 8, 24, 16))
      b.paste((0, 0, 0, 255), (0, 0, 16, 16)); b.paste((255, 0, 0, 0), (32, 0, 48, 16))
      b.save(sys.argv[1] + '/in/other.jpg', quality=95, icc_profile=open(sys.argv[1] + '/p.icc', 'rb').read())
      """, space.root,
    ]
    try space.put("p.icc", inkProfile)
    try process.run()
    process.waitUntilExit()
    for name in ["ink.jpg", "bare.jpg", "other.jpg"] {
      try space.put("in/\(name).json", Array(Pictures.sidecar(48, 40, box: (16, 8, 8, 8)).utf8))
    }
    let results = try space.run {
      $0.settings.policy = Pictures.policy
      $0.settings.output = .png
    }
    #expect(results["bare.jpg"]?.message?.contains("convert in.jpg -colorspace sRGB out.jpg") == true)
    #expect(results["ink.jpg"]?.notes == ["colours converted from a print profile to sRGB"])
    let ink = try space.bytes("out/ink.png")
    let image = try PNG.decode(ink.span)
    let at = { (x: Int, y: Int) in Int(image.pixels[y * 48 + x] & 0xFF) }
    #expect(at(4, 4) < 12 && at(4, 30) > 245 && (150...235).contains(at(40, 4)) && at(20, 12) == 0)
    // Pixels under the mask affect nothing beside it.
    #expect(try space.bytes("out/ink.png") == space.bytes("out/other.png"))
  }

  private static let hasPillow: Bool = {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
    process.arguments = ["-c", "import PIL"]
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }()

  @Test func aProfileThatCannotBeUsedIsRefused() throws {
    let wide = profile(.adobe, curve: gamma)
    let pixels = Pictures.noise(40, 24)
    let good = try png(wide, pixels)
    var files: [String: [UInt8]] = [:]
    files["broken.png"] = try png([1, 2, 3], pixels)
    files["cut.png"] = try png(Array(wide.prefix(200)), pixels)
    files["gray.png"] = try png(profile(.sRGB, curve: gamma, space: "GRAY"), pixels)
    files["none.png"] = RefusalTests.inserting("iCCP", [], into: try Pictures.png())
    files["two.png"] = RefusalTests.inserting("iCCP", Array("x\0\0y".utf8), into: good)
    files["film.png"] = RefusalTests.inserting("cICP", [9, 16, 0, 1], into: try Pictures.png())
    files["parts.jpg"] = try jpeg(wide, parts: [(1, 3), (2, 3)])
    files["twice.jpg"] = try jpeg(wide, parts: [(1, 2), (1, 2)])
    let (space, results) = try run(files)
    for (name, result) in results { #expect(result.status == .refused, "\(name)") }
    #expect(results.count == 8 && space.outputs.isEmpty)
  }
}
