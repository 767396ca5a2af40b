import Foundation
import ScrimCodec
import ScrimImage
import ScrimRedact
import ScrimTestSupport
import Testing

@testable import ScrimScreenshots

/// One image at a time, in memory.
@Suite struct ImageTests {
  private func redact(
    _ bytes: [UInt8], as format: ImageFormat = .png, sidecar: String,
    to output: RedactionSettings.Output = .keep,
    policy: MaskPolicy = Pictures.policy
  ) throws -> RedactedImage {
    var settings = RedactionSettings(policy: policy)
    settings.output = output
    let facts = try ImageFacts(bytes, format: format)
    let boxes = try Sidecar.read(
      Array(sidecar.utf8), ending: ".json",
      request: SidecarRequest(image: "a", stored: facts.stored, displayed: facts.displayed)
    ).get()
    return try ImageRedactor(settings).redact(bytes, facts: facts, sidecars: [boxes])
  }

  @Test func pngIsExactOutsideTheMaskAndFillInside() throws {
    let source = Pictures.noise(40, 24)
    let result = try redact(try Pictures.png(), sidecar: Pictures.sidecar())
    let out = try PNG.decode(result.bytes.span)
    let box = Rect(x: 10, y: 8, width: 12, height: 6)
    for index in source.indices {
      let isMasked = box.contains(x: index % 40, y: index / 40)
      #expect(out.pixels[index] == (isMasked ? 0 : source[index]))
    }
    #expect(try PNG.chunks(of: result.bytes.span).allSatisfy { ["IHDR", "IDAT", "IEND"].contains($0.name) })
    #expect(result.maskedPixels == 72 && result.masksByReason == ["nature": 1])
  }

  @Test func alphaStaysButNoColourUnderNone() throws {
    var pixels = Pictures.noise(40, 24).map { $0 | 0xFF00_0000 }
    for index in pixels.indices where index % 3 == 0 { pixels[index] &= 0x00FF_FFFF }
    for index in pixels.indices where index % 3 == 1 { pixels[index] = pixels[index] & 0x80FF_FFFF }
    let bytes = try PNG.encode(pixels.span, width: 40, height: 24, as: .rgba8)
    let result = try redact(bytes, sidecar: Pictures.sidecar())
    let out = try PNG.decode(result.bytes.span, as: .argb)
    let box = Rect(x: 10, y: 8, width: 12, height: 6)
    for index in pixels.indices {
      let kept = pixels[index] >> 24 == 0 ? 0 : pixels[index]
      #expect(out.pixels[index] == (box.contains(x: index % 40, y: index / 40) ? 0xFF00_0000 : kept))
    }
  }

