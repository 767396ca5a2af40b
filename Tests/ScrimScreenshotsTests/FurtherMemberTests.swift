import ScrimImage
import ScrimRedact
import ScrimTestSupport
import Testing

@testable import ScrimScreenshots

/// Members that a format doesn't define, and free attributes: a region in them is covered, or the file is refused;
/// what real tools write is read.
@Suite struct FurtherMemberTests {
  private static let size = PixelSize(width: 800, height: 600)
  /// The region that files below describe besides the one at 1,1 of 9 by 9.
  private static let secret = Rect(minX: 100, minY: 100, maxX: 300, maxY: 140)

  private func rects(_ text: String, _ ending: String = ".json") throws -> [Rect] {
    try BoxSamples.read(text, ending, FurtherMemberTests.size).tree.rects
  }

  private func areMasked(_ text: String, _ ending: String = ".json") throws -> Bool {
    let masked = Region(union: try rects(text, ending))
    return Region(union: [FurtherMemberTests.secret]).subtracting(masked).area == 0
  }

  private func expectRefused(_ text: String, _ ending: String = ".json") {
    #expect(throws: SidecarIssue.self) { try rects(text, ending) }
  }

  private func labelMe(shape: String = "", root: String = "") -> String {
    #"{"version":"5.4.1","shapes":[{"label":"x","shape_type":"rectangle","points":[[1,1],[10,10]]\#(shape)}],"imagePath":"shot.png","imageWidth":800,"imageHeight":600\#(root)}"#
  }

  private func via(shape: String = "", attributes: String = "", picture: String = "", region: String = "")
    -> String
  {
    #"{"shot.png-1":{"filename":"shot.png","size":-1,"regions":[{"shape_attributes":{"name":"rect","x":1,"y":1,"width":9,"height":9\#(shape)},"region_attributes":{\#(attributes)}\#(region)}],"file_attributes":{}\#(picture)}}"#
  }

  private func coco(_ more: String, image: String = "", root: String = "") -> String {
    #"{"images":[{"id":1,"width":800,"height":600,"file_name":"shot.png"\#(image)}],"categories":[{"id":1,"name":"x"}],"annotations":[{"id":1,"image_id":1,"category_id":1,"bbox":[1,1,9,9]\#(more)}]\#(root)}"#
  }

  private func cvat(_ shape: String, image: String = "") -> String {
    #"<annotations><version>1.1</version><image id="0" name="shot.png" width="800" height="600"\#(image)>\#(shape)</image></annotations>"#
  }

  // MARK: COCO

  @Test(arguments: [
    #","BBox":[100,100,200,40]"#, #","Segmentation":[[100,100,300,100,300,140,100,140]]"#,
    #","segments_info":[],"x":100,"y":100,"width":200"#,
  ])
  func otherSpellingsOfKeysAreNotPassedOver(_ member: String) {
    if (try? areMasked(coco(member))) != true { expectRefused(coco(member)) }
  }

