import Foundation
import ScrimImage
import ScrimRedact
import ScrimTestSupport
import Testing

@testable import ScrimScreenshots

/// Inputs that must be refused, and how.
@Suite struct BoxHostilityTests {
  struct Change: Sendable, CustomTestStringConvertible {
    var file: String
    var old: String
    var new: String
    var testDescription: String { "\(file): \(old.prefix(40)) -> \(new.prefix(40))" }

    init(_ file: String, _ old: String, _ new: String) {
      self.file = file
      self.old = old
      self.new = new
    }
  }

  static let changes: [Change] = [
    Change("uiautomator.xml", "[63,310][1017,443]", "[63,310][1017,]"),
    Change("uiautomator.xml", "[63,310][1017,443]", "[63,310][1017,443][1,1]"),
    Change("uiautomator.xml", "[63,310][1017,443]", "[63,310,1017][443]"),
    Change("uiautomator.xml", "[63,310][1017,443]", "[63,310][NaN,443]"),
    Change("uiautomator.xml", "[63,310][1017,443]", "[63,310][1e3,443]"),
    Change("uiautomator.xml", "[63,310][1017,443]", "[63,310][99999999999999,443]"),
    Change("uiautomator.xml", "[63,310][1017,443]", "[63,310][99999999999999999999999,443]"),
    Change("uiautomator.xml", #" bounds="[63,310][1017,443]""#, ""),
    Change("uiautomator.xml", #"bounds="[63"#, #"bounds="[1,1][2,2]" bounds="[63"#),
    Change("uiautomator.xml", #"password="true""#, #"password="yes""#),
    Change("uiautomator.xml", #"class="android.widget.TextView""#, ""),
    Change("uiautomator.xml", "&amp;", "&secret;"),
    Change("uiautomator.xml", "&amp;", "&"),
    Change("uiautomator.xml", "&#8226;", "&#1114112;"),
    Change("uiautomator.xml", "<hierarchy", #"<!DOCTYPE x [<!ENTITY a SYSTEM "/etc/passwd">]><hierarchy"#),
    Change("uiautomator.xml", "</hierarchy>", "</hierarchy><hierarchy/>"),
    Change("uiautomator.xml", "UI hierchary dumped to: /dev/tty", "ERROR: could not get idle state."),
    Change("uiautomator.xml", "UI hierchary dumped to: /dev/tty", "UI hierchary dumped to: a\n<hierarchy/>"),
    Change("uiautomator.xml", "/></node></hierarchy>", "/></hierarchy></node>"),
    Change("uiautomator.xml", "<hierarchy rotation=\"0\">", "<hierarchy/>"),
    Change("uiautomator.xml", "hierarchy", "screen"),
    Change("uiautomator.xml", "UTF-8' standalone", "UTF-8' \u{0} standalone\u{0}?>\u{0}"),
    Change("xcuitest.xml", #"x="15""#, #"x="""#),
    Change("xcuitest.xml", #"x="15""#, #"x=" 15""#),
    Change("xcuitest.xml", #"x="15" "#, ""),
    Change("xcuitest.xml", #"width="135""#, #"width="99999999999""#),
    Change(
      "xcuitest.xml", #"width="390" height="844" index="0" name"#, #"width="844" height="390" index="0" name"#
    ),
    Change(
      "xcuitest.xml", #"width="390" height="844" index="0" name"#, #"width="0" height="0" index="0" name"#),
    Change(
      "xcuitest.xml", #"x="0" y="0" width="390" height="844" index="0" name"#,
      #"x="9" y="0" width="390" height="844" index="0" name"#),
    Change("xcuitest.xml", "<XCUIElementTypeButton", "<img"),
    Change("xcuitest.xml", #"type="XCUIElementTypeSecureTextField""#, #"type="XCUIElementTypeOther""#),
    Change("xcuitest.xml", "</AppiumAUT>", ""),
    Change("playwright.json", #""y": 21.4375"#, #""y": NaN"#),
    Change("playwright.json", #""y": 21.4375"#, #""y": 1e999"#),
    Change("playwright.json", #""y": 21.4375"#, #""y": "21""#),
    Change("playwright.json", #""y": 21.4375, "#, ""),
    Change("playwright.json", #""height": 37"#, #""height": 37, "height": 38"#),
    Change("playwright.json", #""boundingBox": null"#, #""hidden": true"#),
    Change("playwright.json", #""boundingBox": null"#, #""boundingBox": null, "box": null"#),
    Change("playwright.json", #""boundingBox": null"#, #""boundingBox": [0, 0, 1, 1]"#),
    Change("playwright.json", #""role": "heading""#, #""role": null"#),
    Change("playwright.json", #""role": "heading""#, #""role": "heading", "extra": NaN"#),
    Change("playwright.json", #""deviceScaleFactor": 2"#, #""deviceScaleFactor": 0"#),
    Change("playwright.json", #""deviceScaleFactor": 2"#, #""deviceScaleFactor": -2"#),
    Change("playwright.json", #""deviceScaleFactor": 2"#, #""deviceScaleFactor": 1"#),
    Change("playwright.json", #""deviceScaleFactor": 2"#, #""deviceScaleFactor": 2, "shapes": []"#),
    Change("playwright.json", #""deviceScaleFactor": 2"#, #""deviceScaleFactor": 2, "widgets": []"#),
    Change("playwright.json", #""children""#, #""children": {}, "kids""#),
    Change("playwright.json", #""nodes": ["#, #""nodes": [], "rest": ["#),
    Change("chrome.json", #""nodeId": "4""#, #""nodeId": "3""#),
    Change("chrome.json", #""childIds": ["4"]"#, #""childIds": ["44"]"#),
    Change("chrome.json", #""childIds": ["4"]"#, #""childIds": ["2"]"#),
    Change("chrome.json", #""childIds": ["2"]"#, #""childIds": []"#),
    Change("chrome.json", #""backendDOMNodeId": 5}"#, #""backendDOMNodeId": 55}"#),
    Change("chrome.json", "[40, 80, 340, 80, 340, 101, 40, 101]", "[40, 80, 340, 80]"),
    Change("chrome.json", "[40, 80, 340, 80, 340, 101, 40, 101]", "[40, 80, NaN, 80, 340, 101, 40, 101]"),
    Change("chrome.json", #"{"x": 40, "y": 120, "width": 300, "height": 21}"#, "{}"),
    Change("chrome.json", #""width": 800, "height": 600},"#, #""width": 801, "height": 600},"#),
    Change("words.hocr", "bbox 123 17 214 35", "bbox 123 17 214"),
    Change("words.hocr", "bbox 123 17 214 35", "bbox 123 17 21 35"),
    Change("words.hocr", "bbox 123 17 214 35", "bbox 123 17 214 nan"),
    Change("words.hocr", "bbox 123 17 214 35", "bbox 123 17 214 35; bbox 1 1 2 2"),
    Change("words.hocr", "title='bbox 123 17 214 35; x_wconf 96'", ""),
    Change("words.hocr", "image \"words.png\"; bbox 0 0 400 120", "image \"bbox 0 0 400 120\""),
    Change("words.hocr", "bbox 0 0 400 120", "bbox 0 0 800 240"),
    Change("words.hocr", "bbox 0 0 400 120", "bbox 1 0 400 120"),
    Change("words.hocr", "ocr_page'", "page'"),
    Change("words.hocr", "</body>", "<div class='ocr_page' title='bbox 0 0 400 120'/></body>"),
    Change("words.hocr", "</body>", "<p class='ocrx_word' title='bbox 0 0 4 1'/></body>"),
    Change("words.tsv", "level\tpage", "page\tlevel"),
    Change("words.tsv", "123\t17\t91\t18", "123\t17\t91"),
    Change("words.tsv", "123\t17\t91\t18", "123\t17\t-91\t18"),
    Change("words.tsv", "123\t17\t91\t18", "123\t17\t9.5\t18"),
    Change("words.tsv", "123\t17\t91\t18", "123\t17\t99999999999999999999\t18"),
    Change("words.tsv", "96.277420", "nan"),
    Change("words.tsv", "0\t0\t400\t120", "0\t0\t400\t121"),
    Change("words.tsv", "1\t1\t0\t0\t0\t0\t0\t0\t400\t120\t-1\t\n", ""),
    Change("words.tsv", "5\t1\t2\t1\t1\t1", "6\t1\t2\t1\t1\t1"),
    Change("words.tsv", "5\t1\t2\t1\t1\t1", "5\t2\t2\t1\t1\t1"),
    Change("words.tsv", "5\t1\t2\t1\t1\t1", "1\t1\t2\t1\t1\t1"),
    Change("coco.json", "[17, 69, 196, 18]", "[17, 69, 196]"),
    Change("coco.json", "[17, 69, 196, 18]", "[17, 69, -196, 18]"),
    Change("coco.json", "[17, 69, 196, 18]", "[17, 69, Infinity, 18]"),
    Change("coco.json", #""bbox": [17, 69, 196, 18], "#, ""),
    Change("coco.json", #""image_id": 1, "category_id": 2"#, #""image_id": 3, "category_id": 2"#),
    Change("coco.json", #""image_id": 1, "category_id": 2"#, #""image_id": 1, "category_id": 3"#),
    Change("coco.json", #""id": 2, "license""#, #""id": 1, "license""#),
    Change("coco.json", "empty.png", "words.png"),
    Change("coco.json", "words.png", "other.png"),
    Change("coco.json", #""height": 120, "width": 400"#, #""height": 120, "width": 401"#),
    Change("coco.json", #""height": 120, "width": 400"#, #""height": 120"#),
    Change("coco.json", #""categories""#, #""classes""#),
    Change("coco.json", #""annotations""#, #""captions""#),
    Change("labelme.json", "[213.0, 87.0]", "[213.0]"),
    Change("labelme.json", "[213.0, 87.0]", "[213.0, NaN]"),
    Change("labelme.json", "[213.0, 87.0], ", ""),
    Change("labelme.json", #""rectangle""#, #""line""#),
    Change("labelme.json", #""rectangle""#, #""point""#),
    Change("labelme.json", #""imageWidth": 400"#, #""imageWidth": 200"#),
    Change("labelme.json", #""imageWidth": 400"#, #""imageWidth": null"#),
    Change("labelme.json", "words.png", "other.png"),
    Change("labelme.json", #""rectangle""#, #""blob""#),
    Change("coco.json", #""bbox": [17, 69, 196, 18]"#, #""bbox": []"#),
    Change("coco.json", #""bbox": [17, 69, 196, 18]"#, #""bbox": [17, 69, 196, 18, 30]"#),
    Change("coco.json", #""bbox": [17, 69, 196, 18]"#, #""bbox_mode": 0, "bbox": [17, 69, 196, 18]"#),
    Change("coco.json", #""bbox": [17, 69, 196, 18]"#, #""theta": 0.5, "bbox": [17, 69, 196, 18]"#),
    Change("coco.json", #""segmentation": []"#, #""segmentation": [[1, 2, 3]]"#),
    Change(
      "coco.json", #""segmentation": []"#, #""segmentation": {"size": [120, 400], "counts": [1, 2, 3]}"#),
    Change("coco.json", #""segmentation": []"#, #""segmentation": {"size": [400, 120], "counts": [48000]}"#),
    Change("coco.json", #""segmentation": []"#, #""segmentation": {"size": [120, 400], "counts": "~"}"#),
    Change("coco.json", #""segmentation": []"#, #""segmentation": [], "keypoints": [1, 2]"#),
    Change("cvat.xml", #"xtl="20.00""#, #"xtl="nan""#),
    Change("cvat.xml", #"xbr="120.00""#, #"xbr="12.00""#),
    Change("cvat.xml", "60.00,80.50;", "60.00;"),
    Change("cvat.xml", "<ellipse", "<blob"),
    Change("cvat.xml", #"width="400" height="120">"#, #"width="400">"#),
    Change("cvat.xml", "<image id=\"1\"", "<track id=\"1\""),
    Change("cvat.xml", "words.png", "other.png"),
    Change("cvat.xml", #"<polygon label="account-number""#, #"<polygon rotation="3" label="account-number""#),
    Change("labelstudio.json", #""original_width": 400"#, #""original_width": 200"#),
    Change("labelstudio.json", #""image_rotation": 0"#, #""image_rotation": 90"#),
    Change("labelstudio.json", #""x": 25.0"#, #""x": "25""#),
    Change("labelstudio.json", "1/1a2b3c4d-words.png", "1/1a2b3c4d-other.png"),
    Change("labelstudio.json", #""radiusX": 5.0, "radiusY": 10.0"#, #""radiusX": 5.0"#),
    Change("labelstudio.json", "[0, 2, 238, 0", "[0, 2, 239, 0"),
    Change("via.json", #""name": "rect""#, #""name": "blob""#),
    Change("via.json", #""name": "rect""#, #""name": "point""#),
    Change("via.json", #""all_points_x": [60, 90, 75]"#, #""all_points_x": [60, 90]"#),
    Change("via.json", #""x": 20"#, #""x": 2000"#),
    Change("via.json", #""filename": "words.png""#, #""filename": "other.png""#),
  ]

  @Test(arguments: changes) func oneWrongThingIsRefused(change: Change) throws {
    #expect(try BoxSamples.text(change.file).contains(change.old))
    #expect(throws: SidecarIssue.self) {
      try BoxSamples.read(change.file) { text in
        guard let range = text.range(of: change.old) else { return text }
        return text.replacingCharacters(in: range, with: change.new)
      }
    }
  }

  /// The sizes of other pictures: half, double, rotated.
  @Test(arguments: BoxSamples.all.map(\.file)) func anotherSizeIsRefused(file: String) throws {
    let size = try #require(BoxSamples.all.first { $0.file == file }).size
    var others = [
      PixelSize(width: size.height, height: size.width),
      PixelSize(width: size.width, height: size.height / 2),
    ]
    // VIA contains no size; Label Studio's fractions fit every scale, and an XCUITest source or a viewport
    // takes its scale from the picture.
    if file == "via.json" { return }
    if !["xcuitest.xml", "chrome.json", "labelstudio.json"].contains(file) {
      others += [
        PixelSize(width: size.width / 2, height: size.height / 2),
        PixelSize(width: size.width * 2, height: size.height * 2),
      ]
    }
    for other in others {
      #expect(throws: SidecarIssue.self, "\(other)") { try BoxSamples.read(file, size: other) }
    }
  }

  /// A file that was cut off is refused at every byte, or (if rows are independent) at every one except the
  /// end of a row.
  @Test(arguments: BoxSamples.all.map(\.file)) func truncatedFilesAreRefused(file: String) throws {
    let sample = try #require(BoxSamples.all.first { $0.file == file })
    let bytes = try BoxSamples.bytes(file)
    let request = SidecarRequest(image: sample.image, stored: sample.size, displayed: sample.size)
    let ending = "." + file.split(separator: ".").last!
    let whole = try Sidecar.read(bytes, ending: ending, request: request).get().tree.widgets.count
    for count in stride(from: 0, to: bytes.count, by: bytes.count > 1500 ? 13 : 1) {
      guard
        case .success(let sidecar) = Sidecar.read(Array(bytes[..<count]), ending: ending, request: request)
      else { continue }
      if file.hasSuffix(".tsv") {
        // Within the last column, or at the end of a line.
        #expect(!sidecar.tree.widgets.isEmpty || count < 200)
      } else {
        #expect(sidecar.tree.widgets.count == whole, "\(count) of \(bytes.count) bytes")
      }
    }
  }

  /// Damaged bytes are refused or read, and never end the process.
  @Test(arguments: BoxSamples.all.map(\.file)) func damageIsNoTrap(file: String) throws {
    let sample = try #require(BoxSamples.all.first { $0.file == file })
    let bytes = try BoxSamples.bytes(file)
    let request = SidecarRequest(image: sample.image, stored: sample.size, displayed: sample.size)
    let ending = "." + file.split(separator: ".").last!
    var random = SeededGenerator(seed: 4)
    let alphabet = Array("0123456789-[]{}<>\"'&;:,/\t\n \u{0}eEaN".utf8)
    for _ in 0..<300 {
      var damaged = bytes
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let at = Int.random(in: 0..<damaged.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: damaged[at] = alphabet.randomElement(using: &random)!
        case 1: damaged.remove(at: at)
        default: damaged.insert(contentsOf: damaged[at..<min(at + 20, damaged.count)], at: at)
        }
      }
      if case .success(let sidecar) = Sidecar.read(damaged, ending: ending, request: request) {
        #expect(sidecar.tree.rects.allSatisfy { $0.width >= 0 && $0.height >= 0 })
      }
    }
  }

  @Test func depthAndEntitiesHaveLimits() throws {
    let size = PixelSize(width: 10, height: 10)
    let node = #"<node class="a" bounds="[0,0][10,10]">"#
    let deep = { (levels: Int) in
      "<hierarchy>" + String(repeating: node, count: levels) + String(repeating: "</node>", count: levels)
        + "</hierarchy>"
    }
    #expect(try BoxSamples.read(deep(500), ".xml", size).tree.widgets.count == 500)
    #expect(throws: SidecarIssue.self) { try BoxSamples.read(deep(600), ".xml", size) }
    #expect(throws: SidecarIssue.self) { try BoxSamples.read(deep(100_000), ".xml", size) }
    let json = { (levels: Int) in
      #"{"deviceScaleFactor":1,"nodes":[{"role":"a","box":null,"children":["#
        + String(repeating: #"{"role":"a","box":null,"children":["#, count: levels)
        + String(repeating: "]}", count: levels) + "]}]}"
    }
    #expect(try BoxSamples.read(json(200), ".json", size).tree.widgets.count == 201)
    #expect(throws: SidecarIssue.self) { try BoxSamples.read(json(100_000), ".json", size) }
  }

  /// A message gives the location, and contains nothing from the screen.
  @Test func messagesCarryNoText() throws {
    let secret = "hunter2"
    let hierarchy = """
      <hierarchy><node class="android.widget.FrameLayout" bounds="[0,0][10,10]">
      <node class="android.widget.EditText" text="\(secret)" content-desc="\(secret)" bounds="[0,0][\(secret)]"/></node></hierarchy>
      """
    let size = PixelSize(width: 10, height: 10)
    let source = """
      <XCUIElementTypeApplication x="0" y="0" width="10" height="10">
      <XCUIElementTypeButton name="\(secret)" label="\(secret)" value="\(secret)" x="\(secret)" y="0" width="1" height="1"/>
      </XCUIElementTypeApplication>
      """
    for (text, place) in [
      (hierarchy, "element 3 (node) on line 2"), (source, "element 2 (XCUIElementTypeButton) on line 2"),
    ] {
      let fault = #expect(throws: SidecarIssue.self) { try BoxSamples.read(text, ".xml", size) }
      #expect(fault?.description.contains(place) == true && fault?.description.contains(secret) == false)
    }
    let list =
      #"{"deviceScaleFactor":1,"nodes":[{"role":"a","box":null,"children":[{"role":"\#(secret)","name":"\#(secret)","box":{"x":"\#(secret)"}}]}]}"#
    let fault = #expect(throws: SidecarIssue.self) { try BoxSamples.read(list, ".json", size) }
    #expect(fault?.description.contains("node 0. 0, box: x must be a number") == true)
  }

  /// Names of keys may contain anything; a message prints them escaped.
  @Test func keysArePrintedTamed() throws {
    let list = "[{\"a\\u001b[2J\\nb\":1,\"a\\u001b[2J\\nb\":2}]"
    let fault = #expect(throws: SidecarIssue.self) {
      try BoxSamples.read(list, ".json", PixelSize(width: 9, height: 9))
    }
    #expect(fault?.description.contains("a?[2J?b is given twice") == true)
  }
}
