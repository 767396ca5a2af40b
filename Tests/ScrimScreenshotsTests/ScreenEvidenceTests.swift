import ScrimImage
import ScrimRedact
import ScrimTestSupport
import Testing

@testable import ScrimScreenshots

/// Evidence in dumps of screens and pages that they are of this picture; and what must not cost the
/// picture.
@Suite struct ScreenEvidenceTests {
  private static let phone = PixelSize(width: 1170, height: 2532)

  private func area(_ text: String, _ ending: String, _ size: PixelSize) throws -> Double {
    let tree = try BoxSamples.read(text, ending, size).tree
    let masked = zip(tree.widgets, tree.rects).filter { $0.0.nature == .text }
    let all = Rect(x: 0, y: 0, width: size.width, height: size.height)
    return Double(Region(union: masked.map { $0.1.intersection(all) }).area)
      / Double(size.width * size.height)
  }

  // MARK: Android

  private func android(_ nodes: String, _ bounds: String, root: String = "") -> String {
    """
    <hierarchy rotation="0"\(root)><node class="android.widget.FrameLayout" text="" content-desc="" bounds="\(bounds)">
    \(nodes)</node></hierarchy>
    """
  }

  private static let words =
    #"<node class="android.widget.TextView" text="x" content-desc="" bounds="[100,100][300,140]"/>"#

