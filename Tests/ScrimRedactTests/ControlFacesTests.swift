import ScrimImage
import ScrimRedact
import Testing

/// Rules by role alone: Masking.md, section 4.
struct ControlFacesTests {
  private func shown(
    _ widgets: [Widget], _ policy: MaskPolicy = MaskPolicy(preset: .controls), width: Int = 1280,
    height: Int = 800, scale: Double = 1, windows: [Window] = []
  ) throws -> Set<String> {
    let tree = try WidgetTree(widgets: widgets, windows: windows, boxScale: scale)
    let plan = MaskPlanner(policy: policy).plan(
      for: tree, width: width, height: height, describesWholeWindows: true)
    let hidden = plan.masked.union(plan.guarded)
    return Set(
      widgets.indices.filter { Region(tree.rects[$0]).intersection(hidden).isEmpty }.compactMap {
        widgets[$0].id
      })
  }

  @Test func aCardIsNoControl() throws {
    func button(_ width: Double, _ height: Double) -> Widget {
      MaskPlannerTests.widget("b", "push button", (10, 10, width, height))
    }
    #expect(try shown([button(480, 96)]) == ["b"])
    #expect(try shown([button(481, 96)]).isEmpty && shown([button(480, 97)]).isEmpty)
    func texts(_ count: Int) -> [Widget] {
      (0..<count).map {
        MaskPlannerTests.widget("t\($0)", "label", (12, 12 + Double($0) * 9, 50, 8), in: "b")
      }
    }
    #expect(try shown([button(300, 64)] + texts(2)) == ["b", "t0", "t1"])
    #expect(try shown([button(300, 64)] + texts(3)).isEmpty)
    #expect(try shown([button(300, 65)] + texts(1)) == ["b", "t0"])
    #expect(try shown([button(300, 65)] + texts(2)).isEmpty)
    // Its pixels are a gap, and the widgets in it are decided separately.
    let label = MaskPlannerTests.widget("l", "label", (20, 20, 50, 10), in: "b")
    let plan = MaskPlanner(policy: MaskPolicy(preset: .controls)).plan(
      for: try WidgetTree(widgets: [button(300, 200), label]), width: 1280, height: 800,
      describesWholeWindows: true)
    #expect(plan.masks.contains { $0.widget == 1 && $0.reason == .nature })
    #expect(plan.guarded.contains(x: 200, y: 150) && !plan.masked.contains(x: 200, y: 150))
    // Under a masked ancestor it stays masked.
    let row = MaskPlannerTests.widget("r", "list item", (0, 0, 700, 300))
    let inside = MaskPlannerTests.widget("b", "push button", (10, 10, 300, 200), in: "r")
    #expect(try shown([row, inside]).isEmpty)
    // A rule with an id vouches for all of it.
    for rule in [#"{"role":"push button","id":"*","decision":"unmask"}"#, #"{"id":"b","decision":"unmask"}"#]
    {
      #expect(try shown([button(900, 500)], MaskPolicy(json: Array(#"{"rules":[\#(rule)]}"#.utf8))) == ["b"])
    }
    var marked = button(900, 500)
    marked.mark = .shown
    #expect(try shown([marked]) == ["b"])
  }

  @Test func aControlsSizeGrowsWithItsScale() throws {
    #expect(try shown([MaskPlannerTests.widget("b", "push button", (10, 10, 200, 60))], scale: 2) == ["b"])
    var scaled = MaskPlannerTests.widget("b", "push button", (10, 10, 900, 160))
    #expect(try shown([scaled]).isEmpty)
    scaled.scale = 2
    #expect(try shown([scaled]) == ["b"])
    // A phone's screen, 1080 pixels wide; a window on a portrait monitor does not count.
    let phone = MaskPlannerTests.widget("b", "button", (60, 60, 960, 144))
    #expect(try shown([phone], width: 1080, height: 2160) == ["b"])
    let monitor = [Window(x: 0, y: 0, width: 1080, height: 2160)]
    #expect(try shown([phone], width: 1080, height: 2160, windows: monitor).isEmpty)
  }

  @Test func aPictureInAControlIsItsIconIfItIsSmall() throws {
    let button = MaskPlannerTests.widget("b", "push button", (0, 0, 400, 60))
    #expect(
      try shown([button, MaskPlannerTests.widget("i", "image", (4, 4, 52, 52), in: "b")]) == ["b", "i"])
    #expect(
      try !shown([button, MaskPlannerTests.widget("i", "image", (4, 4, 300, 52), in: "b")]).contains("i"))
  }

  @Test func tabsOfDocumentsAreContent() throws {
    let list = MaskPlannerTests.widget("l", "page tab list", (0, 0, 400, 30))
    let tabs = ["a", "b"].enumerated().map {
      MaskPlannerTests.widget($1, "page tab", (Double($0) * 100, 0, 100, 30), in: "l")
    }
    #expect(try shown([list] + tabs) == ["a", "b"])
    // A button to close one of them, under the tab or beside it.
    for parent in ["a", "l"] {
      let close = MaskPlannerTests.widget("c", "push button", (80, 5, 16, 16), in: parent)
      #expect(try shown([list] + tabs + [close]).isDisjoint(with: ["a", "b"]))
    }
    // A page that is mostly one text, under its tab or beside the row.
    for parent in ["a", "w"] {
      let window = MaskPlannerTests.widget("w", "frame", (0, 0, 400, 300))
      var list = list
      list.parent = .id("w")
      let page = MaskPlannerTests.widget("p", "panel", (0, 30, 400, 270), in: parent)
      let text = MaskPlannerTests.widget("t", "text", (0, 40, 400, 200), in: "p", states: ["multi-line"])
      let small = MaskPlannerTests.widget("t", "text", (0, 40, 400, 60), in: "p", states: ["multi-line"])
      #expect(try shown([window, list] + tabs + [page, text]).isEmpty)
      #expect(try shown([window, list] + tabs + [page, small]) == ["a", "b"])
    }
    // A document beside one of three containers around the row: the sheets of a spreadsheet.
    for depth in 0...3 {
      let around = (0...depth).map {
        MaskPlannerTests.widget("p\($0)", "panel", (0, 0, 400, 300), in: $0 == 0 ? nil : "p\($0 - 1)")
      }
      var list = list
      list.parent = .id("p\(depth)")
      let sheet = MaskPlannerTests.widget("d", "document spreadsheet", (0, 40, 400, 200), in: "p0")
      let cell = MaskPlannerTests.widget("e", "table", (0, 40, 400, 200), in: "d")
      #expect(try shown(around + [sheet, cell, list] + tabs) == (depth < 3 ? [] : ["a", "b"]), "\(depth)")
    }
    // A rule that names the state shows them.
    let marked = MaskPlannerTests.widget("a", "page tab", (0, 0, 100, 30), states: ["content"])
    #expect(try shown([marked]).isEmpty)
    let rule = #"{"rules":[{"role":"page tab","state":"content","decision":"unmask"}]}"#
    #expect(try shown([marked], MaskPolicy(json: Array(rule.utf8))) == ["a"])
  }

  @Test func namesOfFoldersAndSummariesAreContent() throws {
    let row = MaskPlannerTests.widget("r", "panel", (0, 0, 400, 30))
    func path(_ role: String, _ pressed: [Bool]) -> [Widget] {
      [row]
        + pressed.enumerated().map {
          MaskPlannerTests.widget(
            "\($0)", role, (Double($0) * 50, 0, 50, 30), in: "r", states: $1 ? ["checked"] : [])
        }
    }
    for role in ["toggle button", "push button"] {
      #expect(try shown(path(role, [false, true, false])).isEmpty)
      // If none or several are pressed, it is not a path.
      #expect(try shown(path(role, [false, false])) == ["0", "1"])
      #expect(try shown(path(role, [true, true])) == ["0", "1"])
    }
    let chooser = MaskPlannerTests.widget("f", "file chooser", (0, 0, 400, 300))
    let folder = MaskPlannerTests.widget("t", "toggle button", (0, 0, 50, 30), in: "f")
    let open = MaskPlannerTests.widget("o", "push button", (300, 260, 50, 30), in: "f")
    #expect(try shown([chooser, folder, open]) == ["o"])
    let page = MaskPlannerTests.widget("d", "document web", (0, 0, 400, 300))
    for role in ["push button", "toggle button"] {
      let summary = MaskPlannerTests.widget("s", role, (0, 0, 100, 20), in: "d", states: ["expandable"])
      #expect(try shown([page, summary]).isEmpty)
      #expect(try shown([page, MaskPlannerTests.widget("s", role, (0, 0, 100, 20), in: "d")]) == ["s"])
    }
    #expect(try shown([MaskPlannerTests.widget("s", "disclosure triangle", (0, 0, 100, 20))]).isEmpty)
  }
}
