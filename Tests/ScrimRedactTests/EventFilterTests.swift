import ScrimImage
import Testing

@testable import ScrimRedact

struct EventFilterTests {
  /// The focus is where keys reveal nothing.
  private static let focused = try! WidgetTree(widgets: [
    Widget(role: "entry", x: -900, y: -900, width: 1, height: 1, states: ["focused"])
  ])

  private static func sanitized(
    _ json: String, policy: MaskPolicy = MaskPolicy(), tree: WidgetTree? = focused
  ) throws(EventError) -> String? {
    let event = try Event(json: Array(json.utf8), line: 4)
    return EventFilter(policy: policy).kept(event, in: tree)
      .map { String(decoding: $0.canonicalJSON, as: UTF8.self) }
  }

  @Test(arguments: [
    (#"{"t_ms":1.5,"type":"move","x":633,"y":400}"#, #"{"type":"move","x":633,"y":400}"#),
    (#"{"t_ms":1,"type":"move","x":-3.5,"y":4.9,"target":"iban"}"#, #"{"type":"move","x":-4,"y":4}"#),
    (#"{"t_ms":1,"type":"move","x":1}"#, #"{"type":"move"}"#),
    (#"{"t_ms":1,"type":"move","x":1e300,"y":4}"#, #"{"type":"move"}"#),
    (#"{"t_ms":1,"type":"button","button":1,"x":3,"y":4}"#, #"{"button":1,"type":"button","x":3,"y":4}"#),
    (#"{"t_ms":1,"type":"button-up","button":"1","x":3,"y":4}"#, #"{"type":"button-up","x":3,"y":4}"#),
    (#"{"t_ms":1,"type":"button-down","button":1.5}"#, #"{"type":"button-down"}"#),
    (
      #"{"t_ms":1,"type":"wheel","dx":0,"dy":-1.5,"button":5}"#,
      #"{"button":5,"dx":0,"dy":-1.5,"type":"wheel"}"#
    ),
    (#"{"t_ms":1,"type":"key","key":"Return","x":3,"y":4}"#, #"{"type":"key"}"#),
    (#"{"t_ms":1,"type":"char","char":"s"}"#, #"{"type":"key"}"#),
    (
      #"{"t_ms":1,"type":"log","level":"warn","message":"a \"b\" \u0001","stack":"x"}"#,
      #"{"level":"warn","message":"a \"b\" \u0001","type":"log"}"#
    ),
    (#"{"t_ms":1,"type":"log","level":"a b","message":7}"#, #"{"type":"log"}"#),
    (
      #"{"t_ms":1,"type":"network","method":"GET","url":"https://ann:pw@shop.example:8443/a;s=1/b?card=4012#x","status":200,"duration_ms":1.25,"body":"x"}"#,
      #"{"duration_ms":1.25,"method":"GET","status":200,"type":"network","url":"https://shop.example:8443/a/b"}"#
    ),
    (
      #"{"t_ms":1,"type":"error","message":"m","name":"TypeError","type2":1}"#,
      #"{"message":"m","name":"TypeError","type":"error"}"#
    ),
    (
      #"{"t_ms":1,"type":"navigation","url":"/a?b","name":"Pay"}"#,
      #"{"name":"Pay","type":"navigation","url":"/a"}"#
    ),
    (#"{"t_ms":1,"type":"clipboard","text":"4012"}"#, nil),
    (
      #"{"t_ms":1,"type":"touch-down","id":3,"x":3,"y":4,"role":"x"}"#,
      #"{"id":3,"type":"touch-down","x":3,"y":4}"#
    ),
    (#"{"t_ms":1,"type":"touch-up","id":-1}"#, #"{"type":"touch-up"}"#),
    (
      #"{"t_ms":1,"type":"span","name":"GET /cart","op":"http.client","start_ms":5,"duration_ms":2,"trace_id":"0123456789ABCDEF0123456789abcdef","span_id":"0123456789abcdef"}"#,
      #"{"duration_ms":2,"name":"GET /cart","op":"http.client","span_id":"0123456789abcdef","start_ms":5,"trace_id":"0123456789abcdef0123456789abcdef","type":"span"}"#
    ),
    (#"{"t_ms":1,"type":"span","trace_id":"xyz","span_id":"0123456789abcdeé"}"#, #"{"type":"span"}"#),
    (
      #"{"t_ms":1,"type":"test","name":"a [b]","phase":"failed","message":"for ann@example.org"}"#,
      #"{"message":"for [mail]","name":"a [b]","phase":"failed","type":"test"}"#
    ),
    (#"{"t_ms":1,"type":"test","phase":"maybe"}"#, #"{"type":"test"}"#),
    (
      #"{"t_ms":1,"type":"mark","name":"paid","data":{"n":4111111111111111,"ok":true,"who":"ann@example.org","pin":1234,"deep":{"a":1}}}"#,
      #"{"data":{"n":"[card]","ok":true,"pin":"[secret]","who":"[mail]"},"name":"paid","type":"mark"}"#
    ),
    (
      #"{"t_ms":1,"type":"error","id":"e-1","handled":false,"data":{"a":1}}"#,
      #"{"data":{"a":1},"handled":false,"id":"e-1","type":"error"}"#
    ),
    (
      #"{"t_ms":1,"type":"network","url":"https://api.example/x","request_bytes":4,"response_bytes":9,"request_headers":{"Accept":"a"},"response_body":"b"}"#,
      #"{"request_bytes":4,"response_bytes":9,"type":"network","url":"https://api.example/x"}"#
    ),
  ])
  func keepsOnlyKnownMembers(_ event: String, _ kept: String?) throws {
    #expect(try Self.sanitized(event) == kept)
  }

  @Test(arguments: [
    ("https://u:p@h/x", "https://h/x"), ("https://u:p@h", "https://h"),
    ("https://a@b@h/x@y", "https://h/x@y"),
    ("//u:p@h/x", "//h/x"), ("https://h?q=/x@y", "https://h"), ("data:text/plain,secret", "data:"),
    ("mailto:ann@example.org", "mailto:"), ("javascript:alert(1)", "javascript:"), ("https:u:p@h/", "https:"),
    ("relative/path?x", "relative/path"), ("#frag", ""), ("u:p@h/x", "u:"), (":p@h", nil), ("ü:p@h/x", nil),
    (" https://u:p@h/", nil), ("ht\ntps://u:p@h/", nil), ("https:\\\\u:p@h\\", nil),
    ("http://u:p@\u{301}h/x", "http://\u{301}h/x"),
    ("https://[::1]:80/x", "https://[::1]:80/x"),
  ])
  func addresses(_ url: String, _ kept: String?) throws {
    var escaped = ""
    for scalar in url.unicodeScalars {
      escaped += scalar == "\n" ? "\\n" : scalar == "\\" ? "\\\\" : String(scalar)
    }
    let expected = kept.map { #"{"type":"navigation","url":"\#($0)"}"# } ?? #"{"type":"navigation"}"#
    #expect(try Self.sanitized(#"{"t_ms":1,"type":"navigation","url":"\#(escaped)"}"#) == expected)
  }

  @Test func longMessagesAreCutAtACharacter() throws {
    let long = String(repeating: "é", count: 5000)
    let event = try #require(try Self.sanitized(#"{"t_ms":1,"type":"log","message":"x\#(long)"}"#))
    #expect(event == #"{"message":"x\#(String(repeating: "é", count: 2047))","type":"log"}"#)
  }

  @Test func positionsInsideHiddenWidgets() throws {
    let tree = try WidgetTree(widgets: [
      Widget(id: "p", role: "password text", x: 10, y: 10, width: 41, height: 20),
      Widget(id: "e", role: "entry", x: 10, y: 40, width: 40, height: 20, states: ["protected"]),
      Widget(id: "k", role: "keyboard", x: 100, y: 100, width: 60, height: 60),
      Widget(id: "b", role: "push button", x: 110, y: 110, width: 10, height: 10, parent: .id("k")),
    ])
    func at(_ x: Int, _ y: Int, _ policy: MaskPolicy = MaskPolicy()) throws -> String? {
      try Self.sanitized(#"{"t_ms":1,"type":"move","x":\#(x),"y":\#(y)}"#, policy: policy, tree: tree)
    }
    #expect(try at(12, 12) == #"{"type":"move","x":30,"y":20}"#)
    #expect(try at(50, 29) == #"{"type":"move","x":30,"y":20}"#)
    // The padding counts as inside: boxes are not exact.
    #expect(try at(9, 9) == #"{"type":"move","x":30,"y":20}"#)
    #expect(try at(7, 9) == #"{"type":"move","x":7,"y":9}"#)
    #expect(try at(12, 45) == #"{"type":"move","x":30,"y":50}"#)
    #expect(try at(115, 115) == #"{"type":"move","x":115,"y":115}"#)
    let keypad = try MaskPolicy(json: Array(#"{"hideInteraction":["push button","keyboard"]}"#.utf8))
    #expect(try at(115, 115, keypad) == #"{"type":"move","x":130,"y":130}"#)
    #expect(try at(12, 12, keypad) == #"{"type":"move","x":30,"y":20}"#)
    #expect(
      try Self.sanitized(#"{"t_ms":1,"type":"button","button":1,"x":1,"y":2}"#, tree: nil)
        == #"{"button":1,"type":"button"}"#)
  }

  @Test func furtherTypes() throws {
    let policy = try MaskPolicy(json: Array(#"{"events":["tap","key"]}"#.utf8))
    #expect(
      try Self.sanitized(#"{"t_ms":1,"type":"tap","x":1,"y":2,"text":"a"}"#, policy: policy)
        == #"{"type":"tap","x":1,"y":2}"#)
    #expect(try Self.sanitized(#"{"t_ms":1,"type":"key","x":1,"y":2}"#, policy: policy) == #"{"type":"key"}"#)
    #expect(try Self.sanitized(#"{"t_ms":1,"type":"swipe","x":1,"y":2}"#, policy: policy) == nil)
  }

  @Test(arguments: [
    "", "7", "{\"t_ms\":1}", #"{"t_ms":"1","type":"key"}"#, #"{"type":"key"}"#, #"{"t_ms":1,"type":7}"#,
    #"{"t_ms":NaN,"type":"key"}"#, #"{"t_ms":1e300,"type":"key"}"#, #"{"t_ms":1,"t_ms":2,"type":"key"}"#,
    #"{"t_ms":1,"type":""}"#,
  ])
  func malformed(_ json: String) {
    do {
      _ = try Self.sanitized(json)
      Issue.record("no error")
    } catch {
      #expect(error.description.hasPrefix("line 4: "))
    }
  }

  @Test func timeIsKeptApart() throws {
    let filter = EventFilter(policy: MaskPolicy())
    let event = try Event(json: Array(#"{"t_ms":858.3,"type":"char","char":"x"}"#.utf8), line: 1)
    #expect(filter.kept(event, in: Self.focused) == Event("key", time: 858_300_000))
  }

  /// Keys leave nothing unless the focus is known to be where their number and rhythm reveal nothing.
  @Test func keysBesideAPassword() throws {
    func widget(_ id: String, _ role: String, _ states: [String] = [], in parent: String? = nil) -> Widget {
      Widget(
        id: id, role: role, x: 0, y: 0, width: 9, height: 9, parent: parent.map { .id($0) }, states: states)
    }
    func leavesOne(_ widgets: [Widget], hiding: String = "password text") throws -> Bool {
      let policy = try MaskPolicy(json: Array(#"{"hideInteraction":["\#(hiding)"]}"#.utf8))
      return try Self.sanitized(
        #"{"t_ms":1,"type":"key"}"#, policy: policy, tree: try WidgetTree(widgets: widgets)) != nil
    }
    #expect(try leavesOne([widget("e", "entry", ["focused"])]))
    #expect(try !leavesOne([widget("e", "password text", ["focused"])]))
    #expect(
      try !leavesOne([widget("k", "panel"), widget("e", "entry", ["focused"], in: "k")], hiding: "panel"))
    // The focus is at a place that the boxes don't show.
    #expect(try !leavesOne([widget("e", "entry", ["focusable"])]))
    // The boxes contain no focus information at all.
    #expect(try leavesOne([widget("e", "entry")]))
    #expect(try !leavesOne([widget("e", "entry"), widget("p", "password text")]))
    #expect(try !leavesOne([]))
    #expect(try Self.sanitized(#"{"t_ms":1,"type":"key"}"#, tree: nil) == nil)
  }

  @Test func detailsOfRequestsByAddress() throws {
    let policy = try MaskPolicy(
      json: Array(
        #"{"network":{"allow":["https://api.example/*"],"deny":["*/login"],"headers":["X-Request-Id","Cookie","X-Token"]}}"#
          .utf8))
    func kept(_ url: String) throws -> String? {
      try Self.sanitized(
        #"{"t_ms":1,"type":"network","url":"\#(url)","request_headers":{"Content-Type":"a","Cookie":"b","Authorization":"c","x-request-id":"d","X-Token":"e","Host":"f"},"response_body":"{\"password\":\"x\",\"a\":1}"}"#,
        policy: policy)
    }
    #expect(
      try kept("https://api.example/a?b=c")
        == #"{"request_headers":{"content-type":"a","x-request-id":"d"},"response_body":"{\"a\":1,\"password\":\"[secret]\"}","type":"network","url":"https://api.example/a"}"#
    )
    #expect(try kept("https://api.example/login") == #"{"type":"network","url":"https://api.example/login"}"#)
    #expect(try kept("https://other.example/a") == #"{"type":"network","url":"https://other.example/a"}"#)
    #expect(try MaskPolicy(json: policy.canonicalJSON) == policy)
  }

  /// The role of the pressed widget, unless it is masked or hides interaction.
  @Test func rolesOfPresses() throws {
    let tree = try WidgetTree(widgets: [
      Widget(id: "w", role: "frame", x: 0, y: 0, width: 100, height: 100),
      Widget(id: "b", role: "push button", x: 10, y: 10, width: 20, height: 20, parent: .id("w")),
      Widget(id: "p", role: "password text", x: 50, y: 10, width: 20, height: 20, parent: .id("w")),
    ])
    let filter = EventFilter(policy: MaskPolicy())
    func role(_ x: Double, _ y: Double, masked: Region) -> String? {
      var press = Event("button", time: 0)
      (press.x, press.y) = (x, y)
      return filter.judge(press, in: tree, masked: masked).event?.role
    }
    #expect(role(15, 15, masked: Region()) == "push button")
    #expect(role(15, 15, masked: Region(Rect(x: 0, y: 0, width: 16, height: 16))) == nil)
    #expect(role(55, 15, masked: Region()) == nil)
    #expect(role(90, 90, masked: Region()) == "frame")
  }

  /// With `keepNames`, a press keeps the name of a shown control that neither contains nor lies in anything
  /// masked.
  @Test func namesOfPresses() throws {
    func button(
      _ id: String, _ x: Double, in parent: String = "w", name: String? = nil, mark: Mark? = nil
    ) -> Widget {
      Widget(
        id: id, role: "push button", name: name ?? id, x: x, y: 10, width: 20, height: 20,
        parent: .id(parent), mark: mark)
    }
    let widgets = [
      Widget(id: "w", role: "frame", name: "frame", x: 0, y: 0, width: 400, height: 100),
      button("Save", 10),
      Widget(id: "l", role: "label", name: "label", x: 12, y: 12, width: 8, height: 8, parent: .id("Save")),
      button("around a secret", 40),
      Widget(
        id: "s", role: "label", name: "secret", x: 42, y: 12, width: 4, height: 4,
        parent: .id("around a secret"),
        mark: .masked),
      button("masked", 70, mark: .masked),
      Widget(id: "m", role: "panel", x: 100, y: 0, width: 30, height: 40, parent: .id("w"), mark: .masked),
      button("below a masked panel", 105, in: "m"),
      // A keyboard hides which key is pressed.
      Widget(id: "k", role: "keyboard", x: 130, y: 0, width: 30, height: 40, parent: .id("w")),
      button("7", 135, in: "k"),
      button("delete ann@example.com of \(String(repeating: "long ", count: 20))", 170),
      button("under a text of elsewhere", 200),
      Widget(id: "o", role: "label", name: "other", x: 202, y: 12, width: 6, height: 6, parent: .id("w")),
      Widget(id: "t", role: "label", name: "text", x: 290, y: 10, width: 20, height: 20, parent: .id("w")),
      // The label beside it reaches into it by no more than the padding.
      Widget(id: "n", role: "label", name: "near", x: 221, y: 10, width: 19, height: 20, parent: .id("w")),
      button("Beside", 240),
    ]
    var policy = try MaskPolicy(
      json: Array(
        #"{"keepNames":"shown","hideInteraction":["keyboard"],"rules":[{"role":"push button","decision":"unmask","insideMasked":true}]}"#
          .utf8))
    func names(_ policy: MaskPolicy) throws -> [Double: String] {
      let tree = try WidgetTree(widgets: widgets)
      var usage = PolicyUsage(policy: policy)
      let plan = MaskPlanner(policy: policy).planOfWindows(for: tree, width: 400, height: 100, usage: &usage)
      let filter = EventFilter(policy: policy)
      var names: [Double: String] = [:]
      for x in stride(from: 1.0, to: 400, by: 1) {
        var press = Event("button-down", time: 0)
        (press.x, press.y, press.name) = (x, 14, "of the source")
        let kept = filter.judge(press, in: tree, masked: plan.masked, named: plan.named).event
        if let name = kept?.name { names[(x / 10).rounded(.down) * 10] = name }
      }
      return names
    }
    let kept = try names(policy)
    #expect(Set(kept.values) == ["Save", "delete [mail] of long long long long lon", "Beside"], "\(kept)")
    #expect(kept.values.allSatisfy { $0.count <= EventFilter.nameLimit })
    policy.keepNames = .none
    #expect(try names(policy).isEmpty)
  }

  /// A name is kept only if the boxes of the press's own moment had it too.
  @Test func namesOfAnotherMomentAreDropped() throws {
    func tree(_ name: String) throws -> WidgetTree {
      try WidgetTree(widgets: [Widget(role: "push button", name: name, x: 0, y: 0, width: 9, height: 9)])
    }
    let filter = EventFilter(policy: MaskPolicy())
    for (moment, isKept) in [(try tree("Save"), true), (try tree("Delete"), false), (.empty, false)] {
      var press = Event("button", time: 0)
      (press.x, press.y, press.name) = (3, 3, "Save")
      filter.checkName(of: &press, in: moment)
      #expect((press.name != nil) == isKept)
    }
  }
}
