import ScrimImage
import ScrimRedact
import Testing

@testable import ScrimCapture

private typealias Box = AccessibleNode.Box

private func node(
  _ path: String, _ role: String, _ box: Box?, parent: Int? = nil, name: String = "", isTorn: Bool = false
) -> AccessibleNode {
  AccessibleNode(
    object: BusObject(owner: ":1.5", path: "/a/\(path)"), role: role, name: name,
    states: [.showing, .visible, .sensitive], box: box, hasText: false, parent: parent, isTorn: isTorn)
}

private func reading(
  _ nodes: [AccessibleNode], toolkit: AccessibleApplication.Toolkit = .other, pid: Int? = 7,
  outcome: ApplicationReading.Outcome = .whole
) -> ApplicationReading {
  ApplicationReading(
    application: AccessibleApplication(
      root: BusObject(owner: ":1.5", path: "/root"), name: "app", toolkit: toolkit, pid: pid),
    nodes: nodes, outcome: outcome, duration: 0, calls: 0)
}

private func window(
  _ x: Double, _ y: Double, _ width: Double, _ height: Double, pid: Int? = 7, title: String = "",
  frame: Window.Extents? = nil, shadow: Window.Extents? = nil, xid: Int = 1
) -> DesktopWindow {
  DesktopWindow(
    window: Window(
      xid: xid, x: x, y: y, width: width, height: height, frameExtents: frame, shadowExtents: shadow),
    pid: pid, title: title)
}

private func assemble(
  _ readings: [ApplicationReading], _ windows: [DesktopWindow], origin: DesktopAssembly.Origin = .screen
) -> [String: Widget] {
  let widgets = DesktopAssembly.widgets(of: readings, windows: windows, origin: origin)
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
      #expect(widgets["app:w"]?.mask == nil)
      #expect(widgets["window:1"] == nil)
    }
  }

  @Test func masksAWindowThatItsTreeDisagreesWith() {
    // Dragged since, resized since, another's.
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
    // Two windows of one size: the title tells, and where it doesn't, both are masked.
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

  @Test func dropsWhatAScrollerOfGTK4Hides() {
    let tree = [
      node("w", "frame", Box(x: 0, y: 0, width: 400, height: 300)),
      node("s", "scroll pane", Box(x: 0, y: 100, width: 400, height: 100), parent: 0),
      node("seen", "label", Box(x: 0, y: 150, width: 40, height: 20), parent: 1),
      node("above", "label", Box(x: 0, y: 20, width: 40, height: 20), parent: 1),
    ]
    let widgets = assemble([reading(tree, toolkit: .gtk4)], [window(0, 0, 400, 300)])
    #expect(Set(widgets.keys) == ["app:w", "app:s", "app:seen"])
  }

  /// A container without listed children is masked; a scroll bar says nothing of what it scrolls.
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
    #expect(hung["window:1"]?.mask == true)
    let treeless = assemble([], [window(100, 50, 400, 300, title: "glxgears")])
    #expect(treeless["window:1"]?.mask == nil)
    #expect(treeless["window:1"]?.name == "glxgears")
    #expect(treeless["window:1"]?.role.nature == .unknown)
  }

  @Test func masksWhatHoldsANodeThatCannotBeRead() {
    let torn = [
      node("w", "frame", Box(x: 100, y: 50, width: 400, height: 300)),
      node("p", "panel", Box(x: 110, y: 60, width: 100, height: 100), parent: 0, isTorn: true),
    ]
    let widgets = assemble([reading(torn)], [window(100, 50, 400, 300)])
    #expect(widgets["app:p"]?.mask == true)
    #expect(widgets["app:w"]?.mask == nil)
    let boxless = [torn[0], node("p", "panel", nil, parent: 0, isTorn: true)]
    #expect(assemble([reading(boxless)], [window(100, 50, 400, 300)])["window:1"]?.mask == true)
  }

  /// A policy that shows a lower window's button shows nothing of what an upper window draws over it without a node.
  @Test func masksWhatAnUpperWindowDrawsOverALowerOnesWidgets() throws {
    let upper = [
      node("u", "frame", Box(x: 130, y: 40, width: 200, height: 60)),
      node("ok", "push button", Box(x: 140, y: 62, width: 100, height: 10), parent: 0),
    ]
    let lower = [window(100, 50, 400, 300), window(130, 40, 200, 60, pid: 8, xid: 2)]
    let widgets = assemble([reading(tree), reading(upper, pid: 8)], lower)
    let covered = widgets.filter { $0.key.hasPrefix("covered:") }.values
    // Of the button at 110…160, 60…80 what lies right of 130, but for the upper one's button.
    let rects = covered.map { Rect(x: Int($0.x), y: Int($0.y), width: Int($0.width), height: Int($0.height)) }
    let expected = Region(Rect(x: 130, y: 60, width: 30, height: 20))
      .subtracting(Region(Rect(x: 140, y: 62, width: 20, height: 10)))
    #expect(Region(union: rects) == expected && covered.allSatisfy { $0.mask == true })
    // The other way round it is the other one's button.
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
    #expect(widgets["app:h"]?.mask == nil)
    #expect(widgets["app:l"]?.mask == true)
  }

  @Test func tellsApplicationsOfOneNameApart() {
    let other = reading(tree, pid: 8)
    let widgets = assemble(
      [reading(tree), other], [window(100, 50, 400, 300), window(100, 50, 400, 300, pid: 8, xid: 2)])
    #expect(Set(widgets.keys) == ["app@7:w", "app@7:b", "app@8:w", "app@8:b"])
  }

  @Test func checksNamesBeforeTheLibraryDoes() {
    for name in [":1.5", ":1.a-b_C", ":x.y.0"] { #expect(BusObject.isUniqueName(name)) }
    for name in ["", ":", ":1", "1.5", ":1.", ":.1", ":1..2", ":1.é", ":1.5 ", "org.a11y.Bus", ":1.\u{0}"] {
      #expect(!BusObject.isUniqueName(name))
    }
    #expect(!BusObject.isUniqueName(":1." + String(repeating: "a", count: 253)))
  }
}
