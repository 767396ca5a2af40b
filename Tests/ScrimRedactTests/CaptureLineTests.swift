import ScrimRedact
import Testing

struct CaptureLineTests {
  private func line(_ json: String) throws(CaptureLineError) -> CaptureLine {
    try CaptureLine(json: Array(json.utf8), line: 12)
  }

  private static let label = #"{"id":"a","role":"label","x":0,"y":0,"w":1,"h":1}"#

  @Test func everyKey() throws {
    let line = try line(
      #"""
      {"index":3,"t_ms":549.1,"tree_t_ms":548.1,"tree_end_ms":631.1,"image":"frames/0000.png","windows":[],"torn":true,
      "widgets":[\#(Self.label)],"tree_errors":0,"tree_complete":true,"box_scale":2}
      """#)
    #expect(line.index == 3 && line.image == "frames/0000.png" && line.tree.timeMs == 549.1)
    #expect(line.tree.readingMs == 548.1...631.1 && line.tree.boxScale == 2 && !line.tree.isIncomplete)
    #expect(try line.tree.widgets?.get().map(\.id) == ["a"])
    #expect(try line.tree.windows?.get().isEmpty == true)
    #expect(line.tree.widgetsOfFrame == nil)
  }

  @Test func shortLines() throws {
    let line = try line(#"{"index":4,"t_ms":7,"image":"x.png","widgets_of_frame":3,"tree_errors":2}"#)
    #expect(line.tree.widgets == nil && line.tree.windows == nil && line.tree.readingMs == nil)
    #expect(line.tree.widgetsOfFrame == 3 && line.tree.isIncomplete && line.tree.boxScale == nil)
    #expect(try self.line(#"{"index":4,"t_ms":7,"image":"x","tree_complete":false}"#).tree.isIncomplete)
    let reading = try TreeLine(json: Array(#"{"t_ms":7,"widgets":[]}"#.utf8), line: 1)
    #expect(try reading.timeMs == 7 && reading.widgets?.get() == [])
  }

  @Test func aBadListFailsAlone() throws {
    let line = try line(
      #"""
      {"index":3,"t_ms":5,"image":"a.png","windows":[{"xid":8,"x":0,"y":0,"w":true,"h":1}],
      "widgets":[\#(Self.label),{"id":"app:9","role":"label","x":NaN,"y":0,"w":1,"h":1}]}
      """#)
    #expect(line.index == 3 && line.tree.timeMs == 5 && line.image == "a.png")
    #expect(throws: WidgetError(.widget(id: "app:9", index: 1), .notFinite("x"))) {
      try line.tree.widgets?.get()
    }
    #expect(throws: WidgetError(.window(xid: 8, index: 0), .wrongType("w", expected: "a number"))) {
      try line.tree.windows?.get()
    }
  }

  @Test(arguments: [
    ("{", "line 12: not JSON"), ("[]", "line 12: it must be an object"),
    (#"{"t_ms":1,"image":"a"}"#, "index is missing"),
    (#"{"index":-1,"t_ms":1,"image":"a"}"#, "index must not be negative"),
    (#"{"index":1.5,"t_ms":1,"image":"a"}"#, "index must be a whole number"),
    (#"{"index":1e300,"t_ms":1,"image":"a"}"#, "index must be a whole number"),
    (#"{"index":1,"image":"a"}"#, "t_ms is missing"), (#"{"index":1,"t_ms":NaN,"image":"a"}"#, "t_ms is NaN"),
    (#"{"index":1,"t_ms":1e300,"image":"a"}"#, "t_ms is not a valid time"),
    (#"{"index":1,"t_ms":1}"#, "image is missing"),
    (#"{"index":1,"t_ms":1,"image":7}"#, "image must be a string"),
    (#"{"index":1,"t_ms":1,"image":"a","tree_t_ms":1}"#, "go together"),
    (#"{"index":1,"t_ms":1,"image":"a","tree_t_ms":2,"tree_end_ms":1}"#, "tree_end_ms is before"),
    (#"{"index":1,"t_ms":1,"image":"a","widgets":[],"widgets_of_frame":0}"#, "contradict"),
    (#"{"index":1,"t_ms":1,"image":"a","index":2}"#, "index is given twice"),
    (#"{"index":1,"t_ms":1,"image":"a","x":NaN}"#, "x is NaN"),
    (#"{"index":1,"t_ms":1,"image":"a","tree_complete":1}"#, "tree_complete must be true or false"),
  ])
  func faultsOfTheLine(_ json: String, _ problem: String) {
    do {
      _ = try line(json)
      Issue.record("no error")
    } catch {
      #expect(error.description.contains(problem), "\(error)")
    }
  }
}
