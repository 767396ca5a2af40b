import ScrimImage
import ScrimTestSupport
import Testing

@testable import ScrimRedact

/// The changes of pixels that a tree snapshot explains, rule by rule.
@Suite struct ExplainedChangesTests {
  static let width = 320
  static let height = 160
  static let all = Rect(x: 0, y: 0, width: width, height: height)

  /// A screen with its boxes, of which snapshots clear one state after another. No tile changes during a
  /// snapshot.
  struct Scene {
    var pixels = [Pixel](repeating: 0xE0E0E0, count: width * height)
    var widgets: [Widget] = []
    var windows: [Window] = []
    var policy = MaskPolicy(preset: .controls)
    var time: Int64 = 0
    private var changes = ExplainedChanges(
      TileGrid(width: width, height: height, side: MaskedFrame.clearanceSide))
    private var lastMasked = Region()
    private var last: Frame?

    /// A window of a panel with a button of 120 by 40 at (40, 40), another one beside it, and a label.
    init() {
      widgets = [
        Widget(id: "frame", role: "frame", x: 0, y: 0, width: 320, height: 160),
        Widget(id: "panel", role: "panel", x: 0, y: 0, width: 320, height: 160, parent: .id("frame")),
        Widget(
          id: "ok", role: "push button", name: "OK", x: 40, y: 40, width: 120, height: 40,
          parent: .id("panel")),
        Widget(
          id: "no", role: "push button", name: "No", x: 180, y: 40, width: 120, height: 40,
          parent: .id("panel")),
        Widget(
          id: "label", role: "label", name: "secret", x: 40, y: 100, width: 64, height: 20,
          parent: .id("panel")),
      ]
      fill(Rect(x: 40, y: 40, width: 120, height: 40), 0xC0C0C0)
      fill(Rect(x: 180, y: 40, width: 120, height: 40), 0xC0C0C0)
      text(60, 52)
      text(200, 52)
    }

    mutating func fill(_ rect: Rect, _ colour: Pixel) {
      for y in rect.y..<rect.maxY { for x in rect.x..<rect.maxX { pixels[y * width + x] = colour } }
    }

    /// Draws something with edges like letters, 60 by 16.
    mutating func text(_ x: Int, _ y: Int, _ colour: Pixel = 0x101010) {
      for letter in 0..<6 {
        fill(Rect(x: x + letter * 10, y: y, width: 2, height: 16), colour)
        fill(Rect(x: x + letter * 10, y: y + (letter * 5) % 14, width: 7, height: 2), colour)
      }
    }

    mutating func change(_ id: String, _ body: (inout Widget) -> Void) {
      body(&widgets[widgets.firstIndex { $0.id == id }!])
    }

    /// The same widget with other states.
    mutating func set(_ id: String, states: [String]) {
      let index = widgets.firstIndex { $0.id == id }!
      let old = widgets[index]
      widgets[index] = Widget(
        id: old.id, role: old.type, name: old.name, x: old.x, y: old.y, width: old.width, height: old.height,
        parent: old.parent, states: states)
    }

    /// Takes a snapshot of the current screen and boxes; returns the refused tiles as pixels.
    mutating func read(after nanoseconds: Int64 = 1_000_000_000) throws -> Region {
      time += nanoseconds
      let plan = MaskPlanner(policy: policy).plan(
        for: try WidgetTree(widgets: widgets, windows: windows), width: width, height: height,
        describesWholeWindows: true)
      let frame = Frame(width: width, height: height, pixels: pixels)
      if let last {
        let grid = TileGrid(width: width, height: height, side: MaskedFrame.clearanceSide)
        changes.note(0..<grid.count, of: last, masked: lastMasked)
      }
      last = frame
      lastMasked = plan.masked
      return changes.judge(
        frame, claims: plan.claims, boxes: plan.masked, masked: plan.masked,
        settled: TileSet(TileGrid(width: width, height: height, side: 16), full: true), at: time
      ).region
    }

    var filled: Region { changes.expired(at: time) }
  }

  /// A change, and whether trees with a matching change explain it.
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var isExplained: Bool
    var change: @Sendable (inout Scene) -> Void

