import ScrimImage
import ScrimRedact
import Testing

@testable import ScrimScreenshots

/// Window dumps and page trees as devices and browsers really write them.
@Suite struct ScreenTreeTests {
  private let phone = PixelSize(width: 1080, height: 2340)

  private func rect(_ minX: Int, _ minY: Int, _ maxX: Int, _ maxY: Int) -> Rect {
    Rect(minX: minX, minY: minY, maxX: maxX, maxY: maxY)
  }

  private func node(
    _ bounds: String, _ inside: String = "", type: String = "android.widget.FrameLayout", _ more: String = ""
  ) -> String {
    #"<node class="\#(type)" \#(more) bounds="\#(bounds)">\#(inside)</node>"#
  }

  private func text(_ bounds: String, _ more: String = "") -> String {
    node(bounds, type: "android.widget.TextView", #"text="secret" \#(more)"#)
  }

  private func hierarchy(_ inside: String) -> String { "<hierarchy rotation=\"0\">\(inside)</hierarchy>" }

  private func plan(_ sidecar: Sidecar, _ size: PixelSize, _ preset: MaskPolicy.Preset = .default) throws
    -> MaskPlan
  {
    MaskPlanner(policy: MaskPolicy(preset: preset)).plan(
      for: sidecar.tree, width: size.width, height: size.height,
      describesWholeWindows: sidecar.describesWholeWindows)
  }

  private func share(_ sidecar: Sidecar, _ size: PixelSize) throws -> Double {
    Double(try plan(sidecar, size).masked.area) / Double(size.width * size.height)
  }

  // MARK: uiautomator

  /// A node that is clipped away affects only itself: its visible part lies between its edges and in its
  /// parent.
  @Test(arguments: [
    ("[0,2240][1080,2208]", (0, 0)), ("[66,1777][1014,1664]", (948, 113)), ("[0,128][1084,-1174]", (0, 0)),
    ("[900,400][200,500]", (700, 100)), ("[0,-300][1080,-100]", (1080, 200)), ("[5,5][5,5]", (0, 0)),
  ])
  func boundsTheWrongWayRound(bounds: String, size: (Int, Int)) throws {
    let list = node("[0,300][1080,2208]", text(bounds) + text("[60,400][500,450]"))
    let sidecar = try BoxSamples.read(hierarchy(node("[0,0][1080,2340]", list)), ".xml", phone)
    #expect(sidecar.tree.rects[2].width == size.0 || sidecar.tree.rects[2].isEmpty && size.0 == 0)
    #expect(sidecar.tree.rects[2].height == size.1 || sidecar.tree.rects[2].isEmpty && size.1 == 0)
    #expect(sidecar.tree.rects[3] == rect(60, 400, 500, 450))
    #expect(try share(sidecar, phone) < 0.1)
  }

  /// Each case: the top windows, a picture's size, and whether these belong to that screen.
  @Test(arguments: [
    (["[0,0][1080,2340]"], 1080, 2340, true), (["[0,0][1080,2208]"], 1080, 2340, true),
    (["[0,63][1080,2208]"], 1080, 2340, true), (["[0,0][2208,1080]"], 2340, 1080, true),
    (["[132,0][2340,1080]"], 2340, 1080, true), (["[0,0][480,752]"], 480, 800, true),
    // Another display, another size, half of one.
    (["[0,0][1080,2092]"], 1840, 2092, false), (["[0,0][904,2176]"], 1812, 2176, false),
    (["[0,0][1080,1920]"], 1080, 2340, false), (["[0,0][720,1560]"], 1080, 2340, false),
    (["[0,0][1080,2340]"], 720, 1560, false), (["[0,0][2340,1080]"], 1080, 2340, false),
    (["[0,0][1080,1150]"], 1080, 2340, false), (["[0,0][540,1170]"], 1080, 2340, false),
    // Dialogs, sheets and menus alone.
    (["[54,800][1026,1500]"], 1080, 2340, true), (["[100,700][980,1500]"], 1440, 3120, false),
    (["[0,1400][1080,2340]"], 1080, 2340, true), (["[0,1400][1080,2092]"], 1080, 2600, false),
    (["[600,80][1070,900]"], 1080, 2340, false), (["[80,600][300,900]"], 1080, 2340, false),
  ])
  func screensOfOtherSizes(tops: [String], width: Int, height: Int, fits: Bool) throws {
    let text = hierarchy(tops.map { node($0, self.text($0)) }.joined())
    let size = PixelSize(width: width, height: height)
    if fits {
      _ = try BoxSamples.read(text, ".xml", size)
    } else {
      let fault = #expect(throws: SidecarIssue.self) { try BoxSamples.read(text, ".xml", size) }
      #expect(fault?.description.contains("--box-scale 1") == true)
    }
    // The user may confirm it, if nothing lies outside the picture.
    let vouched = try? BoxSamples.read(text, ".xml", size, scale: 1)
    #expect(vouched != nil || tops[0].contains("2340]") || tops[0].contains("[2340"))
  }

  @Test func likelyMistakesAreNoted() throws {
    let dialog = hierarchy(node("[54,800][1026,1500]", text("[80,820][900,900]")))
    #expect(try BoxSamples.read(dialog, ".xml", phone).notes.count == 1)
    let scaled = hierarchy(node("[0,0][540,1170]", text("[80,820][400,900]")))
    #expect(try BoxSamples.read(scaled, ".xml", phone, scale: 2).notes == [Sidecar.scaleNote(2)])
    #expect(try BoxSamples.read(scaled, ".xml", PixelSize(width: 540, height: 1170)).notes.isEmpty)
  }

  @Test(arguments: [
    "WARNING: linker: x\n", "java.io.FileNotFoundException: /data\n\tat a.b.<init>(C.java:1)\n",
    "\u{FEFF}", "\r\n\r\n", "\u{FEFF}text\n",
  ])
  func textOfAShellInFront(front: String) throws {
    let body = hierarchy(node("[0,0][1080,2340]", text("[60,400][500,450]")))
    for head in ["<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>", ""] {
      #expect(try BoxSamples.read(front + head + body, ".xml", phone).tree.widgets.count == 2)
    }
    #expect(throws: SidecarIssue.self) { try BoxSamples.read(front + body.dropLast(3), ".xml", phone) }
    #expect(throws: SidecarIssue.self) { try BoxSamples.read(front, ".xml", phone) }
  }

  /// PowerShell's `>` writes UTF-16.
  @Test(arguments: [true, false]) func sixteenBitText(isLittle: Bool) throws {
    let body = hierarchy(node("[0,0][1080,2340]", text("[60,400][500,450]", #"content-desc="ü😀""#)))
    var bytes: [UInt8] = isLittle ? [0xFF, 0xFE] : [0xFE, 0xFF]
    for unit in body.utf16 {
      let pair = [UInt8(unit & 255), UInt8(unit >> 8)]
      bytes += isLittle ? pair : pair.reversed()
    }
    let request = SidecarRequest(image: "shot.png", stored: phone, displayed: phone)
    #expect(try Sidecar.read(bytes, ending: ".xml", request: request).get().tree.widgets[1].name == "ü😀")
    #expect(throws: SidecarIssue.self) {
      try Sidecar.read(bytes.dropLast(), ending: ".xml", request: request).get()
    }
  }

  private func window(_ bounds: String, _ layer: Int, _ inside: String) -> String {
    #"<window index="0" id="9" title="x" bounds="\#(bounds)" active="true" type="1" layer="\#(layer)">\#(inside)</window>"#
  }

  /// `uiautomator dump --windows`: every window of the display, the uppermost first.
  @Test func windowsOfADisplay() throws {
    let bar = window("[0,0][1080,80]", 3, hierarchy(node("[0,0][1080,80]", text("[10,10][200,70]"))))
    let shade = window("[0,0][1080,2340]", 2, hierarchy(node("[0,0][1080,2340]")))
    let app = window("[0,0][1080,2340]", 1, hierarchy(node("[0,0][1080,2208]", text("[60,400][500,450]"))))
    let text = #"<displays><display id="0">\#(bar)\#(shade)\#(app)</display></displays>"#
    let sidecar = try BoxSamples.read(text, ".xml", phone)
    #expect(sidecar.tree.widgets.map(\.type).count(where: { $0 == "window" }) == 3)
    #expect(try share(sidecar, phone) < 0.1)
    let two = text.replacing("<displays>", with: #"<displays><display id="2"/>"#)
    #expect(throws: SidecarIssue.self) { try BoxSamples.read(two, ".xml", phone) }
    // A window without a tree is masked completely.
    let closed =
      #"<displays><display id="0">\#(app)\#(window("[0,900][1080,2340]", 5, ""))</display></displays>"#
    #expect(try share(try BoxSamples.read(closed, ".xml", phone), phone) > 0.6)
  }

  // MARK: Helper windows and views

  /// Empty containers over a whole screen that show nothing.
  @Test(arguments: [
    "<node class=\"android.widget.FrameLayout\" bounds=\"[0,0][1080,2340]\"/>",
    "<node class=\"android.view.View\" resource-id=\"a:id/touch_outside\" bounds=\"[0,0][1080,2340]\"/>",
    "<node class=\"android.view.ViewGroup\" bounds=\"[0,0][1080,2340]\"><node class=\"android.widget.FrameLayout\" bounds=\"[0,10][1080,2300]\"/></node>",
    "<node class=\"android.widget.FrameLayout\" displayed=\"false\" bounds=\"[0,1000][1080,2340]\"/>",
  ])
  func emptyHelpersShowNothing(helper: String) throws {
    let app = node("[0,0][1080,2340]", text("[60,400][500,450]"))
    #expect(try share(try BoxSamples.read(hierarchy(app + helper), ".xml", phone), phone) < 0.1)
  }

  /// The background of a described page, on the whole screen or most of it, with texts and buttons over it.
  @Test(arguments: [
    ("android.view.View", "[0,0][1080,2340]", 0.3), ("android.view.ViewGroup", "[0,142][1080,2003]", 0.3),
    ("android.widget.FrameLayout", "[0,0][995,2340]", 0.3),
    ("android.widget.RelativeLayout", "[0,236][1080,1700]", 0.3),
    // A view may draw its own content if it doesn't fill the screen.
    ("android.view.View", "[0,142][1080,2003]", 1.0), ("com.example.Page", "[0,0][1080,2340]", 1.0),
  ])
  func backgroundsShowNothing(type: String, bounds: String, most: Double) throws {
    let rows = (0..<8).map { text("[60,\(300 + 160 * $0)][1000,\(370 + 160 * $0)]") }.joined()
    let page = node("[0,0][1080,2340]", node(bounds, type: type) + rows)
    let masked = try share(try BoxSamples.read(hierarchy(page), ".xml", phone), phone)
    #expect(most == 1 ? masked > 0.7 : masked < most, "\(masked)")
  }

  /// The screen's size as Appium writes it determines the position of a dialog alone.
  @Test func theScreensSizeIsHeeded() throws {
    let dialog = node("[600,80][1070,900]", text("[610,90][900,200]"))
    let text = #"<hierarchy rotation="0" width="1080" height="2208">\#(dialog)</hierarchy>"#
    #expect(try BoxSamples.read(text, ".xml", phone).notes.isEmpty)
    for size in [PixelSize(width: 1440, height: 3120), PixelSize(width: 1080, height: 2100)] {
      #expect(throws: SidecarIssue.self) { try BoxSamples.read(text, ".xml", size) }
    }
  }

  /// Views that may draw their own content stay masked: one without widgets under it, a part of the screen,
  /// a web view, a named one.
  @Test(arguments: [
    ("<node class=\"android.view.View\" bounds=\"[0,0][1080,2340]\"/>", true),
    ("<node class=\"android.widget.FrameLayout\" bounds=\"[0,500][1080,2340]\"/>", false),
    ("<node class=\"android.webkit.WebView\" bounds=\"[0,0][1080,2340]\"/>", false),
    (
      "<node class=\"android.widget.FrameLayout\" content-desc=\"Chart\" bounds=\"[0,0][1080,2340]\"/>", false
    ),
    ("<node class=\"com.example.Chart\" bounds=\"[0,0][1080,2340]\"/>", false),
    ("<node class=\"android.widget.ImageView\" bounds=\"[0,0][1080,2340]\" displayed=\"false\"/>", false),
    (
      "<node class=\"android.widget.TextView\" text=\"a\" bounds=\"[0,0][1080,2340]\" displayed=\"false\"/>",
      false
    ),
  ])
  func viewsThatMayDrawStayMasked(view: String, comesFirst: Bool) throws {
    let app = text("[60,400][500,450]")
    let inside = comesFirst ? view + app : app + view
    #expect(
      try share(try BoxSamples.read(hierarchy(node("[0,0][1080,2340]", inside)), ".xml", phone), phone) > 0.7)
  }

  private func element(_ type: String, _ box: [String], _ more: String = "", _ inside: String = "") -> String
  {
    let keys = zip(["x", "y", "width", "height"], box).map { "\($0)=\"\($1)\"" }.joined(separator: " ")
    return "<XCUIElementType\(type) \(keys) \(more)>\(inside)</XCUIElementType\(type)>"
  }

  private let points = ["0", "0", "390", "844"]
  private let pixels = PixelSize(width: 1170, height: 2532)

  private func application(_ inside: String) -> String { element("Application", points, "", inside) }

  /// Windows of keyboards, text effects and alerts.
  @Test(arguments: [
    #"visible="false""#, #"visible="true""#, "",
  ])
  func emptyWindowsShowNothing(visible: String) throws {
    let main = element(
      "Window", points, "",
      element("StaticText", ["20", "195", "250", "30"], #"value="Card" label="Card""#)
        + element("Button", ["20", "295", "350", "44"], #"name="Go" label="Go""#))
    let helper = element(
      "Window", points, visible,
      element("Other", points, visible, element("Other", points, visible)))
    let source = application(main + helper)
    let sidecar = try BoxSamples.read(source, ".xml", pixels)
    #expect(try share(sidecar, pixels) < 0.1)
    let button = try plan(sidecar, pixels, .controls).masked
    #expect(!button.contains(x: 600, y: 950))
  }

  /// A window in pixels over a screen in points, reported as invisible.
  @Test func aWindowInPixels() throws {
    let main = element(
      "Window", points, "", element("StaticText", ["20", "195", "250", "30"], #"value="Card""#))
    let helper = element(
      "Window", ["0", "0", "1170", "2532"], #"visible="false""#,
      element("Other", ["0", "0", "1170", "2532"], #"visible="false""#))
    #expect(try share(try BoxSamples.read(application(main + helper), ".xml", pixels), pixels) < 0.1)
  }

  /// The flag alone hides no widget with content.
  @Test func elementsWithTextStayMasked() throws {
    let main = element(
      "Window", points, "", element("StaticText", ["20", "195", "250", "30"], #"value="Card""#))
    let text = element("StaticText", ["0", "400", "390", "400"], #"visible="false" value="PIN""#)
    #expect(try share(try BoxSamples.read(application(main + text), ".xml", pixels), pixels) > 0.4)
    let named = element("Other", ["0", "400", "390", "400"], #"visible="false" label="PIN""#)
    #expect(try share(try BoxSamples.read(application(main + named), ".xml", pixels), pixels) > 0.4)
  }

  /// Invalid numbers: the box of the parent, or nothing if it isn't visible.
  @Test(arguments: [("inf", true), ("nan", true), ("-inf", false), ("Infinity", false)])
  func numbersThatAreNone(number: String, isVisible: Bool) throws {
    let inside = element(
      "Cell", ["0", "100", "390", "60"], #"label="row""#,
      element("StaticText", [number, "110", "100", "30"], #"value="a" visible="\#(isVisible)""#))
    let sidecar = try BoxSamples.read(application(inside), ".xml", pixels)
    #expect(sidecar.tree.rects[2] == (isVisible ? rect(0, 300, 1170, 480) : sidecar.tree.rects[2]))
    #expect(isVisible || sidecar.tree.rects[2].isEmpty)
    let top = application("").replacing("width=\"390\"", with: "width=\"\(number)\"")
    #expect(throws: SidecarIssue.self) { try BoxSamples.read(top, ".xml", pixels) }
  }

  @Test func aNegativeSizeCostsThatElement() throws {
    let inside =
      element("StaticText", ["100", "900", "200", "-30"], #"value="a""#)
      + element("StaticText", ["100", "100", "-50", "30"], #"value="a""#)
    let sidecar = try BoxSamples.read(application(inside), ".xml", pixels)
    #expect(sidecar.tree.rects[1].isEmpty && sidecar.tree.rects[2] == rect(150, 300, 300, 390))
  }

  // MARK: Browsers

  private func page(_ width: Int, _ height: Int, _ scale: String, _ nodes: String = "") -> String {
    let scale = scale.isEmpty ? "" : #""deviceScaleFactor":\#(scale),"#
    return """
      {"viewport":{"width":\(width),"height":\(height)},\(scale)"nodes":[{"role":"document",
      "boundingBox":{"x":0,"y":0,"width":\(width),"height":\(height)},"children":[
      {"role":"heading","name":"Order","boundingBox":{"x":20.4,"y":19.2,"width":120.6,"height":22.3}}\(nodes)]}]}
      """
  }

  /// The sizes that browsers write at fractional scales: rounded, truncated, or of a truncated viewport.
  @Test(arguments: [
    (412, 839, 2.625, 1082, 2202), (412, 915, 2.625, 1082, 2402), (411, 731, 2.625, 1080, 1920),
    (1366, 768, 1.25, 1707, 960), (1366, 768, 1.25, 1708, 960), (393, 851, 2.75, 1081, 2340),
    (360, 640, 3, 1080, 1920), (1536, 864, 1.25, 1920, 1080), (800, 600, 1, 800, 600),
    (853, 480, 1.5, 1280, 720),
  ])
  func fractionalScales(width: Int, height: Int, scale: Double, pixelWidth: Int, pixelHeight: Int) throws {
    let size = PixelSize(width: pixelWidth, height: pixelHeight)
    let sidecar = try BoxSamples.read(page(width, height, "\(scale)"), ".json", size)
    let left = Int((20.4 * scale).rounded(.down))
    #expect(sidecar.tree.rects[1].x == left && sidecar.tree.boxScale == scale)
    for other in [
      PixelSize(width: pixelWidth + 5, height: pixelHeight),
      PixelSize(width: pixelWidth, height: pixelHeight - 3),
      size.turned,
    ] where other != size {
      #expect(throws: SidecarIssue.self, "\(other)") {
        try BoxSamples.read(page(width, height, "\(scale)"), ".json", other)
      }
    }
  }

  @Test func aScaleIsDerivedToAPixel() throws {
    let sidecar = try BoxSamples.read(page(412, 839, ""), ".json", PixelSize(width: 1082, height: 2202))
    #expect(abs(sidecar.tree.boxScale - 2.625) < 0.001 && sidecar.notes.count == 1)
    #expect(throws: SidecarIssue.self) {
      try BoxSamples.read(page(412, 839, ""), ".json", PixelSize(width: 1082, height: 2190))
    }
  }

  @Test func overlaysOfAPageShowNothing() throws {
    let size = PixelSize(width: 800, height: 600)
    for (overlay, isEmpty) in [
      (#"{"role":"generic","boundingBox":{"x":0,"y":0,"width":800,"height":600}}"#, true),
      (#"{"role":"presentation","opacity":0,"boundingBox":{"x":0,"y":0,"width":800,"height":300}}"#, true),
      (#"{"role":"generic","visible":false,"boundingBox":{"x":0,"y":0,"width":800,"height":300}}"#, true),
      (#"{"role":"generic","boundingBox":{"x":0,"y":0,"width":800,"height":300}}"#, false),
      (#"{"role":"canvas","boundingBox":{"x":0,"y":0,"width":800,"height":600}}"#, false),
      (#"{"role":"img","opacity":0,"boundingBox":{"x":0,"y":0,"width":800,"height":600}}"#, false),
    ] {
      let sidecar = try BoxSamples.read(page(800, 600, "1", "," + overlay), ".json", size)
      #expect((try share(sidecar, size) < 0.1) == isEmpty, "\(overlay)")
    }
  }

  @Test func boxesBesideThePictureAreRefused() throws {
    let list =
      #"{"deviceScaleFactor":1,"nodes":[{"role":"textbox","box":{"x":500,"y":9000,"width":30,"height":4}}]}"#
    #expect(throws: SidecarIssue.self) {
      try BoxSamples.read(list, ".json", PixelSize(width: 800, height: 600))
    }
  }

  private func chrome(_ nodes: [String], boxes: String) -> String {
    """
    {"viewport":{"width":400,"height":300},"deviceScaleFactor":1,"nodes":[\(nodes.joined(separator: ","))],"boxes":{\(boxes)}}
    """
  }

  private func node(_ id: String, _ role: String, _ children: [String], _ dom: Int?, name: String = "")
    -> String
  {
    let dom = dom.map { ",\"backendDOMNodeId\":\($0)" } ?? ""
    let children = children.map { "\"\($0)\"" }.joined(separator: ",")
    return """
      {"nodeId":"\(id)","ignored":false,"role":{"value":"\(role)"},"name":{"value":"\(name)"},"childIds":[\(children)]\(dom)}
      """
  }

  private let chromeSize = PixelSize(width: 400, height: 300)
  private let boxes =
    #""1":{"x":0,"y":0,"width":400,"height":300},"3":{"x":25,"y":35,"width":200,"height":45}"#

  /// Chromium lists text boxes of pseudo-elements twice, identically, and so does their parent.
  @Test func aNodeThatIsRepeatedIsOne() throws {
    let text = node("-4", "StaticText", ["-5", "-5"], nil, name: "T")
    let box = node("-5", "InlineTextBox", [], nil, name: "T")
    let nodes = [node("1", "RootWebArea", ["3"], 1), node("3", "heading", ["-4"], 3, name: "T"), text]
    let sidecar = try BoxSamples.read(chrome(nodes + [box, box, box], boxes: boxes), ".json", chromeSize)
    #expect(sidecar.tree.widgets.count == 4)
    let other = box.replacing("\"T\"", with: "\"U\"")
    #expect(throws: SidecarIssue.self) {
      try BoxSamples.read(chrome(nodes + [box, other], boxes: boxes), ".json", chromeSize)
    }
    // With two parents it is an error.
    let twice = [
      node("1", "RootWebArea", ["3", "-5"], 1), node("3", "heading", ["-4"], 3, name: "T"), text, box,
    ]
    #expect(throws: SidecarIssue.self) {
      try BoxSamples.read(chrome(twice, boxes: boxes), ".json", chromeSize)
    }
  }

  /// Nodes without an element: columns, parts of controls. They pass on their children; a node with only a
  /// name is masked with its parent's box, and is never a button that a rule shows.
  @Test func virtualNodes() throws {
    let nodes = [
      node("1", "RootWebArea", ["3"], 1), node("3", "table", ["-4", "-6"], 3),
      node("-4", "column", ["5"], nil), node("5", "cell", [], 5), node("-6", "button", [], nil, name: "Sort"),
    ]
    let sidecar = try BoxSamples.read(
      chrome(nodes, boxes: boxes + #","5":{"x":30,"y":40,"width":20,"height":10}"#), ".json", chromeSize)
    #expect(sidecar.tree.widgets.map(\.type) == ["RootWebArea", "table", "unknown", "cell"])
    #expect(sidecar.tree.rects[2] == sidecar.tree.rects[1] && sidecar.tree.parent(of: 3) == 1)
    // A node with an element needs its box.
    #expect(throws: SidecarIssue.self) {
      try BoxSamples.read(chrome(nodes, boxes: boxes), ".json", chromeSize)
    }
  }
}
