import Foundation
import ScrimCodec
import ScrimImage
import ScrimRedact
import ScrimTestSupport
import Testing

@testable import ScrimCapture

@Suite struct CaptureFolderTests {
  let temporary: TemporaryFolder
  static let white = [Pixel](repeating: 0xFFFFFF, count: 12)

  init() throws { temporary = try TemporaryFolder() }

  /// Reads a whole capture of 4×3 pixels.
  private func read(_ frames: [String], images: [String: [Pixel]] = ["0.png": white]) throws -> [SourceItem] {
    try temporary.writeCapture("capture", width: 4, height: 3, frames: frames, images: images)
    var source = try CaptureFolder(temporary.path + "/capture")
    var items: [SourceItem] = []
    while let item = try source.next() { items.append(item) }
    #expect(items.count == frames.count)
    return items
  }

  private func frame(_ item: SourceItem) throws -> SourceFrame {
    guard case .frame(let frame) = item else {
      throw CaptureIssue(place: "test", message: "the line is lost")
    }
    return frame
  }

  private func widget(_ id: String, x: Int = 1) -> String {
    #"{"id":"\#(id)","role":"label","x":\#(x),"y":1,"w":2,"h":1}"#
  }

  private func line(_ index: Int, _ rest: String, image: String = "0.png") -> String {
    #"{"index":\#(index),"t_ms":\#(index * 100),"image":"\#(image)",\#(rest)}"#
  }

  /// The ids of a frame's widgets.
  private func ids(_ item: SourceItem) throws -> [String?] { try frame(item).tree.get().widgets.map(\.id) }

