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
