import Foundation
import ScrimCapture
import ScrimImage
import ScrimRedact
import Testing

/// The boxes of a capture's lines, and of lines that refer to others.
struct WidgetListsTests {
  private func rects(_ lines: [String]) throws -> [[Rect]?] {
    let folder = FileManager.default.temporaryDirectory.appending(path: "scrim-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data(#"{"width":100,"height":80,"box_scale":3}"#.utf8).write(
      to: folder.appending(path: "capture.json"))
    let numbered = lines.enumerated().map {
      #"{"index":\#($0),"t_ms":\#($0),"image":"none.png",\#($1)}"#
    }
    try Data(numbered.joined(separator: "\n").utf8).write(to: folder.appending(path: "frames.jsonl"))
    var capture = try CaptureFolder(folder.path)
    var rects: [[Rect]?] = []
    while let item = try capture.next() {
      guard case .frame(let frame) = item else { continue }
      rects.append(try? frame.tree.get().rects)
    }
    return rects
  }

  private static let label = #""widgets":[{"role":"label","x":5,"y":6,"w":7,"h":8}]"#

  @Test func boxScaleStaysWithItsWidgets() throws {
    let doubled = [Rect(minX: 10, minY: 12, maxX: 24, maxY: 28)]
    let plain = [Rect(minX: 5, minY: 6, maxX: 12, maxY: 14)]
    let found = try rects([
      Self.label + #","box_scale":2"#, #""widgets_of_frame":0"#, #""widgets_of_frame":0,"windows":[]"#,
      #""widgets_of_frame":0,"box_scale":1,"windows":[]"#, Self.label, #""widgets_of_frame":3"#,
      #""widgets_of_frame":4,"box_scale":2,"windows":[]"#,
    ])
    #expect(found == [doubled, doubled, doubled, doubled, plain, doubled, plain])
  }

  @Test func referencesLeadToAnEarlierList() throws {
    let found = try rects([
      #""widgets_of_frame":0"#, Self.label, #""widgets_of_frame":1"#, #""widgets_of_frame":2"#,
      #""widgets_of_frame":9"#, #""widgets_of_frame":0"#, #""windows":[]"#,
    ])
    #expect(found.map { $0?.count } == [nil, 1, 1, 1, nil, nil, nil])
  }
}
