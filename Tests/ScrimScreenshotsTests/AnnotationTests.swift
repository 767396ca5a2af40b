import Foundation
import ScrimImage
import ScrimRedact
import ScrimTestSupport
import Testing

@testable import ScrimScreenshots

/// Regions of annotation tools: the mask covers all of the file's region, or the file is refused.
@Suite struct AnnotationTests {
  private static let size = PixelSize(width: 800, height: 600)

  private func rect(_ minX: Int, _ minY: Int, _ maxX: Int, _ maxY: Int) -> Rect {
    Rect(minX: minX, minY: minY, maxX: maxX, maxY: maxY)
  }

  private func coco(_ annotation: String) -> String {
    """
    {"images":[{"id":1,"width":800,"height":600,"file_name":"shot.png"}],"categories":[{"id":1,"name":"text"}],
    "annotations":[{"id":1,"image_id":1,"category_id":1,\(annotation)}]}
    """
  }

  private func labelMe(_ shapes: String) -> String {
    #"{"version":"5.4.1","shapes":[\#(shapes)],"imagePath":"shot.png","imageWidth":800,"imageHeight":600}"#
  }

  private func rects(_ text: String, _ ending: String = ".json") throws -> [Rect] {
    try BoxSamples.read(text, ending, AnnotationTests.size).tree.rects
  }

  // MARK: Samples of each tool

