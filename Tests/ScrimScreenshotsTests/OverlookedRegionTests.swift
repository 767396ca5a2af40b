import ScrimImage
import ScrimRedact
import ScrimTestSupport
import Testing

@testable import ScrimScreenshots

/// Nothing that a file says about a region is passed over: it is masked, or the file is refused.
@Suite struct OverlookedRegionTests {
  private static let size = PixelSize(width: 800, height: 600)
  /// The region that every file below describes, in pixels.
  private static let secret = Rect(minX: 100, minY: 100, maxX: 300, maxY: 140)

  private func areMasked(_ text: String, _ ending: String = ".json") throws -> Bool {
    let tree = try BoxSamples.read(text, ending, OverlookedRegionTests.size).tree
    return Region(union: [OverlookedRegionTests.secret]).subtracting(Region(union: tree.rects)).area == 0
  }

  private func refused(_ text: String, _ ending: String = ".json", _ message: String = "") {
    let error = #expect(throws: SidecarIssue.self) {
      try BoxSamples.read(text, ending, OverlookedRegionTests.size)
    }
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
  }

  // MARK: COCO

  private func coco(_ members: String) -> String {
    """
    {"images":[{"id":1,"width":800,"height":600,"file_name":"shot.png"}],"categories":[{"id":1,"name":"x"}],
    "annotations":[{"id":1,"image_id":1,"category_id":1,\(members)}]}
    """
  }

  @Test(arguments: [
    #""bbox":[1,1,9,9],"face_box":[100,100,200,40],"face_valid":true"#,
    #""bbox":[1,1,9,9],"vbox":[100,100,200,40]"#,
    #""bbox":[1,1,9,9],"face_bbox":[100,100,200,40]"#,
    #""bbox":[1,1,9,9],"attributes":{"hand_box":[100,100,200,40]}"#,
    #""bbox":[1,1,9,9],"attributes":{"bbox":[100,100,200,40]}"#,
    #""bbox":[1,1,9,9],"face_kpts":[100,100,2,300,140,1,0,0,0]"#,
    #""bbox":[1,1,9,9],"foot_keypoints":[100,100,2,300,140,1]"#,
    #""bbox":[1,1,9,9],"name_bbox":[100,100,200,40]"#, #""bbox":[1,1,9,9],"class_box":[100,100,200,40]"#,
    #""segments_info":[],"bbox":[100,100,200,40]"#,
    #""segments_info":[{"id":1,"category_id":1,"bbox":[1,1,9,9]}],"bbox":[100,100,200,40]"#,
    #""segments_info":[],"segmentation":[[100,100,300,100,300,140,100,140]]"#,
    #""segments_info":[],"keypoints":[100,100,2,300,140,1]"#,
    #""segments_info":[{"id":1,"category_id":1,"bbox":[1,1,9,9],"head_box":[100,100,200,40]}]"#,
  ])
  func furtherPartsOfARegionAreMasked(_ members: String) throws {
    #expect(try areMasked(coco(members)))
  }

  @Test(arguments: [
    #""quad":[100,100,300,100,300,140,100,140]"#, #""points":[[100,100],[300,140]]"#, #""mask":"a.png""#,
    #""segmentation_rle":{"size":[600,800],"counts":"x"}"#, #""something":[100,100,200,40]"#,
    #""face_box":[100,100,200]"#, #""face_box":[100,100,-1,4]"#, #""face_kpts":[100,100]"#,
    #""rois":[[1,1,2,2]]"#, #""label_polygon":[100,100,300,140,1,1]"#, #""color_mask":[[100,100],[300,140]]"#,
    #""polygon":["100","100","300","140"]"#, #""extra":{"bbox":[100,100,200,40]}"#,
    #""words":[{"text":"a","bbox":[100,100,200,40]}]"#, #""attributes":{"segmentation":[[1,1,9,1,9,9]]}"#,
    #""position":{"x":100,"y":100,"width":200,"height":40}"#, #""xmin":100,"ymin":100,"xmax":300,"ymax":140"#,
    #""text_bbox":"[100,100,200,40]""#, #""meta":{"a":{"geometry":{"coordinates":[[100,100],[300,140]]}}}"#,
  ])
  func unknownPartsAreRefused(_ member: String) {
    refused(coco(#""bbox":[1,1,9,9],"# + member))
  }

  /// Values about a region are none.
  @Test(arguments: [
    #""score":0.5,"keypoint_scores":[0.1,0.2,0.3,0.4]"#, #""rgb":[1,2,3]"#, #""embedding":[1,2,3,4,5]"#,
    #""tags":["a","b"]"#, #""attributes":{"occluded":false,"visibility":[1,0,1,0]}"#, #""boxes":[]"#,
    #""attributes":{"rotation":0,"track_id":3,"tags":["a","b"],"size":{"width":3,"height":4}}"#,
    #""extra":{"note":"box 7","count":3}"#, #""caption":"x","text":"1 2 3 4""#,
    #""lefthand_box":[0,0,0,0],"lefthand_valid":false"#, #""num_keypoints":3"#, #""area":81"#,
  ])
  func valuesAboutARegionAreIgnored(_ member: String) throws {
    let sidecar = try BoxSamples.read(
      coco(#""bbox":[1,1,9,9],"# + member), ".json", OverlookedRegionTests.size)
    #expect(sidecar.tree.rects == [Rect(x: 1, y: 1, width: 9, height: 9)])
  }

  // MARK: Fractions

  @Test(arguments: [
    #"{"deviceScaleFactor":1,"nodes":[{"role":"text","box":{"x":0.1,"y":0.1,"width":0.3,"height":0.1}}]}"#,
    #"{"width":800,"height":600,"widgets":[{"role":"text","x":0.125,"y":0.2,"w":0.25,"h":0.1}]}"#,
    #"{"width":800,"height":600,"widgets":[{"role":"text","x":0.125,"y":0.2,"w":0.25,"h":0.1},{"role":"text","x":5,"y":5,"w":9,"h":9}]}"#,
  ])
  func fractionsOfASideAreNotPixels(_ text: String) { refused(text, ".json", "fractions") }

  /// One real box beside them doesn't make them pixels.
  @Test func oneFractionIsEnough() throws {
    refused(
      """
      {"images":[{"id":1,"width":800,"height":600,"file_name":"shot.png"}],"categories":[{"id":1,"name":"x"}],
      "annotations":[{"id":1,"image_id":1,"category_id":1,"bbox":[0.1,0.1,0.3,0.1]},
      {"id":2,"image_id":1,"category_id":1,"bbox":[5,5,9,9]}]}
      """, ".json", "fractions")
    // The first pixel as a whole is a place.
    #expect(try !areMasked(coco(#""bbox":[0,0,1,1],"segmentation":[[0,0,9,0,9,9]]"#)))
  }

  @Test func ownBoxesOutsideThePictureAreRefused() {
    refused(
      #"{"width":800,"height":600,"widgets":[{"role":"text","x":900,"y":10,"w":20,"h":10}]}"#, ".json",
      "outside")
  }

  // MARK: Label Studio

  private static let place = #""x":12.5,"y":16.6666666666,"width":25,"height":6.6666666668"#
  private static let sides = #""original_width":800,"original_height":600"#

  @Test(arguments: [
    #""result":[],"prediction":{"result":[RESULT]}"#, #""result":[],"draft":[RESULT]"#,
    #""result":[],"draft":{"result":[RESULT]}"#, #""result":[],"drafts":[{"result":[RESULT]}]"#,
    #""result":[],"predictions":[{"result":[RESULT]}]"#,
    #""result":[],"prediction":{"result":[],"draft":[RESULT]}"#,
  ])
  func resultsInsideAnnotationsCount(_ annotation: String) throws {
    let result =
      "{\"type\":\"rectanglelabels\",\(OverlookedRegionTests.sides),\"value\":{\(OverlookedRegionTests.place)}}"
    let text = annotation.replacing("RESULT", with: result)
    #expect(try areMasked(#"[{"id":1,"data":{"image":"/d/shot.png"},"annotations":[{\#(text)}]}]"#))
  }

  /// JSON-MIN has lists in which texts and choices are bare, and single values.
  @Test(arguments: [
    #""t":["abc",{REGION}]"#, #""t":[{REGION},"abc"]"#, #""t":[{"choices":["a","b"]},{REGION}]"#,
    #""t":{REGION,"text":["a","b"]}"#, #""choice":"a","t":[{REGION}]"#, #""widgets":[{REGION}]"#,
    #""t":[{REGION,"rectanglelabels":["widgets"]}]"#,
  ])
  func everyRegionOfJSONMinIsMasked(_ members: String) throws {
    let region = OverlookedRegionTests.place + "," + OverlookedRegionTests.sides
    let text = members.replacing("REGION", with: region)
    #expect(try areMasked(#"[{"id":1,"image":"/data/upload/1/1a2b3c4d-shot.png",\#(text)}]"#))
  }

  // MARK: LabelMe

  private func labelMe(_ shapes: String) -> String {
    #"{"version":"5.4.1","shapes":[\#(shapes)],"imagePath":"shot.png","imageWidth":800,"imageHeight":600}"#
  }

  @Test(arguments: [
    #"{"label":"x","shape_type":"rectangle","points":[[100,120],[300,120]]}"#,
    #"{"label":"x","shape_type":"polygon","points":[[100,120],[200,120],[300,120]]}"#,
    #"{"label":"x","shape_type":"circle","points":[[200,120],[200,120]]}"#,
    #"{"label":"x","shape_type":"rotation","points":[[100,120],[100,130],[100,140],[100,150]]}"#,
  ])
  func shapesWithoutAnAreaAreRefused(_ shape: String) { refused(labelMe(shape), ".json", "encloses nothing") }

  /// Points take the bounds of their group, in linear time.
  @Test func groupsOfManyShapesAreReadInLinearTime() throws {
    func time(_ count: Int) throws -> Duration {
      let box = #"{"label":"x","group_id":1,"shape_type":"rectangle","points":[[100,100],[300,140]]}"#
      let point = #"{"label":"x","group_id":1,"shape_type":"point","points":[[150,120]]}"#
      let text = labelMe(([box] + Array(repeating: point, count: count)).joined(separator: ","))
      var isMasked = false
      let duration = try ContinuousClock().measure { isMasked = try areMasked(text) }
      #expect(isMasked)
      return duration
    }
    // The shortest of three, since other tests run beside.
    let times = try (0..<3).map { _ in (try time(500), try time(4000)) }
    let (small, large) = (times.map(\.0).min() ?? .zero, times.map(\.1).min() ?? .zero)
    #expect(large < small * 24)
  }

  // MARK: hOCR

  private func page(_ content: String) -> String {
    #"<html><body><div class="ocr_page" title="bbox 0 0 800 600">\#(content)</div></body></html>"#
  }

  @Test(arguments: [
    #"<p>text</p><span class="ocrx_word" title="bbox 1 1 9 9">x</span>"#,
    #"<p><b>text</b></p>"#,
    #"<span class="word" title="bbox 100 100 300 140">text</span>"#,
    #"<span title="bbox 100 100 300 140"><i>text</i></span>"#,
    #"<div class="ocr_separator" title="bbox 100 100 300 140">text</div>"#,
    #"<span Class="ocrx_word" title="bbox 100 100 300 140">x</span>"#,
    #"<span class="OCRX_WORD" Title="bbox 100 100 300 140">x</span>"#,
    "<span class=\"a\tocrx_word\" title=\"bbox 100 100\n300 140\">x</span>",
    #"<span class="ocrx_word" title="bbox 150 110 200 120">x<span title="x_bboxes 100 100 300 140">y</span></span>"#,
    #"<div class="ocr_photo" title="bbox 100 100 300 140"><span class="ocrx_word" title="bbox 150 110 200 120">x</span></div>"#,
    #"<div class="ocr_table" title="bbox 100 100 300 140"><span class="ocr_line" title="bbox 150 110 200 120"></span></div>"#,
  ])
  func allTextOfAPageIsMasked(_ content: String) throws {
    #expect(try areMasked(page(content), ".hocr"))
    #expect(try areMasked(page(content), ".xml"))
    let masked = try BoxSamples.read(page(content), ".hocr", OverlookedRegionTests.size).tree.widgets
    #expect(masked.contains { $0.nature != .decoration && $0.nature != .container })
  }

  /// Scripts are no text, and words with the places of others are not the whole page.
  @Test func unpaintedTextIsNone() throws {
    let text = page(
      #"<script>var a</script><div class="ocr_carea" title="bbox 0 0 800 600"><p class="ocr_par" title="bbox 0 0 700 600"><span class="ocrx_word" title="bbox 1 1 9 9">x</span></p></div>"#
    )
    #expect(
      try BoxSamples.read(text, ".hocr", OverlookedRegionTests.size).tree.rects
        == [Rect(x: 1, y: 1, width: 8, height: 8)])
  }

  @Test func boxesOfAnEngineHaveANote() throws {
    let text = page(#"<span class="ocrx_word" title="bbox 1 1 9 9">x</span>"#)
    #expect(try BoxSamples.read(text, ".hocr", OverlookedRegionTests.size).notes == [Sidecar.engineNote])
    #expect(try BoxSamples.read("words.tsv").notes == [Sidecar.engineNote])
  }
}
