import ScrimImage
import ScrimRedact
import ScrimTestSupport
import Testing

struct WidgetTreeTests {
  private func fault(_ json: String) -> String {
    do {
      _ = try WidgetTree(json: Array(json.utf8))
      return "no error"
    } catch {
      return error.description
    }
  }

  private func widgetFault(_ fields: String) -> String {
    fault(#"{"widgets":[{"id":"ok","role":"label","x":0,"y":0,"w":1,"h":1},{"id":"app:7",\#(fields)}]}"#)
  }

  @Test(arguments: [
    (#""role":"label","x":NaN,"y":0,"w":1,"h":1"#, "x is NaN or infinite"),
    (#""role":"label","x":0,"y":-Infinity,"w":1,"h":1"#, "y is NaN or infinite"),
    (#""role":"label","x":0,"y":0,"w":1e999,"h":1"#, "w is NaN or infinite"),
    (#""role":"label","x":0,"y":0,"w":1,"h":1,"note":{"a":[NaN]}"#, "note is NaN or infinite"),
    (#""role":"label","x":0,"y":0,"w":-1,"h":1"#, "w is negative"),
    (#""role":"label","x":0,"y":0,"w":1,"height":-0.5"#, "h is negative"),
    (#""role":"label","x":1e308,"y":0,"w":1,"h":1"#, "x is larger than any screen"),
    (#""role":"label","x":0,"y":0,"w":1,"h":3000000000"#, "h is larger than any screen"),
    (#""role":"label","y":0,"w":1,"h":1"#, "x is missing"),
    (#""role":"label","x":null,"y":0,"w":1,"h":1"#, "x is missing"),
    (#""role":"label","x":0,"y":0,"h":1"#, "w is missing"),
    (#""x":0,"y":0,"w":1,"h":1"#, "role is missing"),
    (#""role":"label","x":"0","y":0,"w":1,"h":1"#, "x must be a number"),
    (#""role":"label","x":true,"y":0,"w":1,"h":1"#, "x must be a number"),
    (#""role":7,"x":0,"y":0,"w":1,"h":1"#, "role must be a string"),
    (#""role":"label","name":7,"x":0,"y":0,"w":1,"h":1"#, "name must be a string"),
    (#""role":"label","text":{},"x":0,"y":0,"w":1,"h":1"#, "text must be a string"),
    (#""role":"label","parent":1,"x":0,"y":0,"w":1,"h":1"#, "parent must be a string"),
    (#""role":"label","mask":"yes","x":0,"y":0,"w":1,"h":1"#, "mask must be true or false"),
    (#""role":"label","states":"focused","x":0,"y":0,"w":1,"h":1"#, "states must be a list of strings"),
    (#""role":"label","states":[1],"x":0,"y":0,"w":1,"h":1"#, "states must be a list of strings"),
    (#""role":"label","x":0,"y":0,"w":1,"width":2,"h":1"#, "w and width contradict each other"),
    (#""role":"label","x":0,"x":5,"y":0,"w":1,"h":1"#, "x is given twice"),
    (#""role":"label","x":0,"y":0,"w":1,"h":1,"children":{}"#, "children must be a list"),
  ])
  func everyFaultNamesTheWidget(_ fields: String, _ problem: String) {
    let message = widgetFault(fields)
    #expect(message.contains(problem), "\(message)")
    #expect(message.hasPrefix("widget \"app:7\" (number 1 of its list)"), "\(message)")
  }

  @Test func faultsOfTheWholeTree() {
    let box = #""role":"label","x":0,"y":0,"w":1,"h":1"#
    #expect(
      fault(#"{"widgets":[{\#(box)},{"id":"a",\#(box)},{"id":"a",\#(box)}]}"#).contains("\"a\" (number 2"))
    #expect(
      fault(
        #"{"widgets":[{"id":"r",\#(box)},{"id":"a","parent":"b",\#(box)},{"id":"b","parent":"a",\#(box)}]}"#
      )
      .contains("widget \"a\" (number 1 of its list): it is its own ancestor"))
    #expect(fault(#"{"widgets":[{"id":"a","parent":"a",\#(box)}]}"#).contains("its own ancestor"))
    #expect(fault(#"{"widgets":[7]}"#).contains("number 0 of its list (it has no id): it must be an object"))
    #expect(fault(#"{"widgets":[{"x":NaN}]}"#).contains("number 0"))
    #expect(fault(#"{"widgets":{}}"#).contains("widgets must be a list"))
    #expect(fault(#"{}"#).contains("widgets is missing"))
    #expect(fault("[]").contains("must be an object"))
    #expect(fault(#"{"widgets":[],"box_scale":0}"#).contains("box_scale must be"))
    #expect(fault(#"{"widgets":[],"box_scale":NaN}"#).contains("box_scale is NaN"))
    #expect(fault(#"{"widgets":[],"box_scale":1e-30}"#).contains("box_scale must be"))
    #expect(fault(#"{"widgets":[],"zoom":NaN}"#).contains("zoom is NaN"))
    #expect(fault(#"{"widgets":["#).contains("not JSON at byte 12"))
    #expect(fault(#"{"widgets":[]} x"#).contains("not JSON"))
    #expect(
      fault(#"{"widgets":[{"id":"p",\#(box),"children":[{"id":"c","parent":"q",\#(box)}]}]}"#)
        .contains("widget \"c\" (number 1 of its list): parent and the widget around it contradict"))
    #expect(fault(#"{"widgets":[],"windows":[{"xid":5,"x":0,"y":0,"w":-1,"h":2}]}"#).contains("window 5"))
    #expect(
      fault(#"{"widgets":[],"windows":[{"xid":5,"x":0,"y":0,"w":1,"h":2,"frame_extents":[1,2,3]}]}"#)
        .contains("window 5 (number 0 of its list): frame_extents must be four whole numbers"))
    #expect(
      fault(#"{"widgets":[],"windows":[{"x":0,"y":0,"w":1,"h":2,"frame_extents":[1,2,-3,4]}]}"#)
        .contains("window number 0 of its list: frame_extents is negative"))
  }

  @Test func messagesHoldNoNameAndNoText() {
    let message = widgetFault(
      #""role":"label","name":"IBAN DE89","text":"4012 8888","x":NaN,"y":0,"w":1,"h":1"#)
    #expect(!message.contains("DE89") && !message.contains("4012"))
    let hostile = fault("{\"widgets\":[{\"id\":\"a\\u001b[31m\(String(repeating: "x", count: 500))\"}]}")
    #expect(!hostile.contains("\u{1B}") && hostile.count < 250)
  }

  @Test func flatAndNestedAreTheSameTree() throws {
    let flat = try WidgetTree(
      json: Array(
        #"""
        {"box_scale":1.5,"widgets":[{"id":"c","role":"label","parent":"b","x":1,"y":1,"w":1.2,"h":3},
        {"id":"a","role":"frame","x":-0.5,"y":0,"width":10,"height":10,"states":null,"mask":null,"z":{}},
        {"id":"b","role":"panel","parent":"a","x":0,"y":0,"w":5,"h":0},
        {"id":"d","role":"panel","parent":"gone","x":0,"y":0,"w":5,"h":5}]}
        """#.utf8))
    #expect(flat.rects[0] == Rect(minX: 1, minY: 1, maxX: 4, maxY: 6))
    #expect(flat.rects[1] == Rect(minX: -1, minY: 0, maxX: 15, maxY: 15))
    #expect(flat.rects[2].isEmpty)
    #expect((0..<4).map { flat.parent(of: $0) } == [2, nil, 1, nil])
    #expect((0..<4).map { flat.hasChildren($0) } == [false, true, true, false])
    let nested = try WidgetTree(
      json: Array(
        #"""
        {"box_scale":1.5,"widgets":[{"id":"a","role":"frame","x":-0.5,"y":0,"w":10,"width":10,"h":10,"children":[
        {"role":"panel","parent":"a","x":0,"y":0,"w":5,"h":0,"children":[{"role":"label","x":1,"y":1,"w":1.2,"h":3}]}]},
        {"role":"panel","x":0,"y":0,"w":5,"h":5,"children":null}]}
        """#.utf8))
    #expect((0..<4).map { nested.parent(of: $0) } == [nil, 0, 1, nil])
    #expect(nested.rects == [flat.rects[1], flat.rects[2], flat.rects[0], flat.rects[3]])
  }

  /// A size that a sum of doubles loses takes a pixel; a size of zero takes none.
  @Test(arguments: [
    ("1e-20", 101), ("1e-400", 101), ("5e-324", 101), ("0." + String(repeating: "0", count: 400) + "1", 101),
    ("0", 100), ("0.0", 100), ("0e5", 100),
  ])
  func theSmallestSizeTakesAPixel(size: String, end: Int) throws {
    let tree = try WidgetTree(
      json: Array(
        #"{"widgets":[{"role":"label","x":100,"y":100,"w":\#(size),"h":9},{"role":"label","x":1,"y":100,"w":9,"h":\#(size)}]}"#
          .utf8))
    #expect(tree.rects[0].maxX == end)
    #expect(tree.rects[1].maxY == end)
  }

  @Test func windows() throws {
    let tree = try WidgetTree(
      json: Array(
        #"""
        {"box_scale":2,"widgets":[],"windows":[{"xid":9,"title":"Ledger","class":"Zenity","pid":1,"x":421,"y":262,
        "w":320,"h":227,"frame_extents":[1,2,22,5],"gtk_frame_extents":[3,4,5,6],"managed":false}]}
        """#.utf8))
    let extents = Window.Extents(left: 1, right: 2, top: 22, bottom: 5)
    let shadow = Window.Extents(left: 3, right: 4, top: 5, bottom: 6)
    let expected = Window(
      xid: 9, x: 421, y: 262, width: 320, height: 227, frameExtents: extents, shadowExtents: shadow,
      isManaged: false)
    #expect(tree.windows == [expected])
    #expect(tree.windowRects == [Rect(x: 421, y: 262, width: 320, height: 227)])
  }

  @Test func naturesAreCorrected() {
    func nature(_ role: String, _ states: [String] = [], _ text: String? = nil) -> Nature {
      Widget(role: role, x: 0, y: 0, width: 1, height: 1, states: states, text: text).nature
    }
    #expect(nature("entry", ["Password"]) == .password)
    #expect(nature("sparkle", ["PROTECTED"]) == .password)
    #expect(nature("text", ["editable"]) == .input)
    #expect(nature("text") == .text)
    #expect(nature("section", [], "word") == .text)
    #expect(nature("section", [], " \n\u{A0}\u{FFFC}") == .container)
    #expect(nature("section", ["editable"], "word") == .input)
    #expect(nature("section", ["editable"]) == .container)
    #expect(nature("slider", [], "50 %") == .text)
    #expect(nature("canvas", [], "word") == .text)
    #expect(nature("canvas", [], "") == .image)
    #expect(nature("sparkle", [], "word") == .text)
    #expect(nature("password text", ["editable"], "dots") == .password)
    #expect(nature("combo box", [], "choice") == .input)
  }

  @Test func hostileInputIsRefusedNotDied() throws {
    let open = String(repeating: #"{"role":"panel","x":0,"y":0,"w":1,"h":1,"children":["#, count: 100_000)
    #expect(fault(#"{"widgets":["# + open).contains("nested deeper than"))
    #expect(fault(String(repeating: "[", count: 1_000_000)).contains("nested deeper than"))
    let deep = 200
    let nested =
      #"{"widgets":["#
      + String(repeating: #"{"role":"panel","x":0,"y":0,"w":1,"h":1,"children":["#, count: deep)
      + String(repeating: "]}", count: deep) + "]}"
    #expect(try WidgetTree(json: Array(nested.utf8)).widgets.count == deep)
    var chain = (0..<200_000).map { index in
      Widget(id: "\(index)", role: "panel", x: 0, y: 0, width: 9, height: 9, parent: .id("\(index + 1)"))
    }
    #expect(try WidgetTree(widgets: chain).hasChildren(5))
    chain[chain.count - 1].parent = .id("0")
    #expect(throws: WidgetError.self) { try WidgetTree(widgets: chain) }
    let orphan = Widget(role: "panel", x: 0, y: 0, width: 9, height: 9, parent: .index(7))
    #expect(throws: WidgetError.self) { try WidgetTree(widgets: [orphan]) }
    let many = [Widget](repeating: Widget(role: "x", x: 0, y: 0, width: 0, height: 0), count: 1 << 20 + 1)
    #expect(throws: WidgetError(.tree, .tooMany("widgets", limit: 1 << 20))) { try WidgetTree(widgets: many) }
  }

  /// Every mutation of a document is a tree or an error, never a trap.
  @Test func mutatedBytes() {
    let document = Array(
      #"{"box_scale":1.5,"widgets":[{"id":"\u00e4\ud83d\ude00","role":"frame","x":-1.5e2,"y":0,"w":10,"h":10,"states":["a"],"children":[{"role":"label","x":1,"y":1,"w":1,"h":3,"mask":true}]}],"windows":[{"xid":1,"x":1,"y":2,"w":3,"h":4,"frame_extents":[1,2,3,4]}]}"#
        .utf8)
    var generator = SeededGenerator(seed: 1)
    var good = 0
    for _ in 0..<5000 {
      var bytes = document
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        let at = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: bytes[at] = UInt8.random(in: 0...255, using: &generator)
        case 1: bytes.remove(at: at)
        default:
          bytes.insert(Array("0123456789eE-.,:{}[]\"NaI".utf8).randomElement(using: &generator) ?? 0, at: at)
        }
      }
      if let tree = try? WidgetTree(json: bytes) {
        good += 1
        _ = MaskPlanner(policy: MaskPolicy())
          .plan(for: tree, width: 40, height: 30, describesWholeWindows: true)
      }
    }
    #expect(good > 250)
  }
}

/// Ids are bytes: Swift's `==` treats canonically equivalent strings as equal.
@Suite struct WidgetIDTests {
  @Test(arguments: [
    ("\u{E9}", "e\u{301}"), ("\u{C5}", "\u{212B}"), ("\u{AC00}", "\u{1100}\u{1161}"), ("K", "\u{212A}"),
    ("a\u{323}\u{307}", "a\u{307}\u{323}"),
  ])
  func spellingsOfOneLetterAreTwoIDs(one: String, other: String) throws {
    #expect(one == other)
    let text = """
      {"widgets":[{"id":"\(one)","role":"panel","x":0,"y":0,"w":9,"h":9},{"id":"\(other)","role":"panel","x":9,"y":0,"w":9,"h":9},
      {"role":"label","parent":"\(other)","x":0,"y":0,"w":1,"h":1},{"role":"label","parent":"\(one)","x":0,"y":0,"w":1,"h":1}]}
      """
    let tree = try WidgetTree(json: Array(text.utf8))
    #expect(tree.parent(of: 2) == 1 && tree.parent(of: 3) == 0)
    let nested = """
      {"widgets":[{"id":"\(one)","role":"panel","x":0,"y":0,"w":9,"h":9,
      "children":[{"parent":"\(other)","role":"label","x":0,"y":0,"w":1,"h":1}]}]}
      """
    #expect(throws: WidgetError.self) { try WidgetTree(json: Array(nested.utf8)) }
    let repeated = text.replacing(other, with: one)
    #expect(throws: WidgetError.self) { try WidgetTree(json: Array(repeated.utf8)) }
  }
}
