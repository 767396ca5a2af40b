import ScrimImage
import ScrimRedact
import Testing

@testable import ScrimScreenshots

/// Results for real examples.
@Suite struct BoxReaderTests {
  private func rect(_ x: Int, _ y: Int, _ width: Int, _ height: Int) -> Rect {
    Rect(x: x, y: y, width: width, height: height)
  }

  @Test func uiautomator() throws {
    let sidecar = try BoxSamples.read("uiautomator.xml")
    #expect(sidecar.format == "uiautomator" && sidecar.describesWholeWindows && sidecar.size == nil)
    let widgets = sidecar.tree.widgets
    #expect(
      widgets.map(\.nature) == [.container, .text, .input, .password, .container, .text, .unknown])
    #expect(sidecar.tree.rects[1] == rect(63, 310, 954, 133))
    #expect(widgets[2].id == "com.example.bank:id/field" && widgets[3].id == widgets[2].id)
    #expect(widgets[2].states.contains("focused") && !widgets[3].states.contains("focused"))
    #expect(widgets[5].name == "Log in & continue" && sidecar.tree.parent(of: 5) == 4)
    #expect(sidecar.tree.parent(of: 4) == 0)
  }

  @Test func appiumOnAndroid() throws {
    let widgets = try BoxSamples.read("appium-android.xml").tree.widgets
    #expect(widgets.map(\.nature) == [.container, .unknown, .image])
    #expect(widgets[1].type == "com.example.bank.Balance$Digits" && widgets[2].name == "Photo of Anna")
  }

  @Test func xcuitestScalesByTheApplication() throws {
    let sidecar = try BoxSamples.read("xcuitest.xml")
    #expect(sidecar.describesWholeWindows && sidecar.tree.boxScale == 3)
    let widgets = sidecar.tree.widgets
    #expect(
      widgets.map(\.nature) == [
        .container, .container, .container, .text, .input, .password, .text, .container,
      ])
    #expect(sidecar.tree.rects[5] == rect(60, 661, 1050, 133))
    // A label under another attribute is not an id: ids are printed.
    #expect(widgets.map(\.id) == [nil, nil, nil, nil, "email-field", "password-field", nil, nil])
    #expect(widgets[6].name == "Log in" && widgets[6].states.contains("visible"))
    let half = try BoxSamples.read("xcuitest.xml", size: PixelSize(width: 585, height: 1266))
    #expect(half.tree.boxScale == 1.5)
  }

  @Test func playwright() throws {
    let sidecar = try BoxSamples.read("playwright.json")
    #expect(sidecar.describesWholeWindows && sidecar.size == PixelSize(width: 1600, height: 1200))
    let widgets = sidecar.tree.widgets
    #expect(widgets.map(\.nature) == [.container, .text, .input, .password, .text, .text])
    #expect(sidecar.tree.rects[1] == rect(80, 42, 1440, 75) && sidecar.tree.rects[5].isEmpty)
    #expect(widgets[2].states == ["focused"] && widgets[4].states == ["checked"])
  }

  @Test func aListOfPlacesDescribesNoWindow() throws {
    let size = PixelSize(width: 100, height: 50)
    let list = #"[{"role":"textbox","bounds":{"x":1,"y":2,"width":3,"height":4}}]"#
    let sidecar = try BoxSamples.read(list, ".json", size, scale: 2)
    #expect(!sidecar.describesWholeWindows && sidecar.tree.rects == [rect(2, 4, 6, 8)])
    // Nothing says whether these are pixels.
    #expect(throws: SidecarIssue.self) { try BoxSamples.read(list, ".json", size) }
    let wrapped = #"{"deviceScaleFactor":1,"nodes":\#(list)}"#
    #expect(try BoxSamples.read(wrapped, ".json", size).tree.rects == [rect(1, 2, 3, 4)])
    let single = #"{"deviceScaleFactor":1,"role":"button","box":{"x":1,"y":2,"width":3,"height":4}}"#
    #expect(try BoxSamples.read(single, ".json", size).tree.rects == [rect(1, 2, 3, 4)])
  }

  @Test func chrome() throws {
    let sidecar = try BoxSamples.read("chrome.json")
    #expect(sidecar.describesWholeWindows && sidecar.tree.boxScale == 1.5)
    let widgets = sidecar.tree.widgets
    // The ignored node without a box passes its children to the page; the aria-hidden one has a box and is
    // masked.
    #expect(
      widgets.map(\.type) == ["RootWebArea", "heading", "textbox", "textbox", "none", "StaticText"])
    #expect(widgets.map(\.nature) == [.container, .text, .input, .password, .container, .text])
    #expect((1...4).allSatisfy { sidecar.tree.parent(of: $0) == 0 } && sidecar.tree.parent(of: 5) == 1)
    // Text without a box of its own has that of its parent: the border quad.
    #expect(sidecar.tree.rects[5] == sidecar.tree.rects[1])
    #expect(sidecar.tree.rects[2] == rect(60, 120, 450, 32) && widgets[2].states == ["editable", "focused"])
    let plan = MaskPlanner(policy: MaskPolicy()).plan(
      for: sidecar.tree, width: 1200, height: 900, describesWholeWindows: true)
    #expect(plan.masks.contains { $0.reason == .childless && $0.widget == 4 })
  }

  @Test(arguments: ["words.hocr", "words.tsv"])
  func wordsOfTesseract(file: String) throws {
    let sidecar = try BoxSamples.read(file)
    #expect(!sidecar.describesWholeWindows && sidecar.space == .displayed)
    #expect(sidecar.size == PixelSize(width: 400, height: 120))
    #expect(sidecar.tree.widgets.allSatisfy { $0.nature == .text })
    #expect(
      sidecar.tree.rects == [
        rect(16, 17, 97, 18), rect(123, 17, 91, 18), rect(17, 69, 58, 18), rect(87, 69, 57, 18),
        rect(155, 69, 58, 18), rect(280, 60, 101, 41),
      ])
  }

  @Test func elementsWithoutWordsAreBoxesToo() throws {
    let size = PixelSize(width: 9, height: 9)
    let page = { (inside: String) in
      "<html><body><div class='ocr_page' title='image \"a; bbox 1 1 2 2.png\"; bbox 0 0 9 9'>\(inside)</div></body></html>"
    }
    let sidecar = try BoxSamples.read(
      page(
        "<p><span class='x ocr_line' title='bbox 1 2 3 4'><b/></span></p><div class='ocr_photo' title='bbox 4 4 9 9'/>"
          + "<div class='ocr_something' title='bbox 0 0 1 1'/>"), ".hocr", size)
    #expect(sidecar.tree.widgets.map(\.nature) == [.text, .image, .unknown])
    #expect(try BoxSamples.read(page(""), ".hocr", size).tree.widgets.isEmpty)
    let header = TesseractTSV.header.joined(separator: "\t")
    let rows =
      "1\t1\t0\t0\t0\t0\t0\t0\t9\t9\t-1\t\n2\t1\t1\t0\t0\t0\t1\t1\t2\t2\t-1\t\n2\t1\t2\t0\t0\t0\t4\t4\t2\t2\t-1\t\n"
    #expect(
      try BoxSamples.read(header + "\n" + rows, ".tsv", size).tree.rects == [
        rect(1, 1, 2, 2), rect(4, 4, 2, 2),
      ])
  }

  @Test func coco() throws {
    let sidecar = try BoxSamples.read("coco.json")
    #expect(!sidecar.describesWholeWindows && sidecar.tree.widgets.map(\.nature) == [.unknown, .unknown])
    #expect(sidecar.tree.rects == [rect(16, 12, 199, 24), rect(17, 69, 196, 18)])
  }

  @Test func labelme() throws {
    let sidecar = try BoxSamples.read("labelme.json")
    #expect(sidecar.tree.widgets.map(\.nature) == [.unknown, .unknown, .unknown])
    #expect(sidecar.tree.rects == [rect(17, 69, 196, 18), rect(280, 60, 100, 40), rect(45, 45, 10, 10)])
  }

  /// A rule with an id that several rows share applies to all of them.
  @Test func rulesReachEveryWidgetOfAnID() throws {
    let sidecar = try BoxSamples.read("uiautomator.xml")
    let policy = try MaskPolicy(
      json: Array(
        #"{"maskAllInputs":false,"rules":[{"id":"com.example.bank:id/field","decision":"mask"}]}"#.utf8))
    let plan = MaskPlanner(policy: policy).plan(
      for: sidecar.tree, width: 1080, height: 2400, describesWholeWindows: true)
    #expect(plan.masks.contains { $0.widget == 2 && $0.reason == .rule(0) })
  }
}