    init(_ name: String, _ isExplained: Bool, _ change: @escaping @Sendable (inout Scene) -> Void) {
      testDescription = name
      self.isExplained = isExplained
      self.change = change
    }
  }

  static let button = Rect(x: 40, y: 40, width: 120, height: 40)

  static let cases: [Case] = [
    // Changes in the trees.
    Case("nothing", true) { _ in },
    Case("another name", true) {
      $0.fill(button, 0xC0C0C0)
      $0.text(80, 52)
      $0.change("ok") { $0.name = "Continue" }
    },
    Case("another state", true) {
      $0.text(70, 56)
      $0.set("ok", states: ["pressed"])
    },
    Case("the button moves, with what it shows", true) {
      $0.fill(button, 0xE0E0E0)
      $0.fill(Rect(x: 44, y: 48, width: 120, height: 40), 0xC0C0C0)
      $0.text(64, 60)
      $0.change("ok") { ($0.x, $0.y) = (44, 48) }
    },
    Case("another button", true) {
      $0.fill(Rect(x: 180, y: 100, width: 60, height: 40), 0xC0C0C0)
      $0.text(180, 110)
      $0.widgets.append(
        Widget(id: "new", role: "push button", x: 180, y: 100, width: 60, height: 40, parent: .id("panel")))
    },
    Case("a label goes, the panel shows", true) {
      $0.widgets.removeLast()
      $0.fill(Rect(x: 40, y: 100, width: 64, height: 20), 0xE0E0E0)
    },
    Case("a window opens", true) {
      $0.fill(Rect(x: 100, y: 20, width: 100, height: 100), 0xFFFFFF)
      $0.text(120, 48)
      $0.windows.append(Window(xid: 2, x: 100, y: 20, width: 100, height: 100))
      $0.widgets += [
        Widget(id: "popup", role: "window", x: 100, y: 20, width: 100, height: 100),
        Widget(id: "item", role: "menu item", x: 100, y: 20, width: 100, height: 100, parent: .id("popup")),
      ]
    },
    Case("the window is active no more, its panel looks otherwise", true) {
      $0.fill(Rect(x: 0, y: 120, width: 320, height: 40), 0xD0D0D0)
      $0.set("frame", states: ["active"])
    },
    // New looks.
    Case("hover: another face, the same letters", true) {
      $0.fill(button, 0xB0D0FF)
      $0.text(60, 52)
    },
    Case("hover: another face, letters of another colour", true) {
      $0.fill(button, 0x2040A0)
      $0.text(60, 52, 0xFFFFFF)
    },
    Case("hover: a face with a border and round corners, less than the box", true) {
      $0.fill(Rect(x: 44, y: 44, width: 112, height: 32), 0xB0B0B0)
      $0.fill(Rect(x: 45, y: 45, width: 110, height: 30), 0xD0D0D0)
      for (x, y) in [(44, 44), (155, 44), (44, 75), (155, 75)] { $0.pixels[y * width + x] = 0xC0C0C0 }
      $0.text(60, 52)
    },
    Case("the letters go", true) { $0.fill(button, 0xC0C0C0) },
    // Changes in no tree.
    Case("other letters", false) {
      $0.fill(button, 0xC0C0C0)
      $0.text(80, 52)
    },
    Case("the page scrolls by itself", false) {
      let old = $0.pixels
      for y in 0..<height - 8 {
        for x in 0..<width { $0.pixels[y * width + x] = old[(y + 8) * width + x] }
      }
    },
    Case("a toast with letters, on the button and beside it", false) {
      $0.fill(Rect(x: 100, y: 30, width: 90, height: 40), 0x303030)
      $0.text(110, 40, 0xFFFFFF)
    },
    Case("a popup without letters over both buttons", false) {
      $0.fill(Rect(x: 30, y: 44, width: 280, height: 30), 0x303030)
    },
    Case("a bar of the button's height", false) {
      $0.fill(Rect(x: 100, y: 40, width: 20, height: 40), 0x303030)
    },
    Case("a letter L as large as the button", false) {
      $0.fill(Rect(x: 42, y: 42, width: 16, height: 36), 0x303030)
      $0.fill(Rect(x: 42, y: 62, width: 116, height: 16), 0x303030)
    },
    Case("another face and other letters", false) {
      $0.fill(button, 0xB0D0FF)
      $0.text(80, 50)
    },
    Case("a small block", false) { $0.fill(Rect(x: 110, y: 48, width: 20, height: 20), 0x303030) },
    Case("text in the gap", false) { $0.text(200, 120) },
    Case("a moved bar code in the gap", false) {
      for bar in 0..<8 { $0.fill(Rect(x: 150 + bar * 16, y: 90, width: 8, height: 60), 0) }
    },
    Case("an animation by opacity", false) {
      $0.text(60, 52, 0x606060)
      $0.text(60, 50, 0x606060)
    },
    // Changes of masked widgets and neighbours.
    Case("letters on the button, the label is called otherwise", false) {
      $0.text(64, 56)
      $0.change("label") { $0.name = "other" }
    },
    Case("a block beside the label, the label is called otherwise", false) {
      $0.fill(Rect(x: 108, y: 104, width: 6, height: 8), 0)
      $0.change("label") { $0.name = "other" }
    },
    Case("letters on the button, the label has another state", false) {
      $0.text(64, 56)
      $0.set("label", states: ["focused"])
    },
    Case("letters on the button, the label says something else", false) {
      $0.text(64, 56)
      let old = $0.widgets.removeLast()
      $0.widgets.append(
        Widget(
          id: old.id, role: old.type, name: old.name, x: old.x, y: old.y, width: old.width,
          height: old.height,
          parent: old.parent, text: "text"))
    },
    Case("letters on the button, the other button is called otherwise", false) {
      $0.text(64, 56)
      $0.change("no") { $0.name = "Never" }
    },
    Case("letters on the button, the frame is called otherwise", false) {
      $0.text(64, 56)
      $0.change("frame") { $0.name = "busy" }
    },
    Case("letters on the button, the frame is active", false) {
      $0.text(64, 56)
      $0.set("frame", states: ["active"])
    },
    Case("letters on the button, the panel is busy", false) {
      $0.text(64, 56)
      $0.set("panel", states: ["busy"])
    },
    Case("letters in the gap, the panel is busy", false) {
      $0.text(200, 120)
      $0.set("panel", states: ["busy"])
    },
    Case("letters on the button, a window opens beside it", false) {
      $0.text(64, 56)
      $0.windows.append(Window(xid: 2, x: 200, y: 90, width: 50, height: 50))
      $0.widgets.append(Widget(id: "popup", role: "window", x: 200, y: 90, width: 50, height: 50))
    },
    Case("letters on the button, the panel is made larger", false) {
      $0.text(64, 56)
      $0.change("panel") { $0.height = 150 }
    },
  ]

  @Test(arguments: cases) func explains(_ one: Case) throws {
    var scene = Scene()
    scene.windows = [Window(xid: 1, x: 0, y: 0, width: 320, height: 160)]
    #expect(try scene.read().isEmpty, "the first reading explains what it describes")
    #expect(try scene.read().isEmpty)
    one.change(&scene)
    let refused = try scene.read()
    #expect(refused.isEmpty == one.isExplained)
    // The result stays the same while no tree changes.
    #expect(try scene.read() == refused)
  }

  @Test func earlierContentOfTheNodeIsShownAgain() throws {
    var scene = Scene()
    let before = scene.pixels
    _ = try scene.read()
    scene.text(80, 52)
    let after = scene.pixels
    scene.set("ok", states: ["pressed"])
    #expect(try scene.read().isEmpty)
    // Back and forth, while the tree stays the same.
    scene.pixels = before
    #expect(try scene.read().isEmpty)
    scene.pixels = after
    #expect(try scene.read().isEmpty)
    scene.text(82, 52)
    #expect(try !scene.read().isEmpty)
    scene.pixels = after
    #expect(try scene.read().isEmpty)
    // For another node it is unknown.
    scene.widgets.removeAll { $0.id == "ok" }
    scene.widgets.append(
      Widget(id: "item", role: "toggle button", x: 40, y: 40, width: 120, height: 40, parent: .id("panel")))
    #expect(try scene.read().isEmpty)
    scene.pixels = before
    #expect(try !scene.read().isEmpty)
  }

  @Test func unexplainedTilesAreFillAfterFiveSeconds() throws {
    var scene = Scene()
    _ = try scene.read()
    let before = scene.pixels
    // In two tiles, with one between them.
    scene.fill(Rect(x: 50, y: 50, width: 2, height: 2), 0)
    scene.fill(Rect(x: 82, y: 70, width: 2, height: 2), 0)
    let refused = try scene.read()
    #expect(!refused.isEmpty && scene.filled.isEmpty)
    _ = try scene.read(after: 4_999_999_999)
    #expect(scene.filled.isEmpty)
    _ = try scene.read(after: 1)
    #expect(scene.filled == refused)
    #expect(refused.rects.count == 1, "the outline of letters is not to be seen")
    scene.pixels = before
    #expect(try scene.read().isEmpty && scene.filled.isEmpty)
  }

  @Test func aRuleMayTrustAWidgetsPixels() throws {
    for trust in MaskPolicy.Trust.allCases {
      var scene = Scene()
      scene.policy.rules.insert(
        MaskPolicy.Rule(
          roles: [Role(named: "push button")!], names: [try NamePattern("OK")], decision: .unmask,
          trust: trust),
        at: 0)
      _ = try scene.read()
      scene.text(64, 56)
      #expect(try scene.read().isEmpty == (trust == .always))
      scene.text(204, 56)
      let refused = try scene.read()
      #expect(refused.contains(x: 210, y: 60))
      #expect(refused.contains(x: 70, y: 60) == (trust == .explained))
    }
  }

  /// A tool tip, which is a window without a tree, hides the button for a while.
  @Test func pixelsHiddenByAMaskAreComparedWithTheEarlierOnes() throws {
    var scene = Scene()
    _ = try scene.read()
    let before = scene.pixels
    for isSame in [true, false] {
      scene.pixels = before
      _ = try scene.read()
      scene.windows = [Window(xid: 9, x: 60, y: 45, width: 50, height: 20)]
      scene.fill(Rect(x: 60, y: 45, width: 50, height: 20), 0xFFFF80)
      #expect(try scene.read().isEmpty)
      scene.windows = []
      scene.pixels = before
      if !isSame { scene.text(100, 58) }
      #expect(try scene.read().isEmpty == isSame)
    }
  }

  /// What was unexplained in a window stays so when the window moves, is hidden for a while, or lies under
  /// another one.
  @Test(arguments: ["moved", "cut", "hidden", "empty", "covered"]) func windowsTakeUnexplainedPixelsAlong(
    _ how: String
  ) throws {
    let (width, height) = (Self.width, Self.height)
    for isExplained in [false, true] {
      var scene = Scene()
      scene.windows = [Window(xid: 1, x: 0, y: 0, width: 320, height: 160)]
      _ = try scene.read()
      scene.text(64, 56)
      #expect(try scene.read().contains(x: 66, y: 60), "no tree explains other letters")
      let (pixels, widgets, windows) = (scene.pixels, scene.widgets, scene.windows)
      var shift = 0
      switch how {
      case "moved", "cut":
        // Or so far that the button lies at the picture's edge, and its box is clipped.
        shift = how == "cut" ? 192 : 32
        for y in 0..<height {
          for x in 0..<width {
            scene.pixels[y * width + x] = x < shift ? 0x777777 : pixels[y * width + x - shift]
          }
        }
        for index in scene.widgets.indices { scene.widgets[index].x += Double(shift) }
        scene.windows[0].x += Double(shift)
      case "hidden":
        scene.pixels = [Pixel](repeating: 0x777777, count: width * height)
        (scene.widgets, scene.windows) = ([], [])
        _ = try scene.read()
      case "empty":
        // As a browser's page that is not visible.
        scene.widgets = Array(widgets.prefix(1))
        _ = try scene.read()
      default:
        scene.windows.append(Window(xid: 2, x: 0, y: 0, width: 320, height: 160))
        scene.widgets.append(Widget(id: "other", role: "frame", x: 0, y: 0, width: 320, height: 160))
        scene.fill(Self.all, 0x555555)
        _ = try scene.read()
      }
      if shift == 0 { (scene.pixels, scene.widgets, scene.windows) = (pixels, widgets, windows) }
      if isExplained { scene.change("ok") { $0.name = "Continue" } }
      for _ in 0..<2 { #expect(try scene.read().contains(x: 66 + shift, y: 60) != isExplained) }
    }
  }
}