  /// A value nested in many lists takes linear time.
  @Test(.timeLimit(.minutes(1))) func nestedListsAreReadInLinearTime() throws {
    var value = "[0]"
    for _ in 0..<200 { value = "[\(value),0]" }
    let text = coco(#","deep":\#(value)"#)
    _ = try? rects(text)
    // JSON in a text, and JSON in that.
    var json = String(repeating: "[", count: 400) + String(repeating: "]", count: 400)
    for _ in 0..<3 {
      json = "\"" + json.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
      json = String(repeating: "[", count: 400) + json + String(repeating: "]", count: 400)
    }
    _ = try? rects(coco(#","deep":\#(json)"#))
  }

  // MARK: LabelMe and X-AnyLabeling

  /// As the tools write them.
  @Test func membersOfLabelMeAndXAnyLabelingAreRead() throws {
    let box = [Rect(x: 1, y: 1, width: 9, height: 9)]
    #expect(
      try rects(
        labelMe(
          shape:
            #","group_id":null,"description":"","flags":{},"mask":null,"score":0.9,"difficult":false,"attributes":{"a":"b"},"kie_linking":[[1,2],[3,4]],"locked":true,"text":"1,2,3,4","line_color":null,"fill_color":[255,0,0,128]"#,
          root:
            #","flags":{},"checked":true,"description":"","tags":["a"],"imageData":null,"lineColor":[0,255,0,128],"fillColor":[255,0,0,128],"text":"""#
        )) == box)
    #expect(try rects(labelMe(shape: #","direction":0,"orientation":"left""#)) == box)
    let oriented = labelMe().replacing("rectangle", with: "oriented_rectangle")
      .replacing("[[1,1],[10,10]]", with: "[[100,100],[200,150],[180,190],[80,140]]")
    #expect(try rects(oriented) == [Rect(minX: 80, minY: 100, maxX: 200, maxY: 190)])
  }

  @Test(arguments: [
    #","bbox":[100,100,200,40]"#, #","rle":{"size":[600,800],"counts":"x"}"#, #","rotation":30"#,
    #","angle":0.5"#,
    #","Theta":1"#, #","polygon":[[100,100],[300,100],[300,140]]"#, #","points2":[[100,100],[300,140]]"#,
    #","x":100,"y":100,"width":200,"height":40"#, #","mask":"iVBORw0KGgo=""#, #","group":{"bbox":[1,2,3,4]}"#,
    #","other_data":{"points":[[100,100],[300,140]]}"#, #","flags":{"place":"100,100,200,40"}"#,
    #","cuboid3d":{"corners":[[100,100],[300,140]]}"#, #","cuboid3d":{"depth_vector":[1,2,3]}"#,
  ])
  func othersOfAShapeAreRefused(_ member: String) { expectRefused(labelMe(shape: member)) }

  @Test func rotationAndDepthWidenAShape() throws {
    // A quarter turn about 200,120.
    let turned = labelMe(shape: #","direction":1.5707963267948966"#)
      .replacing("[[1,1],[10,10]]", with: "[[100,100],[300,140]]")
    #expect(try rects(turned) == [Rect(minX: 100, minY: 20, maxX: 300, maxY: 220)])
    // The front of a cuboid, and the way to its back.
    let cuboid = labelMe(
      shape:
        #","cuboid3d":{"version":1,"mode":"from_rectangle","vertices2d_order":["front_tl","front_tr"],"depth_vector":[30.0,-20.0],"source":"manual"}"#
    ).replacing("rectangle\"", with: "cuboid\"")
      .replacing("[[1,1],[10,10]]", with: "[[100,100],[300,100],[300,140],[100,140]]")
    #expect(try rects(cuboid) == [Rect(minX: 100, minY: 80, maxX: 330, maxY: 140)])
    // A mask without its picture: its points are pixels, the last included.
    let mask = labelMe().replacing("rectangle", with: "mask")
    #expect(try rects(mask) == [Rect(minX: 1, minY: 1, maxX: 11, maxY: 11)])
  }

  // MARK: VIA

  @Test(arguments: [
    #","r":50"#, #","rotation":30"#, #","theta2":1"#,
    #","all_points_x":[100,300,300],"all_points_y":[100,100,140]"#,
    #","cx":200,"cy":120,"rx":100,"ry":20"#, #","more":{"x":100,"y":100,"width":200,"height":40}"#,
    #","x2":"300""#,
  ])
  func othersOfAVIAShapeAreRefused(_ member: String) { expectRefused(via(shape: member)) }

  @Test func membersOfVIAAreRead() throws {
    let box = [Rect(x: 1, y: 1, width: 9, height: 9)]
    #expect(try rects(via(picture: #","fileref":"","base64_img_data":"""#)) == box)
    #expect(try rects(via(shape: #","note":"a","theta":0"#)) == box)
    expectRefused(via(region: #","bbox":[100,100,200,40]"#))
    expectRefused(via(picture: #","more_regions":[{"shape_attributes":{"name":"rect"}}]"#))
    let project = { (more: String) in
      #"{"_via_settings":{"ui":{"image":{"on_image_annotation_editor_placement":"NEAR_REGION"}},"core":{},"project":{"name":"a"}},"_via_img_metadata":\#(via()),"_via_attributes":{"region":{"bbox":{"type":"text","default_options":{}}},"file":{}},"_via_data_format_version":"2.0.10","_via_image_id_list":["shot.png-1"]\#(more)}"#
    }
    #expect(try rects(project("")) == box)
    // Another list of regions beside it.
    expectRefused(project(#","annotations":[{"bbox":[100,100,200,40]}]"#))
    expectRefused(project(#","shapes":[]"#))
    expectRefused(project(#","metadata":{"1":{"vid":"1","z":[],"xy":[2,100,100,200,40],"av":{}}}"#))
  }

  /// VIA 3, which is not read.
  @Test func projectsOfVIA3AreRefused() {
    expectRefused(
      #"{"project":{"pid":"a","vid_list":["1"]},"config":{},"attribute":{},"file":{"1":{"fid":"1","fname":"shot.png","type":2,"loc":1,"src":"shot.png"}},"metadata":{"1_a":{"vid":"1","flg":0,"z":[],"xy":[2,100,100,200,40],"av":{}}},"view":{"1":{"fid_list":["1"]}}}"#
    )
  }

  // MARK: Numbers in XML

  @Test func longNumbersAreRead() throws {
    let box = { (left: String, right: String) in
      #"<box label="a" xtl="\#(left)" ytl="1" xbr="\#(right)" ybr="10"/>"#
    }
    for (left, right, rect) in [
      ("123.45678901234567", "223.00000000000003", Rect(minX: 123, minY: 1, maxX: 224, maxY: 10)),
      ("0.1", "100.00000000000001", Rect(minX: 0, minY: 1, maxX: 101, maxY: 10)),
      ("99.99999999999999", "200", Rect(minX: 99, minY: 1, maxX: 200, maxY: 10)),
      ("100.10000000000000142109", "200.00000000000000000000", Rect(minX: 100, minY: 1, maxX: 200, maxY: 10)),
      ("0.000012345678901234567", "200", Rect(minX: 0, minY: 1, maxX: 200, maxY: 10)),
    ] {
      #expect(try rects(cvat(box(left, right)), ".xml") == [rect], "\(left) \(right)")
    }
    for junk in [
      "nan", "NaN", "inf", "-inf", "0x10", "1e400", "", "1.", ".5", "1.2.3", "--1", "1-", "1 ", "12a", "+1",
      // A Double would lose the fraction, and the pixel that it reaches.
      "200.00000000000000000001", String(repeating: "9", count: 50), "0." + String(repeating: "1", count: 50),
    ] {
      #expect(junk.plainNumber == nil, "\(junk)")
      expectRefused(cvat(box("1", junk)), ".xml")
    }
  }
}
