import ScrimImage
import Testing

@testable import ScrimRedact

/// The rules of Masking.md, section by section, on a picture of 100 × 80 pixels.
struct MaskPlannerTests {
  static func widget(
    _ id: String, _ role: String, _ box: (Double, Double, Double, Double), in parent: String? = nil,
    name: String = "",
    states: [String] = [], text: String? = nil, mark: Mark? = nil
  ) -> Widget {
    Widget(
      id: id, role: role, name: name, x: box.0, y: box.1, width: box.2, height: box.3,
      parent: parent.map { .id($0) }, states: states, text: text, mark: mark)
  }

  private func policy(_ json: String) throws -> MaskPolicy { try MaskPolicy(json: Array(json.utf8)) }

  private func plan(
    _ widgets: [Widget], _ policy: MaskPolicy, windows: [Window] = [], whole: Bool = false
  ) throws -> MaskPlan {
    MaskPlanner(policy: policy)
      .plan(
        for: try WidgetTree(widgets: widgets, windows: windows), width: 100, height: 80,
        describesWholeWindows: whole)
  }

  /// Why the widget of that index is masked; nil if it isn't.
  private func reason(_ plan: MaskPlan, _ index: Int) -> MaskReason? {
    plan.masks.first { $0.widget == index }?.reason
  }

