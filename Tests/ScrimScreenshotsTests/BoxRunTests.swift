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
    try words(space, "e/empty.png")
    try words(space, "e/other.png")
    try words(space, "f/words.png", "coco.json", as: "f/_annotations.coco.json")
    let results = try space.run { $0.settings.policy = Pictures.policy }
    #expect(
      results.mapValues(\.boxes) == [
        "a.png": "hocr", "b.png": "tesseract", "c.png": "hocr", "d/words.png": "labelme",
        "e/words.png": "coco",
        "e/empty.png": "coco", "e/other.png": nil, "f/words.png": "coco",
      ])
    #expect(results["e/other.png"]?.reason == "no boxes" && space.outputs.count == 7)
    let image = try decoded(try space.bytes("out/b.png"))
    #expect(image.pixels[400 * 70 + 20] == 0 && image.pixels[0] == 0xFFFFFF)
  }

  @Test func twoFilesForOneImageAreRefused() throws {
    let space = try Workspace()
    try words(space, "b/words.png", "coco.json", as: "b/annotations.json")
    try words(space, "b/words.png", "words.tsv", as: "b/words.tsv")
    try words(space, "c/words.png", "coco.json", as: "c/annotations.json")
    try words(space, "c/words.png", "cvat.xml", as: "c/annotations.xml")
    // One stem for two images, and unreadable annotations that aren't needed.
    try words(space, "d/x.png", "words.tsv", as: "d/x.tsv")
    try space.put("in/d/x.jpg", try Pictures.jpeg())
    try words(space, "e/x.png", "words.tsv", as: "e/x.tsv")
    try space.put("in/e/annotations.json", [0x7B])
    let reasons = try space.run().mapValues(\.reason)
    #expect(
      reasons == [
        "b/words.png": "bad boxes", "c/words.png": "bad boxes", "d/x.png": "no boxes",
        "d/x.jpg": "no boxes", "e/x.png": nil,
      ])
    #expect(space.outputs == ["e/x.png"])
  }

  /// All files that a picture's name names are read, and what any of them masks is masked.
  @Test func filesOfOnePictureAreUnited() throws {
    let space = try Workspace()
    try words(space, "page.png", "words.hocr", as: "page.hocr")
    try words(space, "page.png", "words.tsv", as: "page.tsv")
    try words(space, "hocr.png", "words.hocr", as: "hocr.hocr")
    try space.putImage("two.png", try Pictures.png(), sidecar: Pictures.sidecar())
    try space.put("in/two.json", Array(Pictures.sidecar(box: (0, 0, 4, 4)).utf8))
    let widgets = #"[{"role":"textbox","box":{"x":30,"y":4,"width":6,"height":3}}]"#
    try space.put(
      "in/two.xml", Array("<annotations><image name='two.png' width='40' height='24'/></annotations>".utf8))
    try space.putImage("three.png", try Pictures.png(), sidecar: widgets)
    try space.put("in/three.json", Array(Pictures.sidecar().utf8))
    let results = try space.run {
      $0.settings.policy = Pictures.policy
      $0.settings.boxScale = 1
    }
    #expect(results["page.png"]?.boxes == "hocr+tesseract", "\(results["page.png"]?.message ?? "")")
    #expect(results["page.png"]?.maskedPixels == results["hocr.png"]?.maskedPixels)
    #expect(results["page.png"]?.notes == [Sidecar.engineNote])
    #expect(results["two.png"]?.maskedPixels == 72 + 16 && results["two.png"]?.boxes == "cvat+scrim")
    #expect(results["three.png"]?.maskedPixels == 72 + 18)
  }

  /// One that can't be read, or is of another size, may be the one that has the private boxes.
  @Test(arguments: [
    ("page.hocr", "words.hocr", "page.tsv", ""), ("page.hocr", "", "page.png.tsv", "words.tsv"),
    ("page.hocr", "words.hocr", "page.tsv", "size"), ("page.json", "labelme.json", "page.hocr", "words.hocr"),
    ("page.hocr", "words.hocr", "page.html", "<html><body><p>Saved page</p></body></html>"),
    ("page.hocr", "words.hocr", "page.png.hocr", "link"),
  ])
  func oneBadFileOfAPictureRefusesIt(_ one: String, _ sample: String, _ other: String, _ content: String)
    throws
  {
    let space = try Workspace()
    try words(space, "page.png")
    for (name, content) in [(one, sample), (other, content)] {
      switch content {
      case "link":
        try FileManager.default.createSymbolicLink(
          atPath: space.input + "/" + name, withDestinationPath: space.input + "/page.hocr")
      case "size":
        try space.put(
          "in/" + name,
          Array(
            try BoxSamples.text("words.tsv").replacingOccurrences(of: "\t400\t120", with: "\t401\t120").utf8))
      case _ where content.hasPrefix("words") || content == "labelme.json":
        try space.put("in/" + name, try BoxSamples.bytes(content))
      default: try space.put("in/" + name, Array(content.utf8))
      }
    }
    let result = try space.run()["page.png"]
    #expect(result?.reason == "bad boxes", "\(result?.boxes ?? "")")
  }

  /// A finished image is redacted again if any of its files changes.
  @Test func everyFileOfAPictureCountsForResuming() throws {
    let space = try Workspace()
    try words(space, "page.png", "words.hocr", as: "page.hocr")
    try words(space, "page.png", "words.tsv", as: "page.tsv")
    try space.run()
    #expect(try space.run { $0.resumes = true }["page.png"]?.status == .resumed)
    try space.put("in/page.tsv", try BoxSamples.bytes("words.tsv") + Array("\n".utf8))
    #expect(try space.run { $0.resumes = true }["page.png"]?.status != .resumed)
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