  @Test func aListMayBeReferredToFromFarBehind() throws {
    var frames = (0..<40).map { line($0, #""widgets":[\#(widget("w\($0)"))]"#) }
    frames += [line(40, #""widgets_of_frame":3"#), line(41, #""widgets_of_frame":39"#)]
    frames += [line(42, #""widgets_of_frame":40"#), line(43, #""widgets_of_frame":3"#)]
    let items = try read(frames)
    for index in 0..<40 { #expect(try ids(items[index]) == ["w\(index)"]) }
    #expect(try [40, 41, 42, 43].map { try ids(items[$0])[0] } == ["w3", "w39", "w3", "w3"])
    let versions = try items.map { try frame($0).treeVersion }
    #expect(zip(versions, versions.dropFirst()).allSatisfy { $0 < $1 })
  }

  @Test func equalTreesHaveEqualVersions() throws {
    let items = try read([
      line(0, #""widgets":[\#(widget("a"))]"#), line(1, #""widgets_of_frame":0"#),
      line(2, #""widgets_of_frame":0"#), line(3, #""widgets":[\#(widget("a"))]"#),
      line(4, #""widgets_of_frame":3,"windows":[]"#),
    ])
    let versions = try items.map { try frame($0).treeVersion }
    #expect(versions[0] == versions[1] && versions[1] == versions[2])
    #expect(Set(versions).count == 3)
  }

  @Test func windowsAreCarriedOver() throws {
    let window = #"{"xid":7,"x":0,"y":1,"w":3,"h":2}"#
    let items = try read([
      line(0, #""widgets":[]"#), line(1, #""widgets":[],"windows":[\#(window)]"#),
      line(2, #""widgets":[\#(widget("a"))]"#), line(3, #""widgets_of_frame":1"#),
      line(4, #""widgets_of_frame":1,"windows":[]"#), line(5, #""widgets":[]"#),
    ])
    #expect(try items.map { try frame($0).tree.get().windows.count } == [0, 1, 1, 1, 0, 0])
  }

  /// The scale belongs to the list: a reference to the list uses its boxes at that scale.
  @Test func theScaleOfBoxesBelongsToTheirList() throws {
    let items = try read([
      line(0, #""box_scale":2,"widgets":[\#(widget("a"))]"#), line(1, #""widgets_of_frame":0"#),
      line(2, #""widgets_of_frame":0,"windows":[]"#), line(3, #""widgets":[\#(widget("b"))]"#),
      line(4, #""widgets_of_frame":0"#), line(5, #""widgets_of_frame":3"#),
      line(6, #""widgets_of_frame":3,"box_scale":1.5"#), line(7, #""widgets_of_frame":6"#),
      line(8, #""widgets_of_frame":2"#),
    ])
    #expect(
      try items.map { try frame($0).tree.get().boxScale } == [2, 2, 2, 1, 2, 1, 1, 1, 2])
    #expect(try frame(items[4]).tree.get().rects == [Rect(x: 2, y: 2, width: 4, height: 2)])
  }

  @Test func aBadLineIsDroppedAndOthersAreRead() throws {
    let good = line(1, #""widgets":[]"#)
    for bad in [
      "{", "[]", "nonsense", #"{"index":0,"image":"0.png","widgets":[]}"#,
      #"{"index":0,"t_ms":0,"widgets":[]}"#, line(0, #""widgets":[],"widgets":[]"#),
      line(0, #""widgets":[],"widgets_of_frame":0"#), line(0, #""widgets":[],"tree_t_ms":5"#),
      line(0, #""widgets":[],"tree_t_ms":5,"tree_end_ms":4"#),
      #"{"index":0,"t_ms":1e13,"image":"0.png","widgets":[]}"#,
    ] {
      let items = try read([bad, good])
      guard case .lost = items[0] else {
        Issue.record("taken: \(bad)")
        continue
      }
      #expect(try frame(items[1]).number == 1)
      #expect(throws: Never.self) { try frame(items[1]).tree.get() }
    }
  }

  /// A lost line may have listed windows: they are unknown until a line lists them again.
  @Test func windowsOfALostLineAreUnknown() throws {
    let items = try read([
      line(0, #""widgets":[],"windows":[]"#), line(1, #""windows":[],"tree_t_ms":5"#),
      line(2, #""widgets":[]"#), line(3, #""widgets":[],"windows":[]"#), line(4, #""widgets":[]"#),
    ])
    guard case .lost = items[1] else {
      Issue.record("half a span is taken")
      return
    }
    #expect(throws: CaptureIssue.self) { try frame(items[2]).tree.get() }
    #expect(throws: Never.self) { try frame(items[3]).tree.get() }
    #expect(throws: Never.self) { try frame(items[4]).tree.get() }
  }

  @Test func badWidgetsAreTheFaultOfTheirFrameAlone() throws {
    for bad in [
      #"{"id":"a","role":"label","x":NaN,"y":1,"w":2,"h":1}"#,
      #"{"id":"a","role":"label","x":1,"y":1,"w":-2,"h":1}"#,
      #"{"id":"a","role":"label","x":1,"y":1,"w":2}"#, widget("a") + "," + widget("a"),
      #"{"id":"a","role":"label","x":1,"y":1,"w":2,"h":1,"parent":"a"}"#,
    ] {
      let items = try read([
        line(0, #""widgets":[\#(widget("w"))]"#), line(1, #""widgets":[\#(bad)]"#),
        line(2, #""widgets_of_frame":0"#),
        line(3, #""widgets_of_frame":1"#), line(4, #""widgets":[]"#),
      ])
      #expect(throws: CaptureIssue.self, "\(bad)") { try frame(items[1]).tree.get() }
      #expect(try ids(items[2]) == ["w"])
      #expect(throws: CaptureIssue.self, "\(bad)") { try frame(items[3]).tree.get() }
      #expect(try ids(items[4]) == [])
      #expect(throws: Never.self) { try frame(items[1]).pixels.get() }
    }
  }

  @Test func listsThatAreNotThereAreFaults() throws {
    let items = try read([
      line(0, #""widgets_of_frame":0"#), line(1, #""widgets_of_frame":7"#), line(2, #""windows":[]"#),
      line(3, #""widgets":[]"#), line(4, #""widgets_of_frame":3"#),
    ])
    for index in 0..<3 { #expect(throws: CaptureIssue.self) { try frame(items[index]).tree.get() } }
    #expect(try ids(items[4]) == [])
  }

  @Test func imagesThatAreNoFrameAreFaults() throws {
    let frames = [
      "good", "wide", "deep", "clear", "none", "text", "good",
    ].enumerated().map { line($0.offset, #""widgets":[]"#, image: "\($0.element).png") }
    let deep = """
      import struct, sys, zlib
      def chunk(kind, data):
          return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
      rows = b''.join(b'\\0' + bytes(range(24)) for _ in range(3))
      open(sys.argv[1], 'wb').write(b'\\x89PNG\\r\\n\\x1a\\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', 4, 3, 16, 2, 0, 0, 0))
                                    + chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b''))
      """
    try temporary.write(
      try PNG.encode([Pixel](repeating: 1, count: 15).span, width: 5, height: 3), to: "capture/wide.png")
    var clear = [Pixel](repeating: 0xFF00_0000, count: 12)
    clear[7] = 0x80FF_FFFF
    try temporary.write(
      try PNG.encode(clear.span, width: 4, height: 3, as: .rgba8), to: "capture/clear.png")
    try temporary.write(Array("no picture".utf8), to: "capture/text.png")
    let python = Process()
    python.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
    python.arguments = ["-c", deep, temporary.path + "/capture/deep.png"]
    try python.run()
    try python.waitUntilExit(seconds: 60)
    let items = try read(frames, images: ["good.png": Self.white])
    for (index, item) in items.enumerated() {
      let isGood = index == 0 || index == 6
      if isGood {
        #expect(throws: Never.self) { try frame(item).pixels.get() }
      } else {
        #expect(throws: CaptureIssue.self, "image \(index)") { try frame(item).pixels.get() }
      }
      #expect(throws: Never.self) { try frame(item).tree.get() }
    }
  }

  /// Samples of 16 bits that are doubled 8-bit values lose nothing, and neither does an opaque alpha
  /// channel.
  @Test func anOpaqueAlphaChannelIsNoFault() throws {
    let pixels = [Pixel](repeating: 0xFF12_3456, count: 12)
    try temporary.write(
      try PNG.encode(pixels.span, width: 4, height: 3, as: .rgba8), to: "capture/alpha.png")
    let items = try read([line(0, #""widgets":[]"#, image: "alpha.png")])
    var row = [Pixel](repeating: 0, count: 4)
    var span = row.mutableSpan
    try frame(items[0]).pixels.get().readRow(0, 0..<4, into: &span)
    #expect(row.allSatisfy { $0 == 0x123456 })
  }

  @Test func descriptionsThatSayNoSizeAreRefused() throws {
    for head in [
      "", "{}", #"{"width":4}"#, #"{"width":0,"height":3}"#, #"{"width":-4,"height":3}"#,
      #"{"width":4.5,"height":3}"#, #"{"width":40000,"height":3}"#, #"{"width":32768,"height":32768}"#,
      #"{"width":4,"height":3,"format":"other/1"}"#,
    ] {
      try temporary.write(Array(head.utf8), to: "c/capture.json")
      try temporary.write([], to: "c/frames.jsonl")
      let error = #expect(throws: CaptureError.self, "\(head)") { try CaptureFolder(temporary.path + "/c") }
      guard case .badInput? = error else {
        Issue.record("\(head): \(String(describing: error))")
        continue
      }
    }
    // Other keys only inform.
    try temporary.write(
      Array(#"{"width":4,"height":3,"fps":"ten","frames":"all"}"#.utf8), to: "c/capture.json")
    #expect(try CaptureFolder(temporary.path + "/c").expectedFrames == nil)
  }

  /// A message names the widget's id, never its content.
  @Test func messagesCarryNoNames() throws {
    let secret = #"{"id":"a","role":"label","name":"SECRET","text":"SECRET","x":1,"y":1,"w":-2,"h":1}"#
    let items = try read([line(0, #""widgets":[\#(secret)]"#), line(1, #""widgets":[],"SECRET":1"#)])
    let fault = #expect(throws: CaptureIssue.self) { try frame(items[0]).tree.get() }
    #expect(fault.map { !"\($0)".contains("SECRET") && "\($0)".contains("a") } ?? false)
  }
}
