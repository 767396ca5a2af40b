import ScrimImage
import ScrimRedact
import Testing

@testable import ScrimCapture

private typealias Box = AccessibleNode.Box

private func node(
  _ path: String, _ role: String, _ box: Box?, parent: Int? = nil, name: String = "", isTorn: Bool = false,
  owner: String = ":1.5"
) -> AccessibleNode {
  AccessibleNode(
    object: BusObject(owner: owner, path: "/a/\(path)"), role: role, name: name,
    states: [.showing, .visible, .sensitive], box: box, hasText: false, parent: parent, isTorn: isTorn)
}

private func reading(
  _ nodes: [AccessibleNode], toolkit: AccessibleApplication.Toolkit = .other, pid: Int? = 7,
  outcome: ApplicationReading.Outcome = .whole, owner: String = ":1.5"
) -> ApplicationReading {
  ApplicationReading(
    application: AccessibleApplication(
      root: BusObject(owner: owner, path: "/root"), name: "app", toolkit: toolkit, pid: pid),
    nodes: nodes, outcome: outcome, duration: 0, calls: 0)
}

private func window(
  _ x: Double, _ y: Double, _ width: Double, _ height: Double, pid: Int? = 7, title: String = "",
  frame: Window.Extents? = nil, shadow: Window.Extents? = nil, xid: Int = 1,
  isVisible: Bool = true, parent: Int? = nil, isManaged: Bool = true
) -> DesktopWindow {
  var window = DesktopWindow(
    window: Window(
      xid: xid, x: x, y: y, width: width, height: height, frameExtents: frame, shadowExtents: shadow,
      isManaged: isManaged),
    pid: pid, title: title)
  window.isVisible = isVisible
  window.parent = parent
  return window
}

private func assemble(
  _ readings: [ApplicationReading], _ windows: [DesktopWindow], origin: DesktopAssembly.Origin = .screen
) -> [String: Widget] {
  let widgets = DesktopAssembly.outcome(of: readings, windows: windows, origin: origin).widgets
  return Dictionary(uniqueKeysWithValues: widgets.map { ($0.id ?? "", $0) })
}

private func corners(_ widget: Widget?) -> [Double]? { widget.map { [$0.x, $0.y, $0.width, $0.height] } }

@Suite struct DesktopAssemblyTests {
  private let tree = [
    node("w", "frame", Box(x: 100, y: 50, width: 400, height: 300)),
    node("b", "push button", Box(x: 110, y: 60, width: 50, height: 20), parent: 0),
  ]

  @Test func takesBoxesThatAgreeWithTheirWindow() {
    let frame = Window.Extents(left: 1, right: 1, top: 22, bottom: 5)
    let shadow = Window.Extents(left: 10, right: 10, top: 10, bottom: 10)
    for window in [
      window(100, 50, 400, 300), window(101, 72, 398, 273, frame: frame),
      window(90, 40, 420, 320, shadow: shadow), window(102, 50, 398, 300),
    ] {
      let widgets = assemble([reading(tree)], [window])
      #expect(corners(widgets["app:b"]) == [110, 60, 50, 20])
      #expect(widgets["app:w"]?.mark == nil)
      #expect(widgets["window:1"] == nil)
    }
  }

  @Test func masksAWindowThatItsTreeDisagreesWith() {
    // Moved since, resized since, another process's.
    for window in [window(110, 50, 400, 300), window(100, 50, 400, 320), window(100, 50, 400, 300, pid: 8)] {
      let widgets = assemble([reading(tree)], [window])
      #expect(widgets["window:1"]?.role.name == "unknown")
      #expect(widgets["app:b"] == nil)
    }
  }

  @Test func multipliesLogicalPixelsButNotThoseOfBrowsers() {
    let doubled = window(200, 100, 800, 600)
    #expect(corners(assemble([reading(tree)], [doubled])["app:b"]) == [220, 120, 100, 40])
    let browser = assemble([reading(tree, toolkit: .browser)], [doubled])
    #expect(browser["app:b"] == nil)
    #expect(browser["window:1"] != nil)
  }

