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

  // MARK: Free attributes, the same in all formats

  /// Members of a free object, as people and scripts add them.
  static let regions: [String] = [
    #""bbox":[100,100,200,40]"#, #""bbox":"[100,100,200,40]""#, #""place":"[100, 100, 200, 40]""#,
    #""place":"100,100,300,140""#, #""place":"100;100;200;40""#, #""place":"x=100 y=100 w=200 h=40""#,
    #""place":"{\"x\":100,\"y\":100,\"width\":200,\"height\":40}""#, #""place":"(100, 100, 200, 40)""#,
    #""place":"{'x': 100, 'y': 100, 'w': 200, 'h': 40}""#, #""place":"POLYGON((100 100, 300 100, 300 140))""#,
    #""place":"M 100 100 L 300 100 L 300 140 Z""#, #""place":"M100,100h200v40h-200z""#,
    #""place":"{\"label\":\"a\",\"bbox\":[100,100,200,40]}""#, #""place":"100.5%,100%,200%,40%""#,
    #""x":"100","y":"100","width":"200","height":"40""#, #""x":100,"y":100,"w":200,"h":40"#,
    #""bbox_x":100,"bbox_y":100,"bbox_w":200,"bbox_h":40"#,
    #""boxLeft":"100","boxTop":"100","boxRight":"300""#,
    #""cx":200,"cy":120,"r":20"#, #""x0":100,"y0":100,"x1":300,"y1":140"#,
    #""xMin":100,"yMin":100,"xMax":300"#,
    #""p1_x":100,"p1_y":100,"p2_x":300,"p2_y":140"#, #""topleft":[100,100],"bottomright":[300,140]"#,
    #""center":[200,120],"size":[200,40]"#, #""xs":[100,300,300],"ys":[100,100,140]"#,
    #""outside":[{"x":100,"y":100},{"x":300,"y":100},{"x":300,"y":140}]"#,
    #""a":{"x":100,"y":100},"b":{"x":300,"y":140}"#, #""place":["100","100","200","40"]"#,
    #""place":["100,100","300,140"]"#, #""words":[[{"bbox":[100,100,200,40]}]]"#,
    #""deep":{"deep":[{"deep":{"place":[100,100,200,40]}}]}"#, #""place":[[100],[100],[200],[40]]"#,
    #""mask":"iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAYAAACNMs+9AAAAFUlEQVR42mNk""#, #""mask_file":"masks/a.png""#,
    #""place":"100.5 100.5 200 40""#, #""roi":"100 100 200 40""#, #""place":"100，100，200，40""#,
    #""place":"200x40+100+100""#, #""place":"x: 200, y: 120, r: 100""#, #""place":"circle(200 120 100)""#,
    #""place":["{\"x\":100,\"y\":100,\"width\":200}"]"#,
    #""place":{"0":100,"1":100,"2":200,"3":40}"#, #""rle":"aZ1 2""#, #""size":[600,800],"counts":"PPYo0""#,
    #""place":"100 100 200 40""#, #""place":"0 100 100 200 40""#, #""place":"100 100 300 100 300 140""#,
    #""place":"100\t100\t200\t40""#, #""place":"-5 100 300 40""#, #""place":"100.5 100 200 40""#,
    #""place":"１００ １００ ２００ ４０""#,
  ]

  /// What people write about a region.
  static let facts: [String] = [
    #""kind":"account-number""#, #""count":3"#, #""x":"5""#, #""date":"2024-01-02 10:30:00""#,
    #""day":"2024-01-02""#, #""ip":"192.168.100.140""#, #""version":"1.2.3.4""#,
    #""phone":"(030) 123 456 78""#,
    #""phone":"+49 30 1234 5678 90""#, #""card":"4111 1111 1111 1111""#, #""text":"1,234,567,890""#,
    #""description":"[1, 2, 3, 4]""#, #""transcription":"10, 20, 30, 40""#, #""plate":"B 12 34 56 78""#,
    #""place":"52.52, 13.405""#, #""color":"255,0,0,128""#, #""mask":"yes""#, #""face_mask":"surgical""#,
    #""note":"box 7, page 3""#, #""hours":"10:00, 11:00, 12:00, 13:00""#, #""angle":"30""#,
    #""width":"30","height":"40""#, #""resolution":[1600,1200],"original_size":[800,600]"#, #""range":[0,1]"#,
    #""scores":[0.5,0.5],"probs":[0.1,0.9]"#, #""position":"left""#, #""center_x":5,"center_y":6"#,
    #""options":{"a":true,"b":false}"#, #""id":"6e9d1c52-88f0-4c5b-9d4a-0b7a9d0c1e22""#, #""box":"yes""#,
    #""screen":"1920x1080""#, #""price":"12.50 EUR""#, #""roi_count":"3""#, #""tax":{"0":true,"1":false}"#,
    #""phone":"1 800 555 1234""#, #""call":"06 12 34 56 78""#, #""call":"+49 30 1234 56""#,
    #""iccid":"8949 1234 5678 9012 34""#, #""serial_number":"12 34 56 78""#, #""sum":"1 234 567""#,
    #""issued_date":"2024 1 2 10""#, #""house":"12 a, 3 b""#,
  ]

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

  private func labelStudio(value: String = "", result: String = "", data: String = "", task: String = "")
    -> String
  {
    #"[{"id":1,"data":{"image":"/d/shot.png"\#(data)},"annotations":[{"id":1,"result":[{"type":"rectanglelabels","original_width":800,"original_height":600,"value":{"x":0.125,"y":0.25,"width":1.125,"height":1.25\#(value)}\#(result)}]}]\#(task)}]"#
  }

  @Test(arguments: regions) func regionsInFreeAttributesAreRefused(_ member: String) {
    expectRefused(labelMe(shape: #","attributes":{\#(member)}"#))
    expectRefused(labelMe(shape: #","other":{\#(member)}"#))
    expectRefused(labelMe(root: #","other":{\#(member)}"#))
    expectRefused(via(attributes: member))
    expectRefused(via(picture: #","more":{\#(member)}"#))
    expectRefused(coco("", image: #","extra":{\#(member)}"#))
    expectRefused(coco("", root: #","extra":{\#(member)}"#))
    expectRefused(labelStudio(data: "," + member))
    expectRefused(labelStudio(result: #","meta":{\#(member)}"#))
    expectRefused(labelStudio(task: #","meta":{\#(member)}"#))
    // Of an annotation of COCO itself, some are read.
    if (try? areMasked(coco("," + member))) != true { expectRefused(coco("," + member)) }
    expectRefused(coco(#","attributes":{"more":{\#(member)}}"#))
  }

  @Test(arguments: facts) func factsInFreeAttributesPass(_ member: String) throws {
    let box = [Rect(x: 1, y: 1, width: 9, height: 9)]
    #expect(try rects(labelMe(shape: #","attributes":{\#(member)}"#)) == box)
    #expect(try rects(labelMe(root: #","other":{\#(member)}"#)) == box)
    #expect(try rects(via(attributes: member)) == box)
    #expect(try rects(via(picture: #","more":{\#(member)}"#)) == box)
    #expect(try rects(coco("", image: #","extra":{\#(member)}"#)) == box)
    if !member.contains("angle") { #expect(try rects(coco(#","attributes":{\#(member)}"#)) == box) }
    #expect(
      try rects(labelStudio(result: #","meta":{\#(member)}"#)) == [Rect(x: 1, y: 1, width: 9, height: 8)])
  }

  /// CVAT's attributes are text between tags.
  @Test(arguments: [
    ("place", "100,100,300,140"), ("place", "[100, 100, 200, 40]"), ("bbox", "100 100 200 40"),
    ("place", "{&quot;x&quot;:100,&quot;y&quot;:100,&quot;width&quot;:200}"), ("place", "100&#44;100,200,40"),
    ("place", "<![CDATA[100,100,200,40]]>"), ("place", "100,100,<!-- a -->200,40"), ("place", "1,2,3,4<b/>"),
  ])
  func regionsInAttributesOfCVATAreRefused(name: String, value: String) {
    let attribute = #"<attribute name="\#(name)">\#(value)</attribute>"#
    expectRefused(cvat(#"<box label="a" xtl="1" ytl="1" xbr="10" ybr="10">\#(attribute)</box>"#), ".xml")
    expectRefused(cvat(#"<tag label="a" source="manual">\#(attribute)</tag>"#), ".xml")
    expectRefused(
      cvat(
        #"<skeleton label="a"><points label="b" points="1,1;9,9">\#(attribute)</points></skeleton>"#), ".xml")
  }

  @Test func numbersInSeveralAttributesOfCVATAreRefused() throws {
    let corners = [("x", 100), ("y", 100), ("width", 200), ("height", 40)].map {
      "<attribute name=\"\($0)\">\($1)</attribute>"
    }
    let box = { (inner: String) in
      #"<box label="a" xtl="1" ytl="1" xbr="10" ybr="10">\#(inner)</box>"#
    }
    expectRefused(cvat(box(corners.joined())), ".xml")
    let facts =
      #"<attribute name="kind">a, b &amp; c</attribute><attribute name="count">3</attribute>"#
      + #"<attribute name="text">1,234,567,890</attribute><attribute name="x">5</attribute><attribute name="flag"></attribute>"#
    #expect(try rects(cvat(box(facts)), ".xml") == [Rect(x: 1, y: 1, width: 9, height: 9)])
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
    #","angle":0.5"#, #","radius":50"#, #","width":200"#, #","line_width":"40""#, #","padding":100"#,
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

  // MARK: CVAT

  @Test(arguments: [
    #"<box label="a" xtl="1" ytl="1" xbr="10" ybr="10" points="100,100;300,140"/>"#,
    #"<box label="a" xtl="1" ytl="1" xbr="10" ybr="10" angle="30"/>"#,
    #"<box label="a" xtl="1" ytl="1" xbr="10" ybr="10" bbox="[100,100,200,40]"/>"#,
    #"<polygon label="a" points="1,1;10,1;10,10" xtl="100" ytl="100" xbr="300" ybr="140"/>"#,
    #"<mask label="a" rle="0, 81" left="1" top="1" width="9" height="9" rotation="45.0"/>"#,
    #"<mask label="a" rle="0, 82" left="1" top="1" width="9" height="9"/>"#,
    #"<mask label="a" rle="0, x" left="1" top="1" width="9" height="9"/>"#,
    #"<mask label="a" rle="-1, 9" left="1" top="1" width="9" height="9"/>"#,
    #"<ellipse label="a" cx="5" cy="5" rx="3" ry="3" points="100,100;300,140"/>"#,
    #"<skeleton label="a" points="100,100;300,140"><points label="b" points="1,1;9,9"/></skeleton>"#,
    #"<box label="a" xtl="1" ytl="1" xbr="10" ybr="10">100,100,300,140</box>"#,
    #"<tag label="a" xtl="100" ytl="100" xbr="300" ybr="140"/>"#, #"<tag label="a"><box label="b"/></tag>"#,
    "100,100,300,140",
  ])
  func othersOfACVATShapeAreRefused(_ shape: String) { expectRefused(cvat(shape), ".xml") }

  @Test func membersOfCVATAreRead() throws {
    let facts =
      #"label="a" source="manual" occluded="0" outside="0" keyframe="1" z_order="0" group_id="7" annotation_type="manual" score="0.9" frame="3" votes="2""#
    for shape in [
      #"<box \#(facts) xtl="1" ytl="1" xbr="10" ybr="10" rotation="0.00"/>"#,
      #"<polygon \#(facts) points="1,1;10,1;10,10"/>"#,
      #"<mask \#(facts) rle="0, 81" left="1" top="1" width="9" height="9"></mask><tag \#(facts)></tag>"#,
      #"<skeleton \#(facts)><points \#(facts) points="1,1"/><points \#(facts) points="10,10"/></skeleton>"#,
      #"<cuboid \#(facts) xtl1="1" ytl1="1" xbl1="1" ybl1="10" xtr1="10" ytr1="1" xbr1="10" ybr1="10" xtl2="1" ytl2="1" xbl2="1" ybl2="10" xtr2="10" ytr2="1" xbr2="10" ybr2="10"/>"#,
    ] {
      #expect(
        try rects(cvat(shape, image: #" subset="default" task_id="5" frame="0""#), ".xml")
          == [Rect(x: 1, y: 1, width: 9, height: 9)], "\(shape)")
    }
    expectRefused(cvat("", image: #" roi="100,100,300,140""#), ".xml")
    expectRefused(cvat("", image: #" rotation="90""#), ".xml")
    let meta =
      "<meta><task><labels><label><name>a</name><type>polygon</type><svg>&lt;line x1=\"1\"&gt;</svg></label></labels></task></meta>"
    #expect(try rects(cvat("").replacing("<version>", with: meta + "<version>"), ".xml") == [])
    expectRefused(
      cvat("").replacing("<version>", with: "<meta><image><box/></image></meta><version>"), ".xml")
  }

  /// All corners of a cuboid count.
  @Test func aCuboidIsMaskedWhole() throws {
    let corners = ["tl1", "bl1", "tr1", "br1", "tl2", "bl2", "tr2", "br2"]
    for moved in corners {
      let attributes = corners.map {
        "x\($0)=\"\($0 == moved ? 300 : 100)\" y\($0)=\"\($0 == moved ? 140 : 100)\""
      }
      #expect(try areMasked(cvat("<cuboid label=\"a\" \(attributes.joined(separator: " "))/>"), ".xml"))
    }
  }

  // MARK: Label Studio

  private static let place = #""x":12.5,"y":16.6666666666,"width":25,"height":6.6666666668"#

  /// A region without the sides of its picture: a percentage of unknown numbers.
  @Test(arguments: [
    #""label":[{PLACE,"rectanglelabels":["a"]}]"#,
    #""done":[{"x":1,"y":1,"width":2,"height":2,"rectanglelabels":["a"],"original_width":800,"original_height":600}],"label":[{PLACE,"rectanglelabels":["a"]}]"#,
    #""done":[{"x":1,"y":1,"width":2,"height":2,"original_width":800,"original_height":600}],"label":{PLACE}"#,
    #""done":[{"x":1,"y":1,"width":2,"height":2,"original_width":800,"original_height":600}],"label":"[100,100,300,140]""#,
    #""done":[{"x":1,"y":1,"width":2,"height":2,"original_width":800,"original_height":600}],"bbox":[100,100,300,140]"#,
    #""done":[{"x":1,"y":1,"width":2,"height":2,"original_width":800,"original_height":600}],"q":[{"text":["a"],"bbox":[100,100,300,140]}]"#,
  ])
  func regionsWithoutSidesAreRefused(_ members: String) {
    let text = members.replacing("PLACE", with: FurtherMemberTests.place)
    let error = #expect(throws: SidecarIssue.self) {
      try rects(#"[{"image":"/data/upload/1/1a2b3c4d-shot.png","id":1,\#(text),"annotator":1}]"#)
    }
    #expect(error?.description.contains("Label Studio") == true, "\(error?.description ?? "")")
  }

  @Test func sidesThatContradictThePictureAreRefused() throws {
    for (sides, isRead) in [((800, 600), true), ((400, 300), true), ((600, 800), false), ((800, 500), false)]
    {
      let text = labelStudio().replacing(
        #""original_width":800,"original_height":600"#,
        with: #""original_width":\#(sides.0),"original_height":\#(sides.1)"#)
      #expect(((try? rects(text)) != nil) == isRead)
    }
    expectRefused(labelStudio().replacing(#""original_width":800,"#, with: ""))
    expectRefused(labelStudio().replacing(#""original_height":600,"#, with: ""))
  }

  @Test(arguments: [
    #","points":[[12.5,16.6666],[37.5,16.6666],[37.5,23.3334]]"#,
    #","vertices":[{"x":12.5,"y":16.6666},{"x":37.5,"y":16.6666},{"x":37.5,"y":23.3334}]"#,
    #","radiusX":40,"radiusY":40"#,
  ])
  func allPlacesOfAValueAreMasked(_ member: String) throws {
    #expect(try areMasked(labelStudio(value: member)))
  }

  @Test(arguments: [
    (#","angle":30"#, ""), (#","radius":30"#, ""), (#","padding":"5""#, ""),
    (#","bbox":[100,100,200,40]"#, ""), ("", #","bbox":[100,100,200,40]"#),
    ("", #","x":12.5,"y":16,"width":25,"height":7"#),
    (#","sequence":[{"x":12,"y":16,"width":25,"height":6}]"#, ""),
  ])
  func othersOfAResultAreRefused(value: String, result: String) {
    expectRefused(labelStudio(value: value, result: result))
  }

  @Test(arguments: [
    #"{"type":"rectanglelabels","original_width":800,"original_height":600,PLACE}"#,
    #"{"type":"rectanglelabels","original_width":800,"original_height":600,"values":{PLACE}}"#,
    #"{"type":"rectanglelabels"}"#, #"{"type":"choices","value":{"choices":["a"],"bbox":[100,100,200,40]}}"#,
    #"{"type":"relation","PLACE2":[{PLACE}]}"#,
  ])
  func resultsElsewhereAreRefused(_ result: String) {
    let text = result.replacing("PLACE2", with: "more").replacing("PLACE", with: FurtherMemberTests.place)
    expectRefused(#"[{"id":1,"data":{"image":"/d/shot.png"},"annotations":[{"result":[\#(text)]}]}]"#)
    expectRefused(
      #"[{"id":1,"data":{"image":"/d/shot.png"},"annotations":[{"result":[]}],"results":[\#(text)]}]"#
        .replacing(#"{"type":"rectanglelabels"}"#, with: #"{"bbox":[1,2,3,4]}"#))
  }

  /// As Label Studio 1.20 writes them.
  @Test func membersOfLabelStudioAreRead() throws {
    let box = Rect(minX: 100, minY: 120, maxX: 300, maxY: 180)
    let text =
      #"[{"id":1,"annotations":[{"id":1,"completed_by":{"id":1,"email":"a@example.com","first_name":"","last_name":""},"result":[{"from_id":"a","to_id":"b","type":"relation","direction":"right"},{"original_width":800,"original_height":600,"image_rotation":0,"value":{"x":12.5,"y":20,"width":25,"height":10,"rotation":0,"rectanglelabels":["a"]},"meta":{"text":["1,2,3,4"]},"id":"a","from_name":"label","to_name":"image","type":"rectanglelabels","origin":"manual","score":0.9,"parentID":null,"hidden":false},{"original_width":800,"original_height":600,"image_rotation":0,"value":{"x":12.5,"y":20,"width":25,"height":10,"rotation":0,"text":["1, 2, 3, 4"]},"id":"a","from_name":"t","to_name":"image","type":"textarea"},{"value":{"taxonomy":[["1","2"],["3","4"]]},"id":"b","from_name":"x","to_name":"image","type":"taxonomy"},{"value":{"rating":4},"type":"rating"},{"value":{"number":4},"type":"number"}],"was_cancelled":false,"ground_truth":false,"created_at":"2024-05-02T10:00:00.000000Z","updated_at":"2024-05-02T10:00:00.000000Z","draft_created_at":null,"lead_time":4.2,"prediction":{},"result_count":1,"unique_id":"6e9d1c52-88f0-4c5b-9d4a-0b7a9d0c1e22","import_id":null,"last_action":null,"bulk_created":false,"task":1,"project":1,"updated_by":1,"parent_prediction":null,"parent_annotation":null,"last_created_by":null}],"file_upload":"1a2b3c4d-shot.png","drafts":[],"predictions":[{"id":3,"model_version":"m","result":[],"score":0.5,"cluster":null,"neighbors":[1,2,3,4],"mislabeling":0.0}],"data":{"image":"/data/upload/1/1a2b3c4d-shot.png","id":7,"ocr":"x"},"meta":{},"created_at":"2024-05-02T10:00:00.000000Z","updated_at":"2024-05-02T10:00:00.000000Z","allow_skip":true,"inner_id":1,"total_annotations":1,"cancelled_annotations":0,"total_predictions":1,"comment_count":0,"unresolved_comment_count":0,"last_comment_updated_at":null,"project":1,"updated_by":1,"comment_authors":[]}]"#
    #expect(try rects(text) == [box, box])
    let brief =
      #"[{"image":"/data/upload/1/1a2b3c4d-shot.png","id":1,"label":[{"x":12.5,"y":20,"width":25,"height":10,"rotation":0,"rectanglelabels":["a"],"original_width":800,"original_height":600}],"transcription":["1,2,3,4","x"],"kind":"a","tax":[{"taxonomy":[["1","2"]]}],"annotator":1,"annotation_id":2,"created_at":"2024-05-02T10:00:00.000000Z","updated_at":"2024-05-02T10:00:00.000000Z","lead_time":4.2,"agreement":0.5}]"#
    #expect(try rects(brief) == [box])
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