  @Test func cvat() throws {
    let sidecar = try BoxSamples.read("cvat.xml")
    #expect(sidecar.format == "cvat" && !sidecar.describesWholeWindows)
    #expect(
      sidecar.tree.rects == [
        rect(20, 10, 120, 30), rect(225, 25, 235, 85), rect(60, 80, 91, 100), rect(295, 40, 305, 80),
        rect(340, 20, 344, 22), rect(150, 90, 160, 110),
      ])
    #expect(sidecar.tree.widgets.map(\.nature).allSatisfy { $0 == .unknown })
    #expect(sidecar.tree.widgets[1].type == "button")
  }

  @Test func labelStudio() throws {
    let sidecar = try BoxSamples.read("labelstudio.json")
    #expect(sidecar.format == "labelstudio")
    #expect(
      sidecar.tree.rects == [
        // Rotated by 90 degrees about its upper left corner, 100,60: to the left and down.
        rect(88, 60, 100, 120), rect(20, 12, 120, 36), rect(280, 48, 320, 72), rect(60, 84, 90, 108),
        rect(370, 100, 380, 110), rect(158, 94, 162, 98), rect(200, 0, 240, 12),
      ])
    // The same at another scale: positions are fractions.
    let half = try BoxSamples.read("labelstudio.json", size: PixelSize(width: 200, height: 60))
    #expect(half.tree.rects[1] == rect(10, 6, 60, 18) && half.notes == [Sidecar.scaleNote(0.5)])
  }

  /// A task that is not done yet does not mean a picture without secrets; its file is still used for the
  /// others.
  @Test(arguments: [
    (#""annotations":[]"#, false), (#""annotations":[{"was_cancelled":true,"result":[]}]"#, false),
    (#""annotations":[],"predictions":[{"result":[]}]"#, false), (#""annotations":[{"result":[]}]"#, true),
  ])
  func aTaskWithoutAnAnnotation(more: String, isDone: Bool) throws {
    let text = """
      [{"data":{"image":"/data/upload/1/1a2b3c4d-shot.png"},\(more)},
      {"data":{"image":"/data/upload/1/1a2b3c4d-other.png"},"annotations":[{"result":[]}]}]
      """
    #expect((try? rects(text)) == (isDone ? [] : nil))
    #expect(try BoxSamples.read(text, ".json", image: "other.png", AnnotationTests.size).tree.rects == [])
  }

  /// Predictions without the picture's sides are of the picture that the other results are of.
  @Test(arguments: [
    #""annotations":[{"result":[DONE],"prediction":{"id":1,"result":[GUESS]}}]"#,
    #""annotations":[{"result":[DONE]}],"predictions":[{"result":[GUESS]}]"#,
    #""predictions":[{"result":[GUESS]}],"annotations":[{"result":[DONE]}]"#,
  ])
  func predictionsWithoutSides(members: String) throws {
    let value = { (x: Int) in
      #""type":"rectanglelabels","value":{"x":\#(x),"y":10,"width":20,"height":10,"rectanglelabels":["a"]}"#
    }
    let sides = #""original_width":800,"original_height":600,"#
    let text = { (done: String) in
      let done = members.replacing("DONE", with: done).replacing("GUESS", with: "{\(value(50))}")
      return #"[{"data":{"image":"/data/upload/1/1a2b3c4d-shot.png"},\#(done)}]"#
    }
    let places = Set(try rects(text("{\(sides)\(value(10))}")))
    #expect(places == [rect(80, 60, 240, 120), rect(400, 60, 560, 120)])
    // Without any, the percentages can't be read.
    #expect(throws: SidecarIssue.self) { try rects(text("{\(value(10))}")) }
    #expect(throws: SidecarIssue.self) {
      try rects(text(#"{"original_width":0,"original_height":600,\#(value(10))}"#))
    }
  }

  @Test func labelStudioInBrief() throws {
    let text = """
      [{"image":"/data/upload/1/1a2b3c4d-shot.png","id":1,"label":[{"x":10,"y":10,"width":20,"height":10,"rotation":0,
      "rectanglelabels":["a"],"original_width":800,"original_height":600}],"annotator":1}]
      """
    #expect(try rects(text) == [rect(80, 60, 240, 120)])
  }

  @Test func via() throws {
    let sidecar = try BoxSamples.read("via.json")
    #expect(sidecar.format == "via")
    #expect(
      sidecar.tree.rects == [
        rect(20, 10, 120, 30), rect(189, 49, 211, 71), rect(295, 40, 305, 80), rect(60, 80, 90, 100),
        rect(120, 80, 170, 100),
      ])
    #expect(sidecar.tree.widgets.map(\.type) == ["account-number", "face", "region", "region", "region"])
    // The annotations alone, and those of version 1, whose regions are an object.
    let alone =
      #"{"shot.png9":{"filename":"shot.png","size":9,"regions":{"0":{"shape_attributes":{"name":"rect","x":1,"y":2,"width":3,"height":4},"region_attributes":{}}}}}"#
    #expect(try rects(alone) == [rect(1, 2, 4, 6)])
    let other = Sidecar.read(
      Array(alone.utf8), ending: ".json",
      request: SidecarRequest(
        image: "shot.png", stored: AnnotationTests.size, displayed: AnnotationTests.size, byteCount: 10))
    #expect(throws: SidecarIssue.self) { try other.get() }
  }

  // MARK: COCO

  /// A rotated box, as CVAT writes it.
  @Test(arguments: [
    (#""attributes":{"rotation":60.0}"#, (288, 131, 512, 469)),
    (#""attributes":{"occluded":false,"rotation":"60.0"}"#, (288, 131, 512, 469)),
    (#""attributes":{"Rotation":-60}"#, (288, 131, 512, 469)),
    (#""attributes":{"rotation":90}"#, (375, 120, 425, 480)), (#""rotation":270"#, (375, 120, 425, 480)),
    (#""rotation":450"#, (375, 120, 425, 480)), (#""attributes":{"rotation":180}"#, (220, 275, 580, 325)),
    (#""attributes":{"rotation":0.0}"#, (220, 275, 580, 325)), (#""attributes":{}"#, (220, 275, 580, 325)),
    (#""attributes":null"#, (220, 275, 580, 325)),
  ])
  func cocoTurnedBoxes(more: String, box: (Int, Int, Int, Int)) throws {
    let text = coco(#""segmentation":[],"bbox":[220,275,360,50],\#(more)"#)
    #expect(try rects(text) == [rect(box.0, box.1, box.2, box.3)])
  }

  /// Parts that are larger than the box, or beside an empty one.
  @Test(arguments: [
    (
      #""bbox":[10,10,20,20],"segmentation":[[5,5,100,5,100,50],[300,300,310,300,310,320]]"#, (5, 5, 310, 320)
    ),
    (#""bbox":[0,0,0,0],"segmentation":[[50,50,100,50,100,90]]"#, (50, 50, 100, 90)),
    (#""bbox":[],"segmentation":[[50,50,100,50,100,90]]"#, (50, 50, 100, 90)),
    (#""segmentation":[[50,50,100,50,100,90]]"#, (50, 50, 100, 90)),
    (#""segmentation":[50,50,100,50,100,90]"#, (50, 50, 100, 90)),
    (#""segmentation":[[[50,50],[100,50],[100,90]]]"#, (50, 50, 100, 90)),
    (#""bbox":[10,10,20,20],"keypoints":[5,6,2,0,0,0,70,80,1]"#, (5, 6, 70, 80)),
    (#""rotation":90,"segmentation":[[220,275,580,275,580,325,220,325]]"#, (220, 120, 580, 480)),
    (
      #""rotation":90,"bbox":[0,0,0,0],"segmentation":[[220,275,580,275,580,325,220,325]]"#,
      (220, 120, 580, 480)
    ),
    (#""keypoints":[5,6,2,0,0,0,70,80,1]"#, (5, 6, 70, 80)),
    (#""bbox":[10,10,20,20],"keypoints":[0,0,0,0,0,0]"#, (10, 10, 30, 30)),
    // Columns of 600 pixels: from pixel 10 of column 1 to pixel 19 of it; then all of columns 4 and 5.
    (
      #""bbox":[1,10,1,1],"segmentation":{"size":[600,800],"counts":[610,10,1780,1200,476400]}"#,
      (1, 0, 6, 600)
    ),
    (#""bbox":[0,0,0,0],"segmentation":{"size":[600,800],"counts":[610,10,479380]}"#, (1, 10, 2, 20)),
    (#""bbox":[0,0,0,0],"segmentation":{"size":[600,800],"counts":[610,600,478790]}"#, (1, 0, 3, 600)),
  ])
  func cocoParts(more: String, box: (Int, Int, Int, Int)) throws {
    #expect(try rects(coco(more)) == [rect(box.0, box.1, box.2, box.3)])
  }

  /// The text of `pycocotools.mask.encode`, after COCO's `rleToString`.
  private static func compress(_ counts: [Int]) -> [UInt8] {
    var text: [UInt8] = []
    for index in counts.indices {
      var value = counts[index]
      if index > 2 { value -= counts[index - 2] }
      while true {
        let bits = value & 0x1F
        value >>= 5
        let goesOn = bits & 0x10 != 0 ? value != -1 : value != 0
        text.append(UInt8((goesOn ? bits | 0x20 : bits) + 48))
        if !goesOn { break }
      }
    }
    return text
  }

  @Test func cocoCompressedRuns() throws {
    var random = SeededGenerator(seed: 7)
    for _ in 0..<200 {
      let counts = (0..<Int.random(in: 0...30, using: &random)).map { _ in
        Int.random(in: 0...(Bool.random(using: &random) ? 40 : 5_000_000), using: &random)
      }
      #expect(RunLengths.compressed(Self.compress(counts)) == counts)
    }
    #expect(RunLengths.compressed(Array("P".utf8)) == nil && RunLengths.compressed([0]) == nil)
    let runs = String(decoding: Self.compress([610, 10, 479380]), as: UTF8.self)
      .replacingOccurrences(of: "\\", with: "\\\\")
    let text = coco("\"bbox\":[0,0,0,0],\"segmentation\":{\"size\":[600,800],\"counts\":\"\(runs)\"}")
    #expect(try rects(text) == [rect(1, 10, 2, 20)])
  }

  @Test(arguments: [
    #""bbox":[1,1,5,5],"angle":30"#, #""bbox":[1,1,5,5],"attributes":{"theta":0.5}"#,
    #""bbox":[1,1,5,5,30]"#, #""segmentation":[]"#, #""caption":"a""#, #""keypoints":[5,5,2]"#,
    #""segmentation":[[5,5,9,5]]"#, #""bbox":[0.1,0.2,0.3,0.4]"#, #""bbox":[900,700,10,10]"#,
    #""bbox":[-50,10,40,40]"#, #""bbox":[1,1,5,5],"rotation":10,"attributes":{"rotation":20}"#,
  ])
  func cocoRefused(more: String) {
    #expect(throws: SidecarIssue.self) { try rects(coco(more)) }
  }

  @Test func panopticSegments() throws {
    let text = """
      {"images":[{"id":1,"width":800,"height":600,"file_name":"shot.png"}],"categories":[{"id":1,"name":"text"}],
      "annotations":[{"image_id":1,"file_name":"shot.png","segments_info":[{"id":1,"category_id":1,"bbox":[1,2,3,4]},
      {"id":2,"category_id":1,"bbox":[10,20,30,40]}]}]}
      """
    #expect(try rects(text) == [rect(1, 2, 4, 6), rect(10, 20, 40, 60)])
  }

  // MARK: LabelMe and X-AnyLabeling

  @Test(arguments: [
    (
      #""shape_type":"rotation","direction":0.5,"points":[[100,100],[200,150],[180,190],[80,140]]"#,
      (80, 100, 200, 190)
    ),
    (#""shape_type":"rectangle","points":[[10,10],[50,10],[50,40],[10,40]]"#, (10, 10, 50, 40)),
    (#""shape_type":"rectangle","points":[[50,40],[10,10]]"#, (10, 10, 50, 40)),
    (#""shape_type":"quadrilateral","points":[[10,10],[50,12],[52,40],[8,44]]"#, (8, 10, 52, 44)),
    (#""shape_type":"linestrip","points":[[10,10],[50,12],[52,40]]"#, (10, 10, 52, 40)),
    (#""shape_type":"circle","points":[[100,100],[103,104]]"#, (95, 95, 105, 105)),
    (#""points":[[10,10],[50,12],[52,40]]"#, (10, 10, 52, 40)),
  ])
  func labelMeShapes(more: String, box: (Int, Int, Int, Int)) throws {
    #expect(try rects(labelMe("{\"label\":\"a\",\(more)}")) == [rect(box.0, box.1, box.2, box.3)])
  }

  @Test(arguments: [
    #""shape_type":"point","points":[[10,10]]"#, #""shape_type":"line","points":[[10,10],[90,90]]"#,
    #""shape_type":"rotation","points":[[10,10],[90,90]]"#,
    #""shape_type":"mask","points":[[1,1],[2,2]],"mask":"AAAA""#,
    #""shape_type":"ellipse","points":[[10,10],[90,90],[1,2]]"#,
    #""shape_type":"polygon","points":[[10,10],[90,90]]"#,
  ])
  func labelMeRefused(more: String) {
    #expect(throws: SidecarIssue.self) { try rects(labelMe("{\"label\":\"a\",\(more)}")) }
  }

  /// Points of a group widen it; a mask may be larger than its points.
  @Test func labelMeGroupsAndMasks() throws {
    let group = labelMe(
      #"{"label":"a","group_id":3,"shape_type":"rectangle","points":[[10,10],[50,40]]},{"label":"b","group_id":3,"shape_type":"point","points":[[90,5]]}"#
    )
    #expect(try rects(group) == [rect(10, 10, 50, 40), rect(10, 5, 90, 40)])
    let png = try Pictures.png(60, 30)
    let mask = Data(png).base64EncodedString()
    let text = labelMe(
      #"{"label":"a","shape_type":"mask","points":[[10,10],[50,30]],"mask":"\#(mask)"}"#)
    #expect(try rects(text) == [rect(10, 10, 70, 40)])
  }

  @Test func aPictureThatWasConvertedIsTheSame() throws {
    for path in ["shot.jpg", "..\\\\a\\\\shot.JPEG", "C:\\\\x\\\\shot.png", "/home/x/shot.bmp"] {
      let text = labelMe(#"{"label":"a","points":[[10,10],[50,12],[52,40]]}"#)
        .replacingOccurrences(of: "shot.png", with: path)
      #expect(try rects(text).count == 1)
    }
  }

  // MARK: Labels

  /// Names of decorations, controls and images of the role table are only labels here.
  @Test(arguments: ["meter", "handle", "rating", "slider", "arrow", "button", "image", "panel", "label", "q"])
  func labelsAreNoRoles(label: String) throws {
    let shape = labelMe(#"{"label":"\#(label)","shape_type":"rectangle","points":[[10,10],[50,40]]}"#)
    let annotation = coco(#""bbox":[10,10,40,30]"#).replacingOccurrences(of: #""text""#, with: "\"\(label)\"")
    for text in [shape, annotation] {
      let sidecar = try BoxSamples.read(text, ".json", AnnotationTests.size)
      for preset in [MaskPolicy.Preset.default, .strict, .controls] {
        let plan = MaskPlanner(policy: MaskPolicy(preset: preset)).plan(
          for: sidecar.tree, width: 800, height: 600, describesWholeWindows: false)
        #expect(plan.masks.contains { $0.widget == 0 && $0.rect.width >= 40 }, "\(preset)")
      }
      let rule = try MaskPolicy(
        json: Array(#"{"rules":[{"type":"\#(label)","decision":"unmask"}]}"#.utf8))
      let plan = MaskPlanner(policy: rule).plan(
        for: sidecar.tree, width: 800, height: 600, describesWholeWindows: false)
      #expect(plan.masks.isEmpty)
    }
  }

  @Test func aPasswordStaysAPassword() throws {
    let text = labelMe(#"{"label":"password","shape_type":"rectangle","points":[[10,10],[50,40]]}"#)
    #expect(try BoxSamples.read(text, ".json", AnnotationTests.size).tree.widgets[0].nature == .password)
  }

  // MARK: Which picture

  /// Formats that don't say to which picture their boxes refer, with an Exif rotation.
  @Test(arguments: BoxSamples.all.map(\.file).filter { !$0.contains("uia") && !$0.contains("appium") })
  func boxesOfATurnedPictureAreOfBoth(file: String) throws {
    let sample = try #require(BoxSamples.all.first { $0.file == file })
    func space(_ turned: PixelSize, _ given: BoxSpace? = nil) -> BoxSpace? {
      let ending = "." + file.split(separator: ".").last!
      guard let bytes = try? BoxSamples.bytes(file) else { return nil }
      let request = SidecarRequest(
        image: sample.image, stored: sample.size, displayed: turned, isTurned: true, boxSpace: given)
      return try? Sidecar.read(bytes, ending: ending, request: request).get().space
    }
    let isOfAScreen = ["xcuitest.xml", "playwright.json", "chrome.json"].contains(file)
    if isOfAScreen {
      #expect(space(sample.size) == .displayed)
      return
    }
    #expect(space(sample.size) == .either)
    #expect(space(sample.size, .stored) == .stored && space(sample.size, .displayed) == .displayed)
    // Different sides decide it.
    if file != "via.json" {
      #expect(space(sample.size.turned) == .stored && space(sample.size.turned, .displayed) == nil)
    }
  }
}