  @Test func movesBoxesThatAreRelativeToTheirWindow() {
    let tree = [
      node("w", "frame", Box(x: 0, y: 0, width: 390, height: 290), name: "A"),
      node("b", "push button", Box(x: 10, y: 10, width: 50, height: 20), parent: 0),
    ]
    let one = assemble([reading(tree, toolkit: .gtk4)], [window(100, 50, 400, 300)])
    #expect(corners(one["app:b"]) == [115, 65, 50, 20])
    // Two windows of one size: the title decides, and if it doesn't, both are masked.
    let pair = [window(100, 50, 400, 300, title: "B"), window(500, 50, 400, 300, title: "A", xid: 2)]
    let named = assemble([reading(tree, toolkit: .gtk4)], pair)
    #expect(corners(named["app:b"]) == [515, 65, 50, 20])
    #expect(named["window:1"] != nil)
    let same = pair.map { DesktopWindow(window: $0.window, pid: 7, title: "A") }
    let unclear = assemble([reading(tree, toolkit: .gtk4)], same)
    #expect(Set(unclear.keys) == ["window:1", "window:2"])
    let wayland = [node("w", "frame", Box(x: 0, y: 0, width: 400, height: 300))]
    #expect(
      corners(assemble([reading(wayland)], [window(100, 50, 400, 300)], origin: .window)["app:w"])
        == [100, 50, 400, 300])
  }

  @Test func dropsWidgetsThatAScrollerOfGTK4Hides() {
    let tree = [
      node("w", "frame", Box(x: 0, y: 0, width: 400, height: 300)),
      node("s", "scroll pane", Box(x: 0, y: 100, width: 400, height: 100), parent: 0),
      node("seen", "label", Box(x: 0, y: 150, width: 40, height: 20), parent: 1),
      node("above", "label", Box(x: 0, y: 20, width: 40, height: 20), parent: 1),
    ]
    let widgets = assemble([reading(tree, toolkit: .gtk4)], [window(0, 0, 400, 300)])
    #expect(Set(widgets.keys) == ["app:w", "app:s", "app:seen"])
  }

  /// A container without listed children is masked; a scroll bar describes nothing of the scrolled content.
  @Test func aScrollerThatListsOnlyItsBarsListsNothing() {
    let tree = [
      node("w", "frame", Box(x: 0, y: 0, width: 400, height: 300)),
      node("s", "scroll pane", Box(x: 0, y: 100, width: 400, height: 100), parent: 0),
      node("bar", "scroll bar", Box(x: 390, y: 100, width: 10, height: 100), parent: 1),
    ]
    #expect(Set(assemble([reading(tree)], [window(0, 0, 400, 300)]).keys) == ["app:w", "app:s"])
    let filled = tree + [node("l", "label", Box(x: 0, y: 150, width: 40, height: 20), parent: 1)]
    #expect(assemble([reading(filled)], [window(0, 0, 400, 300)]).count == 4)
  }

  @Test func masksWindowsOfApplicationsThatCannotBeRead() {
    let hung = assemble([reading([], outcome: .unreadable)], [window(100, 50, 400, 300)])
    #expect(hung["window:1"]?.mark?.masks == true)
    let treeless = assemble([], [window(100, 50, 400, 300, title: "glxgears")])
    #expect(treeless["window:1"]?.mark == nil)
    #expect(treeless["window:1"]?.name == "glxgears")
    #expect(treeless["window:1"]?.role.nature == .unknown)
  }

  @Test func masksTheBoxAroundANodeThatCannotBeRead() {
    let torn = [
      node("w", "frame", Box(x: 100, y: 50, width: 400, height: 300)),
      node("p", "panel", Box(x: 110, y: 60, width: 100, height: 100), parent: 0, isTorn: true),
    ]
    let widgets = assemble([reading(torn)], [window(100, 50, 400, 300)])
    #expect(widgets["app:p"]?.mark?.masks == true)
    #expect(widgets["app:w"]?.mark == nil)
    let boxless = [torn[0], node("p", "panel", nil, parent: 0, isTorn: true)]
    #expect(assemble([reading(boxless)], [window(100, 50, 400, 300)])["window:1"]?.mark?.masks == true)
  }

  /// A policy that shows a lower window's button must not show pixels that an upper window draws over it
  /// without a node.
  @Test func masksPixelsOfAnUpperWindowOverALowerOnesWidgets() throws {
    let upper = [
      node("u", "frame", Box(x: 130, y: 40, width: 200, height: 60)),
      node("ok", "push button", Box(x: 140, y: 62, width: 100, height: 10), parent: 0),
    ]
    let lower = [window(100, 50, 400, 300), window(130, 40, 200, 60, pid: 8, xid: 2)]
    let widgets = assemble([reading(tree), reading(upper, pid: 8)], lower)
    let covered = widgets.filter { $0.key.hasPrefix("covered:") }.values
    // The part of the button at 110…160, 60…80 to the right of 130, without the upper one's button.
    let rects = covered.map { Rect(x: Int($0.x), y: Int($0.y), width: Int($0.width), height: Int($0.height)) }
    let expected = Region(Rect(x: 130, y: 60, width: 30, height: 20))
      .subtracting(Region(Rect(x: 140, y: 62, width: 20, height: 10)))
    #expect(Region(union: rects) == expected && covered.allSatisfy { $0.mark?.masks == true })
    // In the reverse order it is the other one's button.
    let below = assemble([reading(tree), reading(upper, pid: 8)], lower.reversed())
    #expect(below.keys.filter { $0.hasPrefix("covered:") } == ["covered:160,62"])
  }

  @Test func marksLeavesOfFramesThatAreNoWindows() {
    let helper =
      tree + [
        node("h", "frame", Box(x: 120, y: 80, width: 200, height: 90)),
        node("l", "label", Box(x: 130, y: 90, width: 20, height: 20), parent: 2),
      ]
    let widgets = assemble([reading(helper)], [window(100, 50, 400, 300)])
    #expect(widgets["app:h"]?.mark == nil)
    #expect(widgets["app:l"]?.mark?.masks == true)
  }

  @Test func applicationsWithEqualNamesGetDifferentIDs() {
    let other = reading(tree, pid: 8)
    let widgets = assemble(
      [reading(tree), other], [window(100, 50, 400, 300), window(100, 50, 400, 300, pid: 8, xid: 2)])
    #expect(Set(widgets.keys) == ["app@7:w", "app@7:b", "app@8:w", "app@8:b"])
  }

  // MARK: Owners of pixels

  @Test func aWindowWithoutAProcessHasNoTree() {
    let widgets = assemble([reading(tree)], [window(100, 50, 400, 300, pid: nil)])
    #expect(Set(widgets.keys) == ["window:1"])
    let records = DesktopAssembly.outcome(
      of: [reading(tree)],
      windows: [window(100, 50, 400, 300, pid: nil), window(0, 0, 9, 9, pid: 9, xid: 2)],
      origin: .screen
    ).records
    #expect(records.map(\.reason) == [.noProcess, .noTree])
    // An application whose process the bus doesn't know has no window either.
    #expect(Set(assemble([reading(tree, pid: nil)], [window(100, 50, 400, 300)]).keys) == ["window:1"])
  }

  @Test func aHiddenWindowsTreeDescribesNothing() {
    // The tree of a minimised application, whose box matches another one's window.
    let hidden = window(100, 50, 400, 300, title: "Hidden", isVisible: false)
    let other = window(100, 50, 400, 300, pid: 8, xid: 2)
    #expect(Set(assemble([reading(tree)], [hidden, other]).keys) == ["window:2"])
  }

  @Test func theTitleDecidesBetweenTwoWindowsOfAProcess() {
    func top(_ path: String, _ name: String) -> AccessibleNode {
      node(path, "frame", Box(x: 100, y: 50, width: 400, height: 300), name: name)
    }
    let hidden = window(100, 50, 400, 300, title: "Two", xid: 2, isVisible: false)
    let shown = window(100, 50, 400, 300, title: "One")
    let both = assemble([reading([top("w", "One"), top("v", "Two")])], [hidden, shown])
    #expect(Set(both.keys) == ["app:w"])
    // The tree lists only the hidden one.
    #expect(Set(assemble([reading([top("v", "Two")])], [hidden, shown]).keys) == ["window:1"])
    // Titles that are not distinctive.
    let same = assemble([reading([top("w", "One"), top("v", "One")])], [hidden, shown])
    #expect(Set(same.keys) == ["window:1"] && same["window:1"]?.mark?.masks == true)
    // A toolkit that appends the program to the title.
    let longer = window(100, 50, 400, 300, title: "One - Editor")
    #expect(
      Set(assemble([reading([top("w", "One"), top("v", "Two")])], [hidden, longer]).keys) == ["app:w"])
  }

  /// A process with a window that is not on the screen may list that one with the box of another.
  @Test func theOnlyTreeOfAProcessWithAHiddenWindowNeedsItsTitle() {
    let hidden = window(600, 50, 200, 200, title: "Two", xid: 2, isVisible: false)
    let shown = window(100, 50, 400, 300, title: "One")
    func top(_ name: String) -> AccessibleNode {
      node("v", "frame", Box(x: 100, y: 50, width: 400, height: 300), name: name)
    }
    #expect(Set(assemble([reading([top("Three")])], [hidden, shown]).keys) == ["window:1"])
    #expect(Set(assemble([reading([top("One")])], [hidden, shown]).keys) == ["app:v"])
    #expect(Set(assemble([reading([top("Three")])], [shown]).keys) == ["app:v"])
  }

  @Test func aWindowThatTwoTreesDescribeIsMasked() {
    let one = window(100, 50, 400, 300)
    let twice = assemble([reading(tree), reading(tree, owner: ":1.6")], [one])
    #expect(twice["window:1"]?.mark?.masks == true)
  }

  @Test func aWindowInAnothersIsNotDescribedByIt() {
    let host = window(100, 50, 400, 300)
    let guest = window(150, 100, 200, 100, pid: 9, xid: 2, parent: 1)
    let widgets = assemble([reading(tree)], [host, guest])
    #expect(corners(widgets["window:2"]) == [150, 100, 200, 100] && widgets["app:b"] != nil)
    // An inner window that has a tree is excluded from the outer window without one.
    let plug = [node("w", "frame", Box(x: 150, y: 100, width: 200, height: 100))]
    let inside = assemble([reading(plug, pid: 9)], [host, guest])
    let parts = inside.filter { $0.key.hasPrefix("window:1") }.values
    let rects = parts.map { Rect(x: Int($0.x), y: Int($0.y), width: Int($0.width), height: Int($0.height)) }
    #expect(
      Region(union: rects)
        == Region(Rect(x: 100, y: 50, width: 400, height: 300))
        .subtracting(Region(Rect(x: 150, y: 100, width: 200, height: 100))))
  }

  @Test func anEmbeddedPlugDescribesItsOwnProcesssWindow() {
    let host = window(100, 50, 400, 300)
    let guest = window(150, 100, 200, 100, pid: 9, xid: 2, parent: 1)
    func with(_ box: Box) -> [String: Widget] {
      let nodes = [
        tree[0], node("s", "panel", Box(x: 150, y: 100, width: 200, height: 100), parent: 0),
        node("p", "panel", box, parent: 1, owner: ":1.9"),
        node("l", "push button", Box(x: 160, y: 110, width: 40, height: 20), parent: 2, owner: ":1.9"),
      ]
      return assemble([reading(nodes), reading([], pid: 9, owner: ":1.9")], [host, guest])
    }
    let fits = with(Box(x: 150, y: 100, width: 200, height: 100))
    #expect(fits["window:2"] == nil && fits.keys.contains { $0.hasSuffix("/a/l") })
    // A plug that is older than its window describes nothing.
    let stale = with(Box(x: 150, y: 100, width: 200, height: 50))
    #expect(stale["window:2"] != nil && !stale.keys.contains { $0.hasSuffix("/a/l") })
  }

  @Test func aBrowsersHelperDrawsItsWindow() {
    let host = window(100, 50, 400, 300)
    var helper = window(100, 50, 400, 300, pid: 9, xid: 2, parent: 1)
    helper.isHelper = true
    #expect(assemble([reading(tree, toolkit: .browser)], [host, helper])["window:2"] == nil)
    #expect(assemble([reading(tree)], [host, helper])["window:2"] != nil)
    helper.isHelper = false
    #expect(assemble([reading(tree, toolkit: .browser)], [host, helper])["window:2"] != nil)
  }

  @Test func edgesMayLieOnTheFrameOrTheClientArea() {
    // As under i3: the box is that of the frame; or its top is the frame's, and the other edges are the
    // client's.
    let frame = Window.Extents(left: 2, right: 2, top: 22, bottom: 2)
    let framed = window(102, 72, 396, 276, frame: frame)
    #expect(assemble([reading(tree)], [framed])["app:b"] != nil)
    let mixed = [node("w", "frame", Box(x: 102, y: 50, width: 396, height: 298))]
    #expect(assemble([reading(mixed)], [framed])["app:w"] != nil)
    // A frame that a property claims, but that does not exist, is no reason to mask everything.
    var claimed = window(102, 72, 396, 276)
    claimed.claimedFrame = frame
    #expect(assemble([reading(tree)], [claimed])["app:b"] != nil)
  }

  @Test func aTreeThatLacksABarIsTakenAtTheSecondReading() {
    let short = [node("w", "frame", Box(x: 100, y: 90, width: 400, height: 260))]
    let windows = [window(100, 50, 400, 300)]
    let first = DesktopAssembly.outcome(of: [reading(short)], windows: windows, origin: .screen)
    #expect(first.widgets.map(\.id) == ["window:1"] && first.misfits.count == 1)
    func again(_ windows: [DesktopWindow], _ tree: [AccessibleNode]) -> [String?] {
      DesktopAssembly.outcome(
        of: [reading(tree)], windows: windows, origin: .screen, knownMisfits: first.misfits
      ).widgets.map(\.id)
    }
    #expect(again(windows, short) == ["app:w"])
    // The window or the tree has changed since, so nothing is known.
    #expect(again([window(100, 50, 400, 310)], short) == ["window:1"])
    #expect(again(windows, [node("w", "frame", Box(x: 100, y: 80, width: 400, height: 270))]) == ["window:1"])
    // More than a quarter is not a bar.
    let half = [node("w", "frame", Box(x: 100, y: 50, width: 400, height: 150))]
    #expect(DesktopAssembly.outcome(of: [reading(half)], windows: windows, origin: .screen).misfits.isEmpty)
  }

  // MARK: Lists and labels

  @Test func aComboBoxsListHangsUnderIt() {
    var menu = node("m", "menu", Box(x: 110, y: 100, width: 100, height: 60), parent: 3)
    menu.listOf = 2
    let nodes =
      tree + [
        node("c", "combo box", Box(x: 110, y: 80, width: 100, height: 20), parent: 0),
        node("p", "window", Box(x: 110, y: 100, width: 100, height: 60)), menu,
        node("i", "menu item", Box(x: 110, y: 100, width: 100, height: 20), parent: 4),
      ]
    let popup = window(110, 100, 100, 60, xid: 2, isManaged: false)
    let widgets = DesktopAssembly.outcome(
      of: [reading(nodes)], windows: [window(100, 50, 400, 300), popup], origin: .screen
    ).widgets
    #expect(widgets.first { $0.id == "app:m" }?.parent == .id("app:c"))
    #expect(widgets.first { $0.id == "app:i" }?.parent == .id("app:m"))
    #expect(!widgets.contains { $0.id == "window:2" })
  }

  @Test func tabsOfDocumentsAreMarked() {
    let nodes = [
      node("w", "frame", Box(x: 100, y: 50, width: 400, height: 300)),
      node("t", "page tab list", Box(x: 100, y: 50, width: 400, height: 30), parent: 0),
      node("a", "page tab", Box(x: 100, y: 50, width: 90, height: 30), parent: 1, name: "my letter"),
      node("b", "page tab", Box(x: 190, y: 50, width: 90, height: 30), parent: 1, name: "other"),
    ]
    func isMarked(_ title: String, _ toolkit: AccessibleApplication.Toolkit = .other) -> Bool {
      let widgets = assemble([reading(nodes, toolkit: toolkit)], [window(100, 50, 400, 300, title: title)])
      let states = ["app:a", "app:b"].map { widgets[$0]?.states.contains(Widget.contentState) == true }
      #expect(states[0] == states[1])
      return states[0]
    }
    #expect(isMarked("my letter - Editor"))
    #expect(!isMarked("Settings"))
    #expect(isMarked("Settings", .browser))
  }

  /// GTK 4 gives a button no name of its own; Nautilus puts each button of its path into a panel.
  @Test func buttonsThatRepeatTheTitleAreMarked() {
    func marks(_ title: String, top: String = "frame", page: String = "panel") -> [Bool] {
      let box = Box(x: 100, y: 50, width: 90, height: 30)
      let nodes = [
        node("w", top, Box(x: 100, y: 50, width: 400, height: 300), name: title),
        node("r", page, box, parent: 0), node("p", "panel", box, parent: 1),
        node("a", "push button", box, parent: 2), node("q", "panel", box, parent: 1),
        node("b", "toggle button", box, parent: 4), node("f", "filler", box, parent: 5),
        node("l", "label", box, parent: 6, name: "my folder"),
        node("c", "push button", Box(x: 100, y: 90, width: 90, height: 30), parent: 0),
      ]
      let widgets = assemble([reading(nodes)], [window(100, 50, 400, 300, title: title)])
      return ["a", "b", "c"].map { widgets["app:\($0)"]?.states.contains(Widget.contentState) == true }
    }
    for title in ["my folder", "*my folder - Files", "Files — my folder"] {
      #expect(marks(title) == [true, true, false], "\(title)")
    }
    #expect(marks("my folders") == [false, false, false])
    #expect(marks("") == [false, false, false])
    // In a dialog a button may be named as its title says; in a page all may be.
    #expect(marks("my folder", top: "dialog") == [false, false, false])
    #expect(marks("my folder", page: "document web") == [false, false, false])
  }

  /// LibreOffice embeds its widgets in a panel of GTK, and counts their boxes from another corner.
  @Test func aRootPaneBesideItsContainerIsMasked() {
    func shown(_ y: Int, _ height: Int = 270) -> Set<String> {
      let nodes = [
        node("w", "frame", Box(x: 100, y: 50, width: 400, height: 300)),
        node("m", "menu", Box(x: 100, y: 50, width: 40, height: 30), parent: 0),
        node("p", "panel", Box(x: 100, y: 80, width: 400, height: 270), parent: 0),
        node("r", "root pane", Box(x: 100, y: y, width: 400, height: height), parent: 2),
        node("b", "push button", Box(x: 110, y: y, width: 50, height: 20), parent: 3),
      ]
      let widgets = assemble([reading(nodes)], [window(100, 50, 400, 300)])
      #expect(widgets["app:m"]?.mark == nil)
      #expect((widgets["app:p"]?.mark?.masks == true) == (widgets["app:b"] == nil))
      return Set(widgets.keys)
    }
    #expect(shown(80) == ["app:w", "app:m", "app:p", "app:r", "app:b"])
    #expect(shown(82, 268).contains("app:b"))
    for y in [54, 77, 83, 110] { #expect(shown(y) == ["app:w", "app:m", "app:p"], "\(y)") }
  }

  @Test func labelsThatCiteContentAreMarked() {
    func marks(_ names: [(role: String, name: String)]) -> [Bool] {
      let menu = [
        node("w", "frame", Box(x: 100, y: 50, width: 400, height: 300)),
        node("m", "menu", Box(x: 100, y: 50, width: 400, height: 300), parent: 0),
      ]
      let items = names.enumerated().map {
        node(
          "\($0)", $1.role, Box(x: 100, y: 60 + 20 * $0, width: 90, height: 20), parent: 1, name: $1.name)
      }
      let widgets = assemble([reading(menu + items)], [window(100, 50, 400, 300)])
      return names.indices.map { widgets["app:\($0)"]?.states.contains(Widget.contentState) == true }
    }
    for name in [
      "_1. letter.txt", "Open \"letter to M\"", "/home/m/letters", "~/letters", "m@example.com",
      "Undo: Typing: “hunter2”",
      "Search for 'hunter2'", "Remove „M“", "letter 3.odt", "file:///home/m",
    ] {
      #expect(marks([("push button", name)]) == [true], "\(name)")
      #expect(marks([("menu item", name)]) == [true], "\(name)")
      // A label is masked as text in any case.
      #expect(marks([("label", name)]) == [false], "\(name)")
    }
    for name in [
      "Save as…", "Open...", "Don't save", "Cut/Copy", "50 %", "1.5", "Version 2.0", "What's this? It's 'x",
      "", "\"\"", "/", "@", "e.g. this",
    ] {
      #expect(marks([("push button", name)]) == [false], "\(name)")
    }
    // Other items between the same separators are files too, and only those.
    let recent = [
      ("menu item", "Open"), ("separator", ""), ("menu item", "1 README"), ("menu item", "2 letter.txt"),
      ("check menu item", "3 LICENSE"), ("separator", ""), ("menu item", "Quit"),
    ]
    #expect(marks(recent) == [false, false, true, true, true, false, false])
    #expect(marks(Array(recent.dropLast(2))) == [false, false, true, true, true])
    // An item that quotes a text says nothing about the others.
    #expect(marks([("menu item", "Undo “x”"), ("menu item", "Redo")]) == [true, false])
  }

  @Test func aPopoverOfGTK4ShowsNothingWhereItIsNot() {
    let nodes = [
      node("w", "frame", Box(x: 0, y: 0, width: 400, height: 300)),
      node("m", "push button", Box(x: 300, y: 0, width: 100, height: 30), parent: 0),
      node("p", "filler", Box(x: 300, y: 0, width: 90, height: 170), parent: 1),
      node("b", "push button", Box(x: 20, y: 40, width: 60, height: 20), parent: 2),
    ]
    let popup = window(450, 80, 96, 176, xid: 2, isManaged: false)
    let widgets = assemble([reading(nodes, toolkit: .gtk4)], [window(100, 50, 400, 300), popup])
    #expect(
      widgets["app:b"]?.mark?.masks == true && widgets["app:m"]?.mark == nil && widgets["window:2"] != nil)
  }

  // MARK: Wayland

  @Test func aPopupOfUnknownPlaceMasksItsPossibleArea() {
    let nodes = tree + [node("p", "window", Box(x: 0, y: 0, width: 120, height: 90))]
    var own = window(100, 50, 400, 300)
    own.hasFocus = true
    let other = [node("v", "frame", Box(x: 0, y: 0, width: 300, height: 300))]
    let widgets = assemble(
      [reading(nodes), reading(other, pid: 8, owner: ":1.8")],
      [own, window(600, 50, 300, 300, pid: 8, xid: 2)], origin: .window)
    #expect(widgets["window:1"]?.mark?.masks == true && widgets["window:2"] == nil)
    // Within its size and a shadow around its window.
    let reach: [Double] = [-84, -104, 768, 608]
    #expect(corners(widgets["popup:0"]) == reach)
    #expect(widgets["popup:0"]?.mark?.masks == true)
  }

  @Test func aProgramWithoutATreeThatHasTheFocusMayHaveAPopupAnywhere() {
    var treeless = window(600, 50, 100, 100, pid: 9, xid: 2)
    var own = window(100, 50, 400, 300)
    func reasons() -> [SourceWindow.Reason?] {
      DesktopAssembly.outcome(
        of: [reading(tree)], windows: [own, treeless], origin: .window
      ).records.map(\.reason)
    }
    treeless.hasFocus = true
    #expect(reasons() == [.popup, .noTree])
    (own.hasFocus, treeless.hasFocus) = (true, false)
    #expect(reasons() == [nil, .noTree])
    own.hasFocus = false
    #expect(reasons() == [.popup, .noTree], "something has the focus that is not listed")
  }

  @Test func windowsAreNumberedAsTheyAreMet() {
    var history = WindowHistory()
    let one = WindowRecord(window: 5, pid: nil, nodes: 0, reason: .noProcess)
    history.note([one], at: 10)
    history.note([one, WindowRecord(window: 6, pid: 1, nodes: 7, reason: nil)], at: 20)
    history.note([WindowRecord(window: 6, pid: 1, nodes: 8, reason: .torn)], at: 30)
    history.note([WindowRecord(window: 5, pid: nil, nodes: 3, reason: nil)], at: 40)
    #expect(history.windows.map(\.number) == [1, 2, 3])
    #expect(history.windows.map(\.isOpen) == [false, false, true])
    #expect(history.windows.map(\.since) == [10, 30, 40] && history.windows.map(\.nodes) == [0, 8, 3])
  }

  @Test func checksNamesBeforeTheLibraryDoes() {
    for name in [":1.5", ":1.a-b_C", ":x.y.0"] { #expect(BusObject.isUniqueName(name)) }
    for name in ["", ":", ":1", "1.5", ":1.", ":.1", ":1..2", ":1.é", ":1.5 ", "org.a11y.Bus", ":1.\u{0}"] {
      #expect(!BusObject.isUniqueName(name))
    }
    #expect(!BusObject.isUniqueName(":1." + String(repeating: "a", count: 253)))
  }
}