  @Test func boxesArePaddedAndCut() throws {
    let label = Self.widget("a", "label", (10.4, 20.6, 5, 5))
    let edge = Self.widget("b", "icon", (95, 75, 50, 50))
    let outside = Self.widget("c", "label", (200, 0, 5, 5))
    let empty = Self.widget("d", "label", (50, 50, 0, 10))
    let below = Self.widget("e", "panel", (40, 40, 5, 5), in: "d")
    let plan = try plan([label, edge, outside, empty, below], MaskPolicy())
    #expect(
      plan.masks == [
        MaskPlan.Mask(
          rect: Rect(minX: 8, minY: 18, maxX: 18, maxY: 28), kind: .text, reason: .nature, widget: 0),
        MaskPlan.Mask(
          rect: Rect(minX: 93, minY: 73, maxX: 100, maxY: 80), kind: .image, reason: .nature, widget: 1),
        MaskPlan.Mask(
          rect: Rect(minX: 38, minY: 38, maxX: 47, maxY: 47), kind: .other, reason: .childless, widget: 4),
      ])
  }

  @Test func defaultsByNature() throws {
    let box = (10.0, 10.0, 5.0, 5.0)
    let widgets = [
      Self.widget("0", "label", box), Self.widget("1", "image", box), Self.widget("2", "entry", box),
      Self.widget("3", "password text", box), Self.widget("4", "sparkle", box),
      Self.widget("5", "panel", box),
      Self.widget("6", "slider", box), Self.widget("7", "panel", (0, 0, 50, 50)),
      Self.widget("8", "label", box, in: "7"),
      Self.widget("9", "sparkle", (0, 0, 50, 50)), Self.widget("10", "label", box, in: "9"),
    ]
    let masked = try plan(widgets, MaskPolicy())
    let expected: [MaskReason?] = [
      .nature, .nature, .nature, .nature, .unknownRole, .childless, nil, nil, .nature, nil, .nature,
    ]
    #expect((0..<11).map { reason(masked, $0) } == expected)
    #expect(masked.guarded == Region(Rect(x: 0, y: 0, width: 50, height: 50)).subtracting(masked.masked))
    let none = try plan(widgets, MaskPolicy(preset: .none), whole: true)
    #expect(none.masks.map(\.reason) == [.nature] && none.masks[0].kind == .password)
    #expect(none.guarded.isEmpty)
    let images = try plan(widgets, policy(#"{"maskAllText":false,"maskAllInputs":false}"#))
    #expect((0..<3).map { reason(images, $0) } == [nil, .nature, nil])
    #expect(try reason(plan(widgets, policy(#"{"maskAllImages":false}"#)), 1) == nil)
  }

  @Test func orderOfDecisions() throws {
    let policy = try policy(
      #"""
      {"rules":[{"id":"a","decision":"unmask"},{"role":"label","name":"/secret/i","decision":"mask"},
      {"role":"button","state":["focused","selected"],"decision":"unmask"},{"role":"button","decision":"mask"},
      {"type":"com.acme.*","decision":"unmask"},{"role":"password text","decision":"unmask"}]}
      """#)
    let box = (10.0, 10.0, 5.0, 5.0)
    let widgets = [
      Self.widget("a", "label", box, name: "Secret"), Self.widget("b", "label", box, name: "Secret"),
      Self.widget("c", "push button", box, states: ["FOCUSED"]), Self.widget("d", "push button", box),
      Self.widget("e", "com.acme.Gauge", box), Self.widget("f", "password text", box, mark: .shown),
      Self.widget("g", "push button", box, mark: .shown),
      Self.widget("h", "label", box, name: "secret", mark: .shown),
      Self.widget("i", "push button", box, states: ["focused"], mark: .masked),
    ]
    let result = try plan(widgets, policy)
    let expected: [MaskReason?] = [nil, .rule(1), nil, .rule(3), nil, .nature, nil, nil, .mark]
    #expect((0..<9).map { reason(result, $0) } == expected)
    var decided = widgets
    decided[0].mark = Mark(masks: true, cause: .callback)
    decided[1].mark = Mark(masks: false, cause: .callback)
    decided[2].mark = .unreadable
    decided[5].mark = Mark(masks: false, cause: .callback)
    let asked = try plan(decided, policy)
    #expect((0..<6).map { reason(asked, $0) } == [.callback, nil, .unreadable, .rule(3), nil, .nature])
  }

  @Test func longNamesCountAsTheCaseThatHidesMore() throws {
    let long = String(repeating: "x", count: NamePattern.textLimit + 1)
    let label = Self.widget("a", "label", (0, 0, 5, 5), name: long)
    #expect(
      try reason(plan([label], policy(#"{"rules":[{"name":"zzz","decision":"mask"}]}"#)), 0) == .rule(0))
    #expect(try reason(plan([label], policy(#"{"rules":[{"name":"*","decision":"unmask"}]}"#)), 0) == .nature)
  }

  @Test func subtreesAreMasked() throws {
    let widgets = [
      Self.widget("list", "list item", (0, 0, 50, 20)),
      Self.widget("label", "label", (60, 0, 10, 5), in: "list"),
      Self.widget("button", "push button", (30, 2, 10, 10), in: "list"),
      Self.widget("bar", "slider", (60, 20, 5, 5), in: "button"),
      Self.widget("mark", "label", (60, 30, 5, 5), in: "list", mark: .shown),
    ]
    let kept = try plan(
      widgets, policy(#"{"rules":[{"role":"push button","decision":"unmask"}],"padding":0}"#))
    #expect((0..<5).map { reason(kept, $0) } == [.nature, .nature, .inside(0), .inside(0), .inside(0)])
    #expect(kept.masks[3].kind == .other && kept.masks[1].kind == .text)
    #expect(kept.masked.contains(x: 60, y: 20) && kept.masked.contains(x: 60, y: 30))
  }

  private static let unmaskInside = #"{"role":"push button","decision":"unmask","insideMasked":true}"#

  @Test func rulesOpenMasks() throws {
    let policy = try policy(#"{"rules":[\#(Self.unmaskInside)],"padding":3}"#)
    let opened = try plan(
      [
        Self.widget("row", "list item", (0, 0, 50, 20)),
        Self.widget("inner", "panel", (10, 0, 40, 20), in: "row"),
        Self.widget("button", "push button", (30, 2, 10, 10), in: "inner"),
        Self.widget("image", "image", (31, 3, 4, 4), in: "button"),
        Self.widget("entry", "entry", (36, 8, 1, 1), in: "button"),
        Self.widget("far", "label", (60, 60, 5, 5), in: "button"),
        Self.widget("near", "label", (20, 5, 9, 5), in: "row"),
      ], policy)
    // The button's box is shown except for the entry (grown to 33..<40 × 5..<12) and its neighbour (to x <
    // 32).
    #expect(!opened.masked.contains(x: 35, y: 3) && opened.masked.contains(x: 35, y: 1))
    #expect(opened.masked.contains(x: 36, y: 8) && opened.masked.contains(x: 30, y: 4))
    #expect(opened.masked.contains(x: 41, y: 4) && opened.masked.contains(x: 60, y: 60))
    #expect(opened.masks.filter { $0.widget == 3 }.isEmpty)
    #expect(reason(opened, 1) == .inside(0))
  }

  @Test(arguments: [
    ("list item", nil, [], false), ("list item", .masked, [], true),
    ("entry", nil, [], true),
    ("combo box", nil, [], true), ("list item", nil, ["editable"], true),
    ("list item", nil, ["password"], true),
    ("list item", Mark(masks: true, cause: .callback), [], true),
    ("panel", nil, ["focused"], true), ("panel", nil, ["selected"], false),
  ])
  func controlsThatStayMasked(_ role: String, _ mark: Mark?, _ states: [String], _ closed: Bool) throws {
    let policy = try policy(
      """
      {"rules":[{"state":"focused","role":"panel","decision":"mask"},\(Self.unmaskInside),
      {"state":"selected","decision":"mask"}]}
      """)
    let plan = try plan(
      [
        Self.widget("row", role, (0, 0, 50, 20), states: states, mark: mark),
        Self.widget("button", "push button", (30, 2, 10, 10), in: "row"),
      ], policy)
    #expect(plan.masked.contains(x: 35, y: 7) == closed)
    #expect(plan.masked.contains(x: 5, y: 5))
  }

  /// A field that a rule would show is masked with its row, so its content stays hidden.
  @Test func fieldsMaskedWithTheirRowStayClosed() throws {
    for (rule, extra) in [
      (#"{"role":"combo box","decision":"unmask"},"#, ""), ("", #","maskAllInputs":false"#),
    ] {
      let plan = try plan(
        [
          Self.widget("row", "list item", (0, 0, 50, 20)),
          Self.widget("combo", "combo box", (10, 0, 40, 20), in: "row"),
          Self.widget("button", "push button", (30, 2, 10, 10), in: "combo"),
        ], policy(#"{"rules":[\#(rule)\#(Self.unmaskInside)]\#(extra)}"#))
      #expect((0..<3).map { reason(plan, $0) } == [.nature, .inside(0), .inside(0)])
      #expect(plan.masked.contains(x: 35, y: 7))
    }
  }

  /// A label that a mark or a rule shows is shown in an opened button, like a label without any.
  @Test func widgetsShownAnywayArePartOfAShownControl() throws {
    let plan = try plan(
      [
        Self.widget("row", "list item", (0, 0, 50, 20)),
        Self.widget("button", "push button", (30, 2, 10, 10), in: "row"),
        Self.widget("plain", "label", (31, 3, 2, 2), in: "button"),
        Self.widget("mark", "label", (34, 3, 2, 2), in: "button", mark: .shown),
        Self.widget("rule", "image", (37, 3, 2, 2), in: "button", name: "yes"),
        Self.widget("entry", "entry", (31, 8, 2, 2), in: "button", mark: .shown),
        Self.widget("far", "label", (60, 3, 2, 2), in: "button", mark: .shown),
      ], policy(#"{"rules":[\#(Self.unmaskInside),{"name":"yes","decision":"unmask"}],"padding":0}"#))
    #expect(
      (0..<7).map { reason(plan, $0) } == [.nature, nil, nil, nil, nil, .inside(0), .inside(0)])
  }

  @Test func controlsShowTheWidgetsInThem() throws {
    let rules = #"{"rules":[{"role":"page tab","decision":"unmask"},{"name":"no","decision":"mask"}]}"#
    let widgets = [
      Self.widget("tab", "page tab", (0, 0, 30, 10)),
      Self.widget("filler", "filler", (0, 0, 30, 10), in: "tab"),
      Self.widget("label", "label", (2, 2, 10, 6), in: "filler"),
      Self.widget("page", "panel", (0, 10, 90, 60), in: "tab"),
      Self.widget("text", "label", (10, 20, 10, 10), in: "page"),
      Self.widget("entry", "entry", (15, 2, 5, 5), in: "tab"),
      Self.widget("inEntry", "label", (15, 2, 5, 5), in: "entry"),
      Self.widget("no", "image", (24, 2, 3, 3), in: "tab", name: "no"),
    ]
    let shown = try plan(widgets, policy(rules))
    let expected: [MaskReason?] = [nil, nil, nil, nil, .nature, .nature, .nature, .rule(1)]
    #expect((0..<8).map { reason(shown, $0) } == expected)
    // A control that is shown only because its nature is not masked shows its own pixels only.
    let images = [
      Self.widget("b", "push button", (0, 0, 30, 10)), Self.widget("i", "image", (2, 2, 5, 5), in: "b"),
    ]
    #expect(try reason(plan(images, policy(#"{"maskAllText":false}"#)), 1) == .nature)
  }

  @Test func containersThatARuleShowsAreTrusted() throws {
    let widgets = [
      Self.widget("p", "panel", (0, 0, 50, 50)), Self.widget("l", "label", (10, 10, 5, 5), in: "p"),
      Self.widget("s", "slider", (60, 60, 10, 10)),
    ]
    let plan = try plan(widgets, policy(#"{"gaps":"mask","rules":[{"role":["panel"],"decision":"unmask"}]}"#))
    #expect(!plan.masked.contains(x: 40, y: 40) && plan.masked.contains(x: 12, y: 12))
    #expect(plan.masked.contains(x: 65, y: 65) && plan.guarded.isEmpty)
    #expect(plan.masks.last?.reason == .gap && plan.masks.last?.kind == .gap)
  }

  @Test func windows() throws {
    let extents = Window.Extents(left: 1, right: 1, top: 10, bottom: 2)
    let window = Window(x: 20, y: 20, width: 40, height: 40, frameExtents: extents)
    let frame = [
      Self.widget("f", "frame", (20, 20, 40, 40)), Self.widget("l", "label", (30, 30, 5, 5), in: "f"),
    ]
    let ring = try plan(frame, MaskPolicy(), windows: [window])
    #expect(ring.masks.filter { $0.reason == .titleBar }.count == 4)
    #expect(ring.masked.contains(x: 17, y: 8) && !ring.masked.contains(x: 40, y: 50))
    #expect(ring.masked.contains(x: 40, y: 21) && !ring.masked.contains(x: 40, y: 23))
    let kept = try plan(frame, policy(#"{"titleBars":"keep"}"#), windows: [window])
    #expect(kept.masks.map(\.widget) == [1] && kept.guarded.contains(x: 20, y: 12))
    let treeless = try plan([], policy(#"{"titleBars":"keep"}"#), windows: [window])
    #expect(treeless.masks.map(\.reason) == [.treelessWindow])
    #expect(treeless.masks.map(\.rect) == [Rect(minX: 17, minY: 8, maxX: 63, maxY: 64)])
    #expect(
      try plan([], policy(#"{"titleBars":"keep","treelessWindows":"keep"}"#), windows: [window]).masks.isEmpty
    )
    // A listed child in a window doesn't describe it, unless the two agree.
    let far = Self.widget("f", "frame", (0, 0, 100, 80))
    let small = Self.widget("l", "panel", (30, 30, 5, 5), in: "f")
    let equal = Self.widget("l", "panel", (22, 22, 36, 36), in: "f")
    func isTreeless(_ widgets: [Widget]) throws -> Bool {
      try plan(widgets, MaskPolicy(), windows: [window]).masks.contains { $0.reason == .treelessWindow }
    }
    #expect(try isTreeless([far, small]))
    #expect(try !isTreeless([far, equal]))
    #expect(try !isTreeless([Self.widget("t", "tool tip", (50, 50, 15, 15))]))
    #expect(try isTreeless([Self.widget("t", "tool tip", (50, 50, 40, 40))]))
    #expect(try plan([], MaskPolicy(), windows: [Window(x: 1, y: 1, width: 1, height: 1)]).masks.isEmpty)
    #expect(try plan([], MaskPolicy(), windows: [Window(x: -50, y: 1, width: 9, height: 9)]).masks.isEmpty)
    // A title bar is masked however small the rolled-up window is.
    let rolled = Window(x: 20, y: 20, width: 40, height: 0, frameExtents: extents)
    let point = Window(x: 20, y: 20, width: 1, height: 1, frameExtents: extents)
    for window in [rolled, point] {
      #expect(try plan([], MaskPolicy(), windows: [window]).masked.contains(x: 20, y: 12))
    }
  }

  @Test func uncovered() throws {
    let widgets = [
      Self.widget("f", "frame", (0, 0, 50, 80)), Self.widget("l", "label", (10, 10, 60, 5), in: "f"),
    ]
    func uncovered(_ value: String, whole: Bool) throws -> [Rect] {
      try plan(widgets, policy(#"{"uncovered":"\#(value)","padding":1}"#), whole: whole).masks
        .filter { $0.kind == .uncovered }.map(\.rect)
    }
    #expect(try uncovered("keep", whole: true).isEmpty)
    #expect(try uncovered("auto", whole: false).isEmpty)
    let rest = [
      Rect(minX: 50, minY: 0, maxX: 100, maxY: 9), Rect(minX: 71, minY: 9, maxX: 100, maxY: 16),
      Rect(minX: 50, minY: 16, maxX: 100, maxY: 80),
    ]
    #expect(try uncovered("auto", whole: true) == rest)
    #expect(try uncovered("mask", whole: false) == rest)
  }

  @Test func presets() throws {
    let widgets = [
      Self.widget("f", "frame", (0, 0, 90, 70)), Self.widget("b", "push button", (0, 0, 10, 10), in: "f"),
      Self.widget("m", "check menu item", (0, 20, 10, 10), in: "f"),
      Self.widget("l", "label", (20, 20, 9, 9), in: "f"),
      Self.widget("s", "slider", (40, 40, 9, 9), in: "f"), Self.widget("k", "link", (60, 20, 9, 9), in: "f"),
      Self.widget("u", "sparkle", (60, 40, 9, 9), in: "f"),
      Self.widget("p", "password text", (60, 60, 9, 9), in: "f"),
    ]
    func shown(_ preset: MaskPolicy.Preset) throws -> [Bool] {
      let plan = try plan(widgets, MaskPolicy(preset: preset))
      return try (0..<8).map { index in
        let rect = try WidgetTree(widgets: widgets).rects[index]
        return !plan.masked.contains(x: rect.maxX - 1, y: rect.maxY - 1)
      } + [!plan.masked.contains(x: 95, y: 75)]
    }
    #expect(try shown(.default) == [true, false, false, false, true, false, false, false, true])
    #expect(try shown(.strict) == [false, false, false, false, false, false, false, false, false])
    #expect(try shown(.controls) == [true, true, true, false, true, false, false, false, true])
    #expect(try shown(.none) == [true, true, true, true, true, true, true, false, true])
  }

  /// A container that is listed after a button and not above it in the tree is painted over it: only the guard
  /// may show what it covers.
  @Test func layersOverControlsAreGuarded() throws {
    let button = Self.widget("b", "push button", (10, 10, 30, 20), in: "f")
    let layer = Self.widget("l", "panel", (20, 15, 40, 30), in: "f")
    let tail = Self.widget("t", "label", (55, 40, 4, 4), in: "l")
    let frame = Self.widget("f", "frame", (0, 0, 100, 80))
    func guarded(_ widgets: [Widget], _ policy: MaskPolicy = MaskPolicy(preset: .controls)) throws -> [Bool] {
      let plan = try plan(widgets, policy)
      #expect(!plan.masked.contains(x: 12, y: 12) && !plan.masked.contains(x: 25, y: 20))
      // Beside the layer, in its padding, below it.
      return [(15, 12), (18, 20), (25, 20)].map { plan.guarded.contains(x: $0.0, y: $0.1) }
    }
    #expect(try guarded([frame, button, layer, tail]) == [false, true, true])
    #expect(try guarded([frame, layer, tail, button]) == [false, false, false], "painted before it")
    // The user vouches for the whole box.
    let byID = try policy(#"{"rules":[{"role":"push button","id":"b","decision":"unmask"}]}"#)
    #expect(try guarded([frame, button, layer, tail], byID) == [false, false, false])
    let marked = Self.widget("b", "push button", (10, 10, 30, 20), in: "f", mark: .shown)
    #expect(try guarded([frame, marked, layer, tail]) == [false, false, false])
    // What is in the button is part of it, and another application's order is unknown.
    let inside = Self.widget("l", "panel", (20, 15, 40, 30), in: "b")
    #expect(try guarded([frame, button, inside, tail]) == [false, false, false])
    let other = Self.widget("l", "panel", (20, 15, 40, 30))
    #expect(try guarded([frame, button, other, tail]) == [false, false, false])
    // A page that is scrolled lies in its viewport alone.
    let page = Self.widget("d", "document web", (0, 32, 100, 48), in: "f")
    let part = Self.widget("l", "panel", (20, 15, 40, 30), in: "d")
    #expect(try guarded([frame, button, page, part, tail]) == [false, false, false])
    // A container that only touches it is none.
    let beside = Self.widget("l", "panel", (40, 10, 40, 40), in: "f")
    #expect(
      try !plan([frame, button, beside, tail], MaskPolicy(preset: .controls)).guarded.contains(x: 39, y: 20))
  }

  /// A button that is scrolled below a header still has its whole box; the header may show content without a
  /// node.
  @Test func controlsAreClippedByTheContainersAroundThem() throws {
    let frame = Self.widget("f", "frame", (0, 0, 100, 80))
    func shows(
      _ widgets: [Widget], _ policy: MaskPolicy = MaskPolicy(preset: .controls), x: Int = 20
    ) throws -> [Bool] {
      let plan = try plan([frame] + widgets, policy)
      // Above the scroller, which begins at 30, and in it.
      return [22, 38].map { !plan.guarded.contains(x: x, y: $0) && !plan.masked.contains(x: x, y: $0) }
    }
    let button = Self.widget("b", "push button", (10, 20, 30, 20), in: "s")
    let label = Self.widget("t", "label", (12, 21, 26, 18), in: "b")
    for role in ["scroll pane", "viewport", "panel", "document web", "section"] {
      let scroller = Self.widget("s", role, (0, 30, 100, 50), in: "f")
      #expect(try shows([scroller, button, label]) == [false, true], "\(role)")
      // A header that is listed before it, after it, or the window itself.
      let header = [
        Self.widget("h", "panel", (0, 0, 100, 30), in: "f"),
        Self.widget("i", "label", (60, 2, 4, 4), in: "h"),
      ]
      #expect(try shows(header + [scroller, button, label]) == [false, true], "\(role)")
      #expect(try shows([scroller, button, label] + header) == [false, true], "\(role)")
      // Any number of containers between them.
      let inner = Self.widget("j", "panel", (0, -100, 100, 300), in: "s")
      let deep = Self.widget("b", "push button", (10, 20, 30, 20), in: "j")
      #expect(try shows([scroller, inner, deep]) == [false, true], "\(role)")
    }
    let scroller = Self.widget("s", "scroll pane", (0, 30, 100, 50), in: "f")
    // The user vouches for the whole box.
    let byID = try policy(#"{"rules":[{"role":"push button","id":"b","decision":"unmask"}]}"#)
    #expect(try shows([scroller, button], byID) == [true, true])
    // Boxes are rounded, or drawn with a margin.
    let near = Self.widget("s", "panel", (0, 24, 100, 50), in: "f")
    #expect(try shows([near, button]) == [true, true])
    // A menu lies beside the button that opens it.
    let bar = Self.widget("s", "menu bar", (0, 0, 100, 10), in: "f")
    let menu = Self.widget("m", "menu", (0, 0, 20, 10), in: "s")
    let item = Self.widget("b", "menu item", (10, 20, 30, 20), in: "m")
    #expect(try shows([bar, menu, item]) == [true, true])
    // A hole in a masked row reaches no farther.
    let row = Self.widget("r", "list item", (0, 15, 100, 30), in: "s")
    let inRow = Self.widget("b", "push button", (10, 20, 30, 20), in: "r")
    #expect(try shows([scroller, row, inRow]) == [false, true])
    // Too many containers.
    var chain = [Self.widget("c0", "panel", (0, 0, 100, 80), in: "f")]
    for number in 1...300 {
      chain.append(Self.widget("c\(number)", "panel", (0, 0, 100, 80), in: "c\(number - 1)"))
    }
    #expect(
      try shows(chain + [Self.widget("b", "push button", (10, 20, 30, 20), in: "c300")]) == [false, false])
  }

  @Test func manyLayersAreNotComparedOneByOne() throws {
    let button = Self.widget("b", "push button", (10, 10, 30, 20), in: "f")
    let layers = (0...PaintOrder.limit).map { Self.widget("\($0)", "slider", (60, 60, 9, 9), in: "f") }
    let plan = try plan(
      [Self.widget("f", "frame", (0, 0, 100, 80)), button] + layers, MaskPolicy(preset: .controls))
    #expect(plan.guarded.contains(x: 25, y: 20))
  }

  /// When trees are read may depend on shown widgets alone.
  @Test func namesOfMaskedWidgetsMakeNoDifference() throws {
    let planner = MaskPlanner(policy: MaskPolicy(preset: .controls))
    func tree(
      label: String = "a", text: String = "x", states: [String] = [], button: String = "OK",
      pressed: [String] = [],
      x: Double = 10
    ) throws -> WidgetTree {
      try WidgetTree(
        widgets: [
          Self.widget("f", "frame", (0, 0, 100, 80)),
          Self.widget("l", "label", (x, 10, 20, 9), in: "f", name: label, states: states, text: text),
          Self.widget("b", "push button", (10, 40, 20, 9), in: "f", name: button, states: pressed),
        ], windows: [Window(xid: 1, x: 0, y: 0, width: 100, height: 80)])
    }
    let base = try tree()
    for same in [try tree(label: "other"), try tree(text: "y"), try tree(states: ["focused", "selected"])] {
      #expect(same.widgets != base.widgets && planner.isSame(base, same))
    }
    for other in [
      try tree(button: "No"), try tree(pressed: ["pressed"]), try tree(x: 11), try tree(states: ["editable"]),
    ] {
      #expect(!planner.isSame(base, other))
    }
    let byName = MaskPlanner(policy: try policy(#"{"rules":[{"name":"other","decision":"unmask"}]}"#))
    #expect(try !byName.isSame(base, tree(label: "other")), "where a rule asks for the name")
  }

  @Test func usage() throws {
    let policy = try policy(
      #"{"rules":[{"role":"label","decision":"mask"},{"id":"gone","decision":"mask"},{"role":"icon","decision":"unmask"}]}"#
    )
    let tree = try WidgetTree(widgets: [
      Self.widget("a", "label", (0, 0, 9, 9)), Self.widget("b", "sparkle", (0, 0, 9, 9)),
      Self.widget("c", "sparkle", (0, 0, 9, 9)), Self.widget("d", "unknown", (0, 0, 9, 9)),
      Self.widget("e", "icon", (0, 0, 9, 9)),
    ])
    var usage = PolicyUsage(policy: policy)
    for _ in 0..<2 {
      _ = MaskPlanner(policy: policy)
        .plan(for: tree, width: 100, height: 80, describesWholeWindows: false, usage: &usage)
    }
    #expect(usage.plans == 2 && usage.neverMatchedRules == [1] && usage.ruleDecisions == [2, 0, 2])
    #expect(usage.unknownRoles == ["sparkle": 4])
    #expect(usage.masksByReason == ["rule": 2, "unknown role": 6])
    usage.merge(usage)
    #expect(usage.plans == 4 && usage.unknownRoles == ["sparkle": 8])
  }
}
