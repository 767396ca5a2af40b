import ScrimImage
import ScrimTestSupport
import Testing

@testable import ScrimRedact

/// Pages that scroll while their boxes stay, or follow in part.
@Suite struct ScrollWitnessTests {
  static let width = 240
  static let height = 320
  static let rowHeight = 40

  /// A page of rows, each a button and a secret beside it, at a scroll offset.
  struct Page {
    private var changes = ExplainedChanges(
      TileGrid(width: width, height: height, side: MaskedFrame.clearanceSide))
    private var last: (frame: Frame, masked: Region)?
    private var time: Int64 = 0
    /// Labels of all buttons are the same.
    var isUniform = false
    var hovered: Int?
    var count = 60
    /// Buttons of a window that is not active.
    var face: Pixel = 0xC0C0C0

    /// Reads the page with its pixels and its boxes at these offsets; returns whether a secret is shown,
    /// and the refused pixels.
    mutating func read(pixels: Int, boxes: Int) throws -> (isSecretShown: Bool, refused: Region) {
      time += 1_000_000_000
      var random = SeededGenerator(seed: 7)
      var picture = [Pixel](repeating: 0xF0F0F0, count: width * height)
      var secrets: [Int] = []
      func put(_ x: Int, _ y: Int, _ colour: Pixel) {
        if y >= 0, y < height { picture[y * width + x] = colour }
      }
      var widgets = [
        Widget(id: "page", role: "document web", x: 0, y: 0, width: 240, height: 320)
      ]
      for row in 0..<count {
        let top = row * rowHeight - pixels
        var letters = SeededGenerator(seed: isUniform ? 3 : UInt64(row) + 10)
        for y in top + 4..<top + 36 {
          for x in 8..<100 { put(x, y, row == hovered ? 0xA0C0E0 : face) }
        }
        for y in top + 12..<top + 24 {
          for x in stride(from: 20, to: 80, by: 4) where Bool.random(using: &letters) {
            put(x, y, 0x202020)
            put(x + 1, y, 0x202020)
          }
        }
        for y in top + 12..<top + 24 {
          for x in 112..<220 where Bool.random(using: &random) {
            put(x, y, 0xC01873)
            if y >= 0, y < height { secrets.append(y * width + x) }
          }
        }
        let box = row * rowHeight - boxes
        guard box + rowHeight > 0, box < height else { continue }
        widgets.append(
          Widget(
            id: "b\(row)", role: "push button", name: "Row", x: 8, y: Double(box + 4), width: 92, height: 32,
            parent: .id("page")))
        widgets.append(
          Widget(
            id: "t\(row)", role: "label", x: 104, y: Double(box + 8), width: 130, height: 20,
            parent: .id("page")))
      }
      let plan = MaskPlanner(policy: MaskPolicy(preset: .controls)).plan(
        for: try WidgetTree(
          widgets: widgets, windows: [Window(xid: 1, x: 0, y: 0, width: 240, height: 320)]),
        width: width, height: height, describesWholeWindows: true)
      let frame = Frame(width: width, height: height, pixels: picture)
      let grid = TileGrid(width: width, height: height, side: 16)
      if let last { changes.note(0..<grid.count, of: last.frame, masked: last.masked) }
      last = (frame, plan.masked)
      let refused = changes.judge(
        frame, claims: plan.claims, boxes: plan.masked, masked: plan.masked,
        settled: TileSet(grid, full: true), at: time
      ).region
      let hidden = refused.union(plan.masked)
      return (secrets.contains { !hidden.contains(x: $0 % width, y: $0 / width) }, refused)
    }
  }

  /// Two buttons that are both found at one other place contradict their boxes.
  @Test func twoButtonsSuffice() throws {
    var page = Page()
    page.count = 2
    _ = try page.read(pixels: 0, boxes: 0)
    _ = try page.read(pixels: 0, boxes: 0)
    #expect(try !page.read(pixels: -80, boxes: -40).isSecretShown)
    #expect(try page.read(pixels: -80, boxes: -80).refused.isEmpty)
  }

  @Test(arguments: [10, 40, 100, 1000]) func boxesThatMoveWithThePageAreTrusted(step: Int) throws {
    var page = Page()
    for offset in 0..<4 {
      #expect(try page.read(pixels: offset * step, boxes: offset * step).refused.isEmpty)
    }
  }

  @Test(arguments: [(100, 0), (20, 0), (200, 100), (100, 200), (1000, 100), (60, 40)])
  func boxesThatStayBehindShowNoSecret(pixels: Int, boxes: Int) throws {
    var page = Page()
    #expect(try page.read(pixels: 0, boxes: 0).refused.isEmpty)
    for _ in 0..<3 { #expect(try !page.read(pixels: pixels, boxes: boxes).isSecretShown) }
    // The tree catches up.
    #expect(try page.read(pixels: pixels, boxes: pixels).refused.isEmpty)
  }

  @Test func anotherFaceOnTheWayIsNoContradiction() throws {
    var page = Page()
    #expect(try page.read(pixels: 0, boxes: 0).refused.isEmpty)
    page.face = 0xD8D8D8
    #expect(try page.read(pixels: 60, boxes: 60).refused.isEmpty)
    page.face = 0xC0C0C0
    #expect(try !page.read(pixels: 120, boxes: 90).isSecretShown)
  }

  @Test func equalButtonsAreNoContradiction() throws {
    var page = Page()
    page.isUniform = true
    #expect(try page.read(pixels: 0, boxes: 0).refused.isEmpty)
    page.hovered = 2
    #expect(try page.read(pixels: 0, boxes: 0).refused.isEmpty)
    page.hovered = 3
    #expect(try page.read(pixels: 0, boxes: 0).refused.isEmpty)
    page.hovered = nil
    #expect(try page.read(pixels: 60, boxes: 60).refused.isEmpty)
  }
}