  @Test func greyStaysGreyUnlessTheFillIsNot() throws {
    let pixels = Pictures.noise(40, 24).map { ($0 & 0xFF) * 0x010101 }
    let bytes = try PNG.encode(pixels.span, width: 40, height: 24, as: .gray8)
    let grey = try PNG.decode(try redact(bytes, sidecar: Pictures.sidecar()).bytes.span)
    #expect(grey.info.header.colorType == .gray && grey.pixels[0] == pixels[0])
    var policy = Pictures.policy
    policy.fills = MaskFills(0xFF0000)
    let red = try PNG.decode(try redact(bytes, sidecar: Pictures.sidecar(), policy: policy).bytes.span)
    #expect(
      red.info.header.colorType == .rgb && red.pixels[0] == pixels[0] && red.pixels[8 * 40 + 10] == 0xFF0000)
  }

  /// With each of the eight orientations, the box must cover its content in the displayed picture.
  @Test(arguments: 1...8, ["displayed", "stored"])
  func orientationIsBakedIn(number: Int, space: String) throws {
    let orientation = Orientation(number: number)
    let stored = PixelSize(width: 64, height: 32)
    let size = orientation.displayed(stored)
    // One white block of 16 by 16 pixels in black, and its box.
    let block = Rect(x: 32, y: 16, width: 16, height: 16)
    var pixels = [UInt32](repeating: 0x202020, count: 64 * 32)
    for y in block.y..<block.maxY { for x in block.x..<block.maxX { pixels[y * 64 + x] = 0xFFFFFF } }
    var bytes = try JPEG.encode(pixels.span, width: 64, height: 32, quality: 95, chroma: .full)
    bytes.insert(contentsOf: exif(number), at: 2)
    let shown = orientation.displayed(block, of: stored)
    let box = space == "stored" ? block : shown
    let declared = space == "stored" ? stored : size
    let sidecar = Pictures.sidecar(
      declared.width, declared.height, box: (box.x, box.y, box.width, box.height), space: space)
    for output in RedactionSettings.Output.allCases {
      let result = try redact(bytes, as: .jpeg, sidecar: sidecar, to: output)
      #expect(result.size == size)
      let out =
        output == .png
        ? try PNG.decode(result.bytes.span).pixels : try JPEG.decode(result.bytes.span).pixels
      for y in 0..<size.height {
        for x in 0..<size.width {
          let pixel = out[y * size.width + x]
          #expect(shown.contains(x: x, y: y) ? pixel == 0 : pixel == 0x202020, "\(x),\(y)")
        }
      }
    }
  }

  @Test func coloursOnABackgroundAreMixedChannelByChannel() {
    for background: UInt32 in [0, 0xFFFFFF, 0x102030] {
      for pixel: UInt32 in [0x0080_FF10, 0x01FF_FFFF, 0x8040_80C0, 0xFE01_02FF, 0xFF12_3456] {
        let alpha = Double(pixel >> 24) / 255
        let channels = [16, 8, 0].map { (shift: UInt32) -> UInt32 in
          let above = Double(pixel >> shift & 0xFF)
          let below = Double(background >> shift & 0xFF)
          return UInt32((above * alpha + below * (1 - alpha)).rounded())
        }
        #expect(pixel.over(background) == channels.reduce(0) { $0 << 8 | $1 })
      }
    }
  }

  /// If programs would rotate a picture differently, boxes of the displayed picture are ambiguous: Pillow
  /// also applies a number of four bytes, and the last of several.
  @Test func aTurnThatProgramsReadDifferentlyIsRefused() throws {
    let picture = try Pictures.jpeg(48, 40)
    func redacted(_ segments: [[UInt8]]) throws {
      var bytes = picture
      bytes.insert(contentsOf: segments.joined(), at: 2)
      _ = try redact(bytes, as: .jpeg, sidecar: Pictures.sidecar(48, 40))
    }
    try redacted([exif(3)])
    try redacted([exif(0)])
    try redacted([exif(3), exif(3)])
    let long: [UInt8] = [1, 0x12, 0, 4, 0, 0, 0, 1, 0, 0, 0, 3]
    // Of 0 and 1, every reading is no rotation.
    for number: UInt8 in [0, 1] { try redacted([exif(entries: [long.dropLast() + [number]])]) }
    let pair: [UInt8] = [1, 0x12, 0, 3, 0, 0, 0, 2, 0, 3, 0, 3]
    let (one, three): ([UInt8], [UInt8]) = (entry(1), entry(3))
    for segments in [
      [exif(1), exif(3)], [exif(3), exif(1)], [exif(entries: [long])], [exif(entries: [pair])],
      [exif(entries: [one, three])], [exif(3, fill: 0xFF), exif(1)],
      [exif(entries: [long.dropLast() + [1], three])], [exif(entries: [long.dropLast(4) + [0, 1, 0, 0]])],
    ] {
      #expect(throws: Refusal.self) { try redacted(segments) }
    }
  }

  /// Boxes of a JPEG with an Exif rotation are masked as stored and as displayed; the card number is at
  /// neither place.
  @Test(arguments: [2, 3, 4, 5, 6, 7, 8]) func bothPlacesOfATurnedPictureAreMasked(number: Int) throws {
    let space = try Workspace()
    let pixels = [UInt32](repeating: 0xFFFFFF, count: 64 * 64)
    var jpeg = try JPEG.encode(pixels.span, width: 64, height: 64, quality: 90, chroma: .full)
    jpeg.insert(contentsOf: exif(number), at: 2)
    try space.put("in/a.jpg", jpeg)
    let file = String(decoding: AnnotationFileTests.coco(["a.jpg"]), as: UTF8.self)
      .replacingOccurrences(of: "\"width\":40,\"height\":24", with: "\"width\":64,\"height\":64")
      .replacingOccurrences(of: "[10,8,12,6]", with: "[8,16,8,8]")
    try space.put("in/annotations.json", Array(file.utf8))
    let both = try result(space, nil)
    #expect(both?.maskedPixels == 128 && both?.notes?.contains(Sidecar.eitherNote) == true)
    #expect(try result(space, .stored)?.maskedPixels == 64)
    #expect(try result(space, .displayed)?.maskedPixels == 64)
    let out = try space.bytes("out/a.png")
    let image = try PNG.decode(out.span)
    let black = Set(image.pixels.indices.filter { image.pixels[$0] == 0 })
    #expect(black.contains(16 * 64 + 8))
    let turn = Orientation(number: number).displayed(
      .init(x: 8, y: 16, width: 8, height: 8), of: PixelSize(width: 64, height: 64))
    #expect(black.contains(turn.y * 64 + turn.x) && black.count == 128)
  }

  private func result(_ space: Workspace, _ boxSpace: BoxSpace?) throws -> ImageResult? {
    let results = try space.run { request in
      request.settings.policy = Pictures.policy
      request.settings.output = .png
      request.settings.boxSpace = boxSpace
      request.output += boxSpace?.rawValue ?? ""
    }
    return results["a.jpg"]
  }

  private func exif(_ orientation: Int, fill: UInt8 = 0) -> [UInt8] {
    exif(entries: [entry(orientation)], fill: fill)
  }

  private func entry(_ orientation: Int) -> [UInt8] {
    [1, 0x12, 0, 3, 0, 0, 0, 1, 0, UInt8(orientation), 0, 0]
  }

  private func exif(entries: [[UInt8]], fill: UInt8 = 0) -> [UInt8] {
    var content: [UInt8] = Array("Exif\0".utf8) + [fill] + Array("MM\0\u{2A}".utf8)
    content += [0, 0, 0, 8, 0, UInt8(entries.count)] + entries.joined() + [0, 0, 0, 0]
    return [0xFF, 0xE1, 0, UInt8(content.count + 2)] + content
  }

  /// Two JPEG files whose pixels differ only under the box as drawn before coding: their own coding spreads
  /// the difference over blocks, and none of it may be in the output.
  @Test(arguments: [JPEG.Chroma.full, .halfWidth, .quarter], RedactionSettings.Output.allCases)
  func nothingUnderAMaskReachesAnotherBlock(chroma: JPEG.Chroma, output: RedactionSettings.Output) throws {
    let (width, height) = (101, 83)
    let box = Rect(x: 21, y: 35, width: 30, height: 9)
    let first = Pictures.noise(width, height, seed: 3)
    var second = first
    let other = Pictures.noise(width, height, seed: 4)
    for y in box.y..<box.maxY { for x in box.x..<box.maxX { second[y * width + x] = other[y * width + x] } }
    let sidecar = Pictures.sidecar(width, height, box: (box.x, box.y, box.width, box.height))
    let results = try [first, second].map { pixels in
      // With standard tables: optimised ones depend on all pixels, but decoding does not reveal them.
      try redact(
        try JPEG.encode(pixels.span, width: width, height: height, quality: 85, chroma: chroma), as: .jpeg,
        sidecar: sidecar, to: output)
    }
    #expect(results[0].bytes == results[1].bytes)
    #expect(results[0].maskedPixels < width * height / 2)
  }

  @Test(arguments: [0x000000, 0xFFFFFF, 0x123456, 0xFF00FF] as [UInt32], [1, 40, 75, 90, 100])
  func aJPEGsMaskIsOneColour(fill: UInt32, quality: Int) throws {
    var policy = Pictures.policy
    policy.fills = MaskFills(fill)
    var settings = RedactionSettings(policy: policy)
    settings.output = .jpeg
    settings.quality = quality
    let bytes = try Pictures.png(77, 61)
    let facts = try ImageFacts(bytes, format: .png)
    let tree = try WidgetTree(widgets: [Widget(role: "label", x: 13, y: 9, width: 64, height: 20)])
    let sidecar = Sidecar(tree: tree, size: nil, describesWholeWindows: false, format: "test")
    let result = try ImageRedactor(settings).redact(bytes, facts: facts, sidecars: [sidecar])
    let out = try JPEG.decode(result.bytes.span)
    let colour = out.pixels[8 * 77 + 8]
    for y in 8..<32 { for x in 8..<77 { #expect(out.pixels[y * 77 + x] == colour) } }
    if fill == 0, quality >= 90 { #expect(colour == 0) }
    #expect(out.pixels[7 * 77 + 7] != colour)
  }

  /// Content drawn by alpha alone is found by the gap guard.
  @Test func textInTheAlphaOfAGapIsMasked() throws {
    var pixels = [UInt32](repeating: 0xFF00_0000, count: 200 * 64)
    for y in 20..<32 { for x in stride(from: 30, to: 120, by: 4) { pixels[y * 200 + x] = 0x0100_0000 } }
    let bytes = try PNG.encode(pixels.span, width: 200, height: 64, as: .rgba8)
    let sidecar = """
      {"width":200,"height":64,"widgets":[{"id":"p","role":"panel","x":0,"y":0,"w":200,"h":64},
      {"parent":"p","role":"label","x":0,"y":0,"w":8,"h":8}]}
      """
    let out = try PNG.decode(try redact(bytes, sidecar: sidecar).bytes.span, as: .argb)
    #expect(out.pixels.allSatisfy { $0 == 0xFF00_0000 })
  }
}
