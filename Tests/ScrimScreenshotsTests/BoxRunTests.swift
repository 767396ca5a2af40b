import Foundation
import ScrimCodec
import ScrimRedact
import ScrimTestSupport
import Testing

@testable import ScrimScreenshots

/// Side files of other tools in a run: how they are found, previewed and refused.
@Suite struct BoxRunTests {
  private func words(_ space: Workspace, _ name: String, _ file: String? = nil, as side: String = "") throws {
    try space.put("in/" + name, try BoxSamples.bytes("words.png"))
    if let file { try space.put("in/" + side, try BoxSamples.bytes(file)) }
  }

  @Test func sideFilesAreFoundByTheirEndings() throws {
    let space = try Workspace()
    try words(space, "a.png", "words.hocr", as: "a.png.hocr")
    try words(space, "b.png", "words.tsv", as: "b.tsv")
    try words(space, "c.png", "words.hocr", as: "c.xml")
    try words(space, "d/words.png", "labelme.json", as: "d/words.json")
    try words(space, "e/words.png", "coco.json", as: "e/annotations.json")
    try words(space, "e/other.png")
    try words(space, "f/words.png", "coco.json", as: "f/_annotations.coco.json")
    let results = try space.run { $0.settings.policy = Pictures.policy }
    #expect(
      results.mapValues(\.boxes) == [
        "a.png": "hocr", "b.png": "tesseract", "c.png": "hocr", "d/words.png": "labelme",
        "e/words.png": "coco",
        "e/other.png": nil, "f/words.png": "coco",
      ])
    #expect(results["e/other.png"]?.reason == "no boxes" && space.outputs.count == 6)
    let image = try decoded(try space.bytes("out/b.png"))
    #expect(image.pixels[400 * 70 + 20] == 0 && image.pixels[0] == 0xFFFFFF)
  }

  @Test func twoFilesForOneImageAreRefused() throws {
    let space = try Workspace()
    try words(space, "a.png", "words.hocr", as: "a.hocr")
    try words(space, "a.png", "words.tsv", as: "a.png.tsv")
    try words(space, "b/words.png", "coco.json", as: "b/annotations.json")
    try words(space, "b/words.png", "words.tsv", as: "b/words.tsv")
    try words(space, "c/words.png", "coco.json", as: "c/annotations.json")
    try words(space, "c/words.png", "coco.json", as: "c/_annotations.coco.json")
    // One stem for two images, and unreadable annotations that aren't needed.
    try words(space, "d/x.png", "words.tsv", as: "d/x.tsv")
    try space.put("in/d/x.jpg", try Pictures.jpeg())
    try words(space, "e/x.png", "words.tsv", as: "e/x.tsv")
    try space.put("in/e/annotations.json", [0x7B])
    let reasons = try space.run().mapValues(\.reason)
    #expect(
      reasons == [
        "a.png": "bad boxes", "b/words.png": "bad boxes", "c/words.png": "bad boxes", "d/x.png": "no boxes",
        "d/x.jpg": "no boxes", "e/x.png": nil,
      ])
    #expect(space.outputs == ["e/x.png"])
  }

  @Test func aScaleIsTakenFromTheUser() throws {
    let space = try Workspace()
    let list = #"[{"role":"textbox","box":{"x":5,"y":4,"width":6,"height":3}}]"#
    try space.putImage("a.png", try Pictures.png(), sidecar: list)
    #expect(try space.run()["a.png"]?.reason == "bad boxes")
    let result = try space.run {
      $0.settings.policy = Pictures.policy
      $0.settings.boxScale = 2
    }
    #expect(result["a.png"]?.maskedPixels == 12 * 6)
  }

  private func encoded(_ pixels: [UInt32]) throws -> [UInt8] {
    try PNG.encode(pixels.span, width: 40, height: 24)
  }

  private func decoded(_ bytes: [UInt8]) throws -> PNG.Image { try PNG.decode(bytes.span, as: .rgb) }

  /// Pictures that differ only under a mask have the same preview, and it isn't the picture.
  @Test func previewsRevealNothing() throws {
    var previews: [[UInt8]] = []
    for seed in [1, 2] as [UInt64] {
      let space = try Workspace()
      var pixels = Pictures.noise(40, 24)
      let secret = Pictures.noise(40, 24, seed: seed)
      for y in 8..<14 { for x in 10..<22 { pixels[40 * y + x] = secret[40 * y + x] } }
      try space.putImage("deep/a.png", try encoded(pixels), sidecar: Pictures.sidecar())
      try space.run {
        $0.settings.policy = Pictures.policy
        $0.preview = space.root + "/preview"
      }
      previews.append(try space.bytes("preview/deep/a.png.png"))
      let made = try decoded(previews[0])
      #expect(made.pixels[made.info.header.width * 8 + 10] == Preview.colour(of: .nature))
      #expect(made.pixels[made.info.header.width * 9 + 11] == 0 && made.pixels[0] == pixels[0])
    }
    #expect(previews[0] == previews[1])
  }

  @Test func previewsNeedAFolderOfTheirOwn() throws {
    let space = try Workspace()
    try space.putImage("a.png", try Pictures.png(), sidecar: Pictures.sidecar())
    for place in ["/in", "/in/x", "/out", "/out/x", "", "/out.resume"] {
      #expect(throws: RunError.self, "\(place)") { try space.run { $0.preview = space.root + place } }
    }
    try space.run {
      $0.preview = space.root + "/preview"
      $0.isDryRun = true
    }
    #expect(!FileManager.default.fileExists(atPath: space.root + "/preview"))
  }

  @Test(.enabled(if: OCRDetectorTests.isInstalled, "tesseract is not installed: apt install tesseract-ocr"))
  func ocrWarnsThatItsRecallIsNotGuaranteed() throws {
    let space = try Workspace()
    try words(space, "bare.png")
    try words(space, "boxed.png", "words.tsv", as: "boxed.tsv")
    let results = try space.run { $0.settings.detector = try? OCRDetector() }
    #expect(results["bare.png"]?.boxes == "ocr" && results["bare.png"]?.notes == [OCRDetector.notice])
    #expect(results["boxed.png"]?.boxes == "tesseract" && results["boxed.png"]?.notes == [Sidecar.engineNote])
    #expect(try space.bytes("out/bare.png") == space.bytes("out/boxed.png"))
  }
}