  /// A smaller screen ends before the right and the lower edge; a bar takes one of them.
  @Test(arguments: [
    ("[0,0][1080,2337]", "", false), ("[0,0][1160,2510]", "", false), ("[0,60][1080,2400]", "", false),
    ("[0,0][1080,2337]", #" width="1080" height="2337""#, false),
    ("[0,0][1170,2400]", "", true), ("[0,0][1170,2532]", "", true), ("[0,90][1170,2400]", "", true),
    ("[0,0][1100,2532]", "", true),
  ])
  func aScreenOfTheSameShapeIsAnother(_ bounds: String, _ root: String, _ isThis: Bool) throws {
    let text = android(ScreenEvidenceTests.words, bounds, root: root)
    let sidecar = try? BoxSamples.read(text, ".xml", ScreenEvidenceTests.phone)
    #expect((sidecar != nil) == isThis)
  }

  /// The title of a page is not text over all of it, if the page is described.
  @Test(arguments: ["android.webkit.WebView", "android.view.View", "android.view.ViewGroup"])
  func aTitleIsNotTheWholeScreen(_ type: String) throws {
    let size = PixelSize(width: 1080, height: 2400)
    func share(_ inner: String, _ bounds: String = "[0,0][1080,2400]") throws -> Double {
      try area(
        android(
          "<node class=\"\(type)\" text=\"Title\" bounds=\"\(bounds)\">\(inner)</node>", "[0,0][1080,2400]"),
        ".xml", size)
    }
    #expect(try share(ScreenEvidenceTests.words) < 0.01)
    // Nothing describes its content; and text in a small view is text.
    #expect(try share("") == 1)
    #expect(try share(#"<node class="android.view.View" text="" bounds="[0,0][9,9]"/>"#) == 1)
    #expect(try share(ScreenEvidenceTests.words, "[0,0][1080,240]") >= 0.1)
  }

  /// The largest numbers cost their node alone, and it is masked with its parent's box unless invisible.
  @Test(arguments: ["[-2147483648,-2147483648][2147483647,2147483647]", "[2147483647,0][2147483647,9]"])
  func endlessBoundsCostTheirNode(_ bounds: String) throws {
    let size = PixelSize(width: 1080, height: 2400)
    func share(_ attributes: String) throws -> Double {
      try area(
        android(
          """
          \(ScreenEvidenceTests.words)<node class="android.view.ViewGroup" bounds="[0,0][1080,240]">
          <node class="android.widget.TextView" text="y" \(attributes) bounds="\(bounds)"/></node>
          """, "[0,0][1080,2400]"), ".xml", size)
    }
    let shown = try share("")
    #expect((0.1..<0.11).contains(shown))
    #expect(try share(#"displayed="false""#) < 0.01)
  }

  // MARK: iOS

  private func ios(_ elements: String) -> String {
    """
    <AppiumAUT><XCUIElementTypeApplication type="XCUIElementTypeApplication" name="A" label="A" x="0" y="0"
    width="390" height="844"><XCUIElementTypeStaticText label="x" value="x" x="33" y="33" width="67" height="14"/>
    \(elements)</XCUIElementTypeApplication></AppiumAUT>
    """
  }

  @Test(arguments: ["1.7976931348623157e+308", "-1.7976931348623157e+308", "2147483647", "inf", "1e400"])
  func endlessCoordinatesCostTheirElement(_ number: String) throws {
    let text = ios(
      #"<XCUIElementTypeOther visible="false" x="\#(number)" y="10" width="20" height="20"/>"#)
    #expect(try BoxSamples.read(text, ".xml", ScreenEvidenceTests.phone).tree.rects.last?.isEmpty == true)
    let bad = ios(#"<XCUIElementTypeOther x="1e2" y="10" width="20" height="20"/>"#)
    #expect(throws: SidecarIssue.self) { try BoxSamples.read(bad, ".xml", ScreenEvidenceTests.phone) }
  }

  /// An empty label is not written; `name` is the identifier then.
  @Test func anIdentifierAloneIsNoText() throws {
    func share(_ attributes: String) throws -> Double {
      let element =
        "<XCUIElementTypeOther visible=\"false\" \(attributes) x=\"0\" y=\"0\" width=\"390\" height=\"844\"/>"
      let tree = try BoxSamples.read(ios(element), ".xml", ScreenEvidenceTests.phone).tree
      return Double(tree.rects.last?.area ?? 0) / Double(1170 * 2532)
    }
    #expect(try share(#"name="overlay-container""#) == 0)
    #expect(try share(#"name="Total: 12" label="Total: 12""#) == 1)
    #expect(try share(#"name="Total: 12" value="Total: 12""#) == 1)
  }

  @Test func severalApplicationsAreNamed() {
    let application = #"<XCUIElementTypeApplication x="0" y="0" width="390" height="844"/>"#
    let error = #expect(throws: SidecarIssue.self) {
      try BoxSamples.read(
        "<AppiumAUT>\(application)\(application)</AppiumAUT>", ".xml", ScreenEvidenceTests.phone)
    }
    #expect(error?.description.contains("several applications") == true)
  }

  // MARK: Pages

  private func page(_ root: String, scale: Double = 1, role: String = "document", child: String = "300")
    -> String
  {
    """
    {"deviceScaleFactor":\(scale),"nodes":[{"role":"\(role)","boundingBox":{\(root)},"children":[
    {"role":"textbox","text":"x","boundingBox":{"x":100,"y":100,"width":\(child),"height":40}}]}]}
    """
  }

  /// Without a viewport, the root's size and the bounds of all boxes show whether the scale is right.
  @Test(arguments: [
    (#""x":0,"y":0,"width":800,"height":600"#, 1.0, "document", false),
    (#""x":0,"y":0,"width":800,"height":600"#, 1.0, "main", false),
    (#""x":0,"y":0,"width":800,"height":5000"#, 1.0, "document", false),
    (#""x":0,"y":0,"width":1600,"height":1200"#, 2.0, "document", false),
    (#""x":0,"y":0,"width":800,"height":600"#, 2.0, "document", true),
    (#""x":0,"y":0,"width":1585,"height":5000"#, 1.0, "document", true),
    (#""x":0,"y":0,"width":1600,"height":90"#, 1.0, "document", true),
    (#""x":0,"y":0,"width":700,"height":600"#, 1.0, "main", true),
  ])
  func aPagesRootSpansThePicture(_ root: String, _ scale: Double, _ role: String, _ isThis: Bool) throws {
    let text = page(root, scale: scale, role: role)
    let size = PixelSize(width: 1600, height: 1200)
    #expect(((try? BoxSamples.read(text, ".json", size)) != nil) == isThis)
    // The user may know better.
    #expect(throws: Never.self) { try BoxSamples.read(text, ".json", size, scale: scale) }
  }

  @Test func emptyListsOfChildrenMakeNoTree() throws {
    let node = #"{"role":"text","boundingBox":{"x":10,"y":10,"width":50,"height":20},"children":[]}"#
    let size = PixelSize(width: 800, height: 600)
    let list = #"{"viewport":{"width":800,"height":600},"nodes":[\#(node),\#(node)]}"#
    #expect(try !BoxSamples.read(list, ".json", size).describesWholeWindows)
    let page = #"{"viewport":{"width":800,"height":600},"role":"document","boundingBox":null,"children":[]}"#
    #expect(try BoxSamples.read(page, ".json", size).describesWholeWindows)
  }

  /// The word "widgets" in a text is not the key of Scrim's own boxes.
  @Test func aTextMayBeAKeyOfAnotherFormat() throws {
    let text = #"""
      {"viewport":{"width":800,"height":600},"role":"document","boundingBox":{"x":0,"y":0,"width":800,"height":600},
      "children":[{"role":"heading","name":"widgets","boundingBox":{"x":1,"y":1,"width":9,"height":9}}]}
      """#
    #expect(try BoxSamples.read(text, ".json", PixelSize(width: 800, height: 600)).format == "playwright")
  }

  // MARK: Messages

  @Test(arguments: [
    (#"{"project":{},"metadata":{}}"#, "VIA 3"), (#"{"responses":[{}]}"#, "Google Cloud Vision"),
    (#"{"Blocks":[]}"#, "Textract"), (#"{"objects":[],"size":{}}"#, "Supervisely"),
    (#"{"documents":[],"strings":[]}"#, "DOM snapshot"),
    (#"[{"image_id":1,"bbox":[1,2,3,4],"score":1}]"#, "COCO results"),
    (#"[{"image":"a.png","annotations":[{"label":"x"}]}]"#, "Create ML"),
    ("[[[[1,2]],[\"x\",1]]]", "PaddleOCR"),
    (#"{"anything":1}"#, "no known format of boxes"), ("[1]", "no known format of boxes"),
    (#"{"nodes":[{"nodeId":"1","role":{"type":"role","value":"button"}}]}"#, "DOM.getBoxModel"),
    (#"[{"nodeId":"1","role":{"value":"button"},"backendDOMNodeId":3}]"#, "DOM.getBoxModel"),
    (#"{"value":"<AppiumAUT><XCUIElementTypeApplication/></AppiumAUT>","sessionId":"1"}"#, "jq -r .value"),
    (#"{"value":{"type":"Application","rect":{"x":0},"children":[]},"sessionId":"1"}"#, "source as XML"),
    (#"{"type":"Application","frame":"{{0, 0}, {390, 844}}","children":[]}"#, "source as XML"),
  ])
  func whatIsNotReadIsNamed(_ text: String, _ name: String) {
    let error = #expect(throws: SidecarIssue.self) {
      try BoxSamples.read(text, ".json", PixelSize(width: 800, height: 600))
    }
    #expect(error?.description.contains(name) == true, "\(error?.description ?? "")")
  }

  @Test(arguments: [
    ("<alto xmlns=\"http://www.loc.gov/standards/alto/ns-v3#\"/>", "hOCR"), ("<PcGts/>", "hOCR"),
    ("<annotation><size/></annotation>", "COCO"), ("<svg/>", "svg is of no known format"),
  ])
  func markupThatIsNotReadIsNamed(_ text: String, _ advice: String) {
    let error = #expect(throws: SidecarIssue.self) {
      try BoxSamples.read(text, ".xml", PixelSize(width: 800, height: 600))
    }
    #expect(error?.description.contains(advice) == true, "\(error?.description ?? "")")
  }

  @Test(arguments: [
    ("a.txt", "", "a.txt is not read"), ("via_region_data.csv", "", "via_region_data.csv is not read"),
    ("annotations/a.json", #"{"shapes":[]}"#, "annotations/a.json is not a list of pictures"),
  ])
  func aFileThatIsNotReadIsNamed(_ file: String, _ text: String, _ message: String) throws {
    let space = try Workspace()
    try space.put("in/a.png", try Pictures.png())
    try space.put("in/" + file, Array(text.utf8))
    #expect(try space.run()["a.png"]?.message?.contains(message) == true)
  }
}
