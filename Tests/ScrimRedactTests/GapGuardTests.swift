import ScrimImage
import ScrimRedact
import ScrimTestSupport
import Testing

@Suite struct GapGuardTests {
  // MARK: What passes

  @Test func groundsPass() {
    #expect(Sketch(200, 120) { _, _ in 0x336699 }.suspects().isEmpty)
    #expect(Sketch(200, 120) { _, y in grey(10 + 2 * y) }.suspects().isEmpty)
    #expect(Sketch(200, 120) { x, _ in grey(255 - x) }.suspects().isEmpty)
    #expect(Sketch(40, 120) { x, _ in grey(6 * x) }.suspects().isEmpty, "as steep as a shadow")
  }

  @Test func linesAndFramesPass() {
    for length in [64, 65, 150] {
      // Up to the picture's edges, so that a line has no ends.
      let rule = Sketch(length, 100).fill(0, 37, length, 1, 0xC0C0C0).fill(0, 60, length, 2, 0)
      #expect(rule.suspects().isEmpty, "\(length) wide")
      let upright = Sketch(100, length).fill(40, 0, 1, length, 0).fill(52, 0, 3, length, 0xDDDDDD)
      #expect(upright.suspects().isEmpty, "\(length) high")
    }
    let frame = Sketch(220, 180).fill(13, 21, 150, 110, 0x777777).fill(14, 22, 148, 108, 0xFFFFFF)
    #expect(frame.suspects().isEmpty)
    let fading = Sketch(220, 90) { x, y in y < 40 ? grey(200) : grey(100 - x / 4) }
    #expect(fading.suspects().isEmpty, "a border over a gradient")
  }

  @Test func gridsPass() {
    var grid = Sketch(600, 400)
    for x in stride(from: 0, to: 600, by: 80) { grid = grid.fill(x, 0, 1, 400, 0xC8C8C8) }
    for y in stride(from: 0, to: 400, by: 17) { grid = grid.fill(0, y, 600, 1, 0xC8C8C8) }
    #expect(grid.suspects().isEmpty)
  }

  @Test func blocksOfAnInterfacePass() {
    let sidebar = Sketch(640, 480).fill(0, 0, 120, 480, 0x334455)
    #expect(sidebar.suspects().isEmpty, "along a whole side of the picture")
    let toolbar = Sketch(640, 480).fill(0, 0, 640, 40, 0xDDDDDD).fill(0, 440, 640, 40, 0xEEDDDD)
    #expect(toolbar.suspects().isEmpty)
    let card = Sketch(640, 480).fill(40, 60, 300, 200, 0xDDEEFF)
    #expect(card.suspects().isEmpty, "over 30 % both ways")
    let small = Sketch(640, 480).fill(40, 60, 120, 90, 0xDDEEFF)
    #expect(!small.suspects().isEmpty)
    let box = Rect(x: 40, y: 60, width: 120, height: 90)
    #expect(small.suspects(boxes: GapBoxes(containers: [box])).isEmpty, "where it fills a container")
    let shifted = Rect(x: 60, y: 87, width: 120, height: 90)
    #expect(!small.suspects(boxes: GapBoxes(containers: [shifted])).isEmpty)
  }

  /// A stem of faint print beside whose strong edges its ends are soft.
  @Test func softEdgesOfFaintPrintAreCaught() {
    let sketch = Sketch(600, 400) { x, y in
      guard (200..<224).contains(x) else { return grey(246) }
      return (100..<280).contains(y) ? grey(236) : y == 99 || y == 280 ? grey(241) : grey(246)
    }
    #expect(sketch.suspects().contains(x: 212, y: 200))
    let cells = Sketch(300, 346).fill(34, 83, 119, 119, 0x3A3838).fill(154, 83, 119, 119, 0xDEDEDE)
      .fill(34, 203, 119, 119, 0x555555).fill(154, 203, 119, 119, 0x706E6E)
    #expect(cells.suspects().contains(x: 90, y: 140) && cells.suspects().contains(x: 200, y: 260))
    let panes = Sketch(400, 300).fill(0, 0, 200, 300, 0xDDDDEE).fill(200, 0, 200, 300, 0xEEDDDD)
    #expect(panes.suspects().isEmpty)
  }

  /// Cells of a heat map that reach 30 % of a low picture.
  @Test func equalBlocksSideBySideAreCells() {
    var map = Sketch(900, 226)
    for cell in 0..<5 { map = map.fill(140 + cell * 80, 20, 77, 77, grey(40 + cell * 35)) }
    let suspects = map.suspects()
    for cell in 0..<5 { #expect(suspects.contains(x: 180 + cell * 80, y: 50)) }
  }

  @Test func troughsPassInTheirDecorationAlone() {
    let trough = Sketch(640, 480).fill(100, 200, 160, 6, 0x3584E4)
    trough.expectInkMasked()
    let box = Rect(x: 98, y: 196, width: 164, height: 14)
    let shown = trough.suspects(boxes: GapBoxes(containers: [box], decorations: [box]))
    // Its ends are short lines.
    #expect(!shown.contains(x: 180, y: 203))
    let alone = trough.suspects(boxes: GapBoxes(decorations: [box]))
    #expect(!alone.contains(x: 180, y: 203), "a decoration need not be a container")
  }

  @Test func groundsBetweenMasksPass() {
    var island = Sketch(640, 480)
    island.hide(Rect(x: 100, y: 100, width: 300, height: 60))
    island.hide(Rect(x: 100, y: 220, width: 300, height: 60))
    island.hide(Rect(x: 100, y: 100, width: 60, height: 180))
    island.hide(Rect(x: 340, y: 100, width: 60, height: 180))
    #expect(island.suspects().isEmpty)
    let print = island.fill(160, 160, 180, 60, 0xDDEEFF)
    #expect(print.suspects().contains(x: 250, y: 190), "of another colour than every ground")
  }

  /// The tiles of round corners cut a strip of the ground off, between the panel and a mask.
  @Test func groundsThatRoundCornersCutPass() {
    let radius = 9
    var panel = Sketch(640, 480) { x, y in
      let dx = max(106 + radius - x, x - (499 - radius), 0)
      let dy = max(100 + radius - y, y - (399 - radius), 0)
      return dx * dx + dy * dy <= radius * radius && (106..<500).contains(x) && (100..<400).contains(y)
        ? 0xFFFFFF : 0x404040
    }
    panel.hide(Rect(x: 40, y: 60, width: 60, height: 380))
    #expect(!panel.suspects().contains(x: 102, y: 250))
  }

  @Test func frameOfAContainerPasses() {
    let frame = Sketch(900, 640).fill(100, 80, 120, 90, 0x777777).erase(101, 81, 118, 88)
    #expect(frame.suspects().contains(x: 160, y: 80))
    let box = Rect(x: 100, y: 80, width: 120, height: 90)
    #expect(frame.suspects(boxes: GapBoxes(containers: [box])).isEmpty)
  }

  @Test func bordersOfAContainerPassWhereverTheyEnd() {
    let rule = Sketch(640, 480).fill(100, 200, 300, 1, 0x777777).write(atX: 402, y: 197, ink: 0)
    #expect(rule.suspects().contains(x: 200, y: 200))
    let box = Rect(x: 90, y: 200, width: 400, height: 150)
    #expect(!rule.suspects(boxes: GapBoxes(containers: [box])).contains(x: 200, y: 200))
  }

  /// A JPEG has small steps beside every line.
  @Test func smallStepsBesideLinesOfAJPEGPass() {
    let rule = Sketch(640, 480).fill(0, 200, 640, 2, 0x404040).fill(300, 204, 6, 2, grey(250))
    #expect(rule.suspects().contains(x: 302, y: 204))
    var lossy = GapGuard(isLossy: true)
    #expect(rule.suspects(by: &lossy).isEmpty)
  }

  @Test func roundCornersLoseOnlyTheCorners() {
    let radius = 9
    let panel = Sketch(240, 200) { x, y in
      let dx = max(20 + radius - x, x - (219 - radius), 0)
      let dy = max(20 + radius - y, y - (179 - radius), 0)
      return dx * dx + dy * dy <= radius * radius && (20..<220).contains(x) && (20..<180).contains(y)
        ? 0xFFFFFF : 0x404040
    }
    let suspects = panel.suspects()
    #expect(!suspects.isEmpty && suspects.area < 4 * 20 * 20)
    for rect in suspects.rects {
      #expect(rect.maxX <= 40 || rect.x >= 200)
      #expect(rect.maxY <= 40 || rect.y >= 160)
    }
  }

  // MARK: What is caught

  @Test func lettersAreCaughtAtEveryPhase() {
    for phase in 0..<64 {
      for ink: Pixel in [0x000000, 0xE0E0E0, 0xFFFFE7, 0xFCFCFC] {
        Sketch(96, 40).write(atX: 20 + phase % 8, y: 12 + phase / 8, ink: ink).expectInkMasked()
      }
    }
  }

  @Test func coloursOfEqualLumaAreCaught() {
    // 0.299 R + 0.587 G + 0.114 B is 128 for both, within half a level.
    Sketch(96, 40) { _, _ in 0x808080 }.write(atX: 21, y: 13, ink: 0xB4_67_7D).expectInkMasked()
  }

  @Test func slicesBesideMasksAreCaught() {
    for visible in 1...3 {
      for cut in 0..<40 {
        var columns = Sketch(96, 40).write(atX: 20, y: 12, ink: 0x202020)
        columns.hide(Rect(x: 0, y: 0, width: 20 + cut, height: 40))
        columns.hide(Rect(x: 20 + cut + visible, y: 0, width: 96, height: 40))
        columns.expectInkMasked()
      }
      for cut in 0..<7 {
        var above = Sketch(96, 40).write(atX: 20, y: 12, ink: 0x202020)
        above.hide(Rect(x: 10, y: 12 + cut + visible, width: 80, height: 40))
        above.expectInkMasked()
        var below = Sketch(96, 40).write(atX: 20, y: 12, ink: 0x202020)
        below.hide(Rect(x: 10, y: 0, width: 80, height: 12 + cut))
        below.expectInkMasked()
      }
    }
  }

  @Test(arguments: [
    Rect(x: 40, y: 20, width: 1, height: 1),  // the dot of a small i
    Rect(x: 40, y: 20, width: 3, height: 3),
    Rect(x: 40, y: 20, width: 2, height: 5),  // a comma
    Rect(x: 40, y: 8, width: 1, height: 20),  // a caret, l, |
    Rect(x: 40, y: 8, width: 8, height: 48),  // the stem of a headline
    Rect(x: 10, y: 20, width: 48, height: 4),  // a long dash
    Rect(x: 40, y: 8, width: 9, height: 64),  // a stem that is as long as a line
  ])
  func isolatedStrokesAreCaught(_ stroke: Rect) {
    for phase in 0..<64 {
      let (x, y) = (stroke.x + phase % 8, stroke.y + phase / 8)
      Sketch(120, 90).fill(x, y, stroke.width, stroke.height, 0xE7E7E7).expectInkMasked()
    }
  }

  @Test(arguments: 1...16)
  func barCodesAreCaught(module: Int) {
    var random = SeededGenerator(seed: UInt64(module))
    var widths: [Int] = []
    for _ in 0..<40 { widths.append(Int.random(in: 1...4, using: &random) * module) }
    let height = max(90, 20 * module)
    for margin in [24, 40, 300] {
      var code = Sketch(widths.reduce(0, +) + 2 * margin, height + margin)
      var x = margin
      for (index, width) in widths.enumerated() {
        if index % 2 == 0 { code = code.fill(x, margin / 2, width, height, 0x101010) }
        x += width
      }
      code.expectInkMasked("margin \(margin)")
      // As one: what stands between bars shows none of them.
      let middle = code.suspects().spans(atRow: margin / 2 + height / 2)
      #expect(middle.count == 1, "margin \(margin): \(middle)")
    }
  }

  @Test func dottedLinesAndGrainAreCaught() {
    Sketch(160, 40) { x, y in y == 20 && x % 4 < 2 ? 0 : 0xFFFFFF }.expectInkMasked()
    var noise = SeededGenerator(seed: 5)
    let blurred = Sketch(80, 80) { _, _ in grey(90 + Int.random(in: 0...2, using: &noise)) }
    #expect(blurred.suspects().area == 6400, "photographs out of focus")
    let faint = Sketch(80, 80) { x, y in grey(90 + (x + y) % 2) }
    #expect(faint.suspects().area == 6400, "no two neighbours differ by more than 1")
  }

  @Test func largeLettersAreCaughtByTheirShape() {
    // E and L of straight edges of 64 pixels and more, solid and in outline.
    for outline in [0, 2] {
      for (bars, size) in [([0, 170, 340], 400), ([340], 400)] {
        var letter = Sketch(900, 640).fill(200, 100, 70, size, 0x202020)
        for bar in bars { letter = letter.fill(200, 100 + bar, 240, 60 + (size - 400), 0x202020) }
        if outline > 0 {
          letter = letter.erase(200 + outline, 100 + outline, 70 - 2 * outline, size - 2 * outline)
          for bar in bars {
            letter = letter.erase(
              200 + outline, 100 + bar + outline, 240 - 2 * outline, 60 - 2 * outline)
          }
        }
        letter.expectInkMasked("outline \(outline), \(bars.count) bars")
      }
    }
  }

  /// Of 30 % of the picture and more in both directions, as a card is.
  @Test func veryLargeLettersAreCaught() {
    Sketch(900, 640).fill(200, 100, 90, 420, 0x202020).fill(200, 430, 320, 90, 0x202020)
      .expectInkMasked("L", includingSurfaces: true)
    var ring = Sketch(900, 640).fill(200, 100, 320, 300, 0x202020)
    ring.hide(Rect(x: 214, y: 114, width: 292, height: 272))
    ring.expectInkMasked("a stroke around what a mask covers", includingSurfaces: true)
  }

  /// Bars of a chart without an axis: what is beyond their ends differs, and they are no small blocks.
  @Test func barsThatStandOnAnEdgeAreCaught() {
    let standing = Sketch(900, 700).fill(0, 600, 900, 100, 0xDDDDDD).fill(200, 150, 100, 450, 0x3465A4)
    #expect(standing.suspects().contains(x: 250, y: 400))
    let lying = Sketch(900, 700).fill(0, 0, 150, 700, 0xDDDDDD).fill(150, 200, 450, 90, 0x3465A4)
    #expect(lying.suspects().contains(x: 400, y: 245))
  }

  /// Parts of a graph that don't touch: a mask of each would show the others.
  @Test func piecesOfAGraphAreCaught() {
    let steps = Sketch(900, 640).fill(100, 200, 150, 1, 0x3465A4).fill(256, 224, 150, 1, 0x3465A4)
    steps.expectInkMasked("a step", includingSurfaces: true)
    let corner = Sketch(900, 640).fill(100, 200, 200, 1, 0x3465A4).fill(308, 208, 1, 200, 0x3465A4)
    corner.expectInkMasked("a corner without a frame", includingSurfaces: true)
  }

  @Test func barsAndStepsAreCaught() {
    var bars = Sketch(900, 640)
    for (index, height) in [100, 240, 180, 310, 90].enumerated() {
      bars = bars.fill(150 + index * 90, 500 - height, 66, height, 0x3465A4)
    }
    bars.expectInkMasked()
    let graph = Sketch(900, 640).fill(100, 300, 80, 2, 0).fill(178, 200, 2, 100, 0)
      .fill(178, 200, 100, 2, 0).fill(276, 200, 2, 150, 0).fill(276, 350, 90, 2, 0)
    graph.expectInkMasked()
  }

  @Test(arguments: [3, 4, 6]) func faintBarsAreCaught(contrast: Int) {
    let ink = grey(255 - contrast)
    var lying = Sketch(640, 480)
    for (index, length) in [300, 180, 420, 90].enumerated() {
      lying = lying.fill(60, 60 + index * 50, length, 45, ink)
    }
    lying.expectInkMasked(includingSurfaces: true)
    var stacked = Sketch(640, 480)
    for x in stride(from: 60, to: 400, by: 50) {
      stacked = stacked.fill(x, 200, 45, 60, ink).fill(x, 261, 45, 70, ink).fill(x, 332, 45, 40, ink)
    }
    stacked.expectInkMasked(includingSurfaces: true)
  }

  @Test func aLargeBlockBesideContentIsContent() {
    let large = Sketch(640, 480).fill(100, 100, 250, 200, 0xDDEEFF)
    #expect(large.suspects().isEmpty)
    let map = large.fill(351, 100, 60, 99, 0x88AACC).fill(351, 200, 60, 100, 0x336699)
    map.expectInkMasked(includingSurfaces: true)
    let card = large.fill(180, 160, 60, 60, 0x336699)
    #expect(!card.suspects().contains(x: 110, y: 110), "what it surrounds is its own affair")
  }

  @Test func barsThatAMaskCutsAreCaught() {
    for cut in [100, 200, 350] {
      var bar = Sketch(640, 480).fill(80, 100, 400, 100, 0x3465A4)
      bar.hide(Rect(x: cut, y: 60, width: 60, height: 200))
      bar.expectInkMasked("cut at \(cut)", includingSurfaces: true)
    }
    var island = Sketch(640, 480).fill(80, 100, 200, 200, 0x3465A4)
    island.hide(Rect(x: 40, y: 60, width: 300, height: 80))
    island.hide(Rect(x: 40, y: 170, width: 300, height: 200))
    island.hide(Rect(x: 40, y: 60, width: 60, height: 250))
    island.hide(Rect(x: 240, y: 60, width: 60, height: 250))
    island.expectInkMasked("all that is seen is one colour", includingSurfaces: true)
  }

  @Test func thinSlicesOfWhatAMaskCutsAreCaught() {
    for visible in 1...3 {
      var bar = Sketch(640, 480).fill(80, 100, 200, 40, 0x3465A4)
      bar.hide(Rect(x: 40, y: 60, width: 400, height: 80 - visible))
      bar.expectInkMasked("\(visible) rows", includingSurfaces: true)
    }
  }

  @Test(arguments: 1...3) func thinGraphsAreCaughtToTheirEnds(thick: Int) {
    // Long runs, and steps lower than a line is long.
    for heights in [[200, 230, 100, 300], [200, 212, 190, 260], [200, 340, 200, 340]] {
      var graph = Sketch(900, 640)
      var (x, y) = (100, 200)
      for height in heights {
        graph = graph.fill(x, y, 150, thick, 0x3465A4)
          .fill(x + 150 - thick, min(y, height), thick, abs(height - y) + thick, 0x3465A4)
        (x, y) = (x + 150 - thick, height)
      }
      graph.fill(x, y, 150, thick, 0x3465A4).expectInkMasked("\(heights)", includingSurfaces: true)
    }
  }

  @Test func roundedFramesPassButForTheirCorners() {
    // A frame with corners of 9 pixels, also where a mask hides a side.
    var frame = Sketch(400, 300) { x, y in
      func inside(_ by: Int) -> Bool {
        let radius = 9 - by
        let dx = max(60 + 9 - x, x - (339 - 9), 0)
        let dy = max(60 + 9 - y, y - (239 - 9), 0)
        return dx * dx + dy * dy <= radius * radius && (60 + by..<340 - by).contains(x)
          && (60 + by..<240 - by).contains(y)
      }
      return inside(0) && !inside(1) ? 0x808080 : 0xFFFFFF
    }
    #expect(!frame.suspects().contains(x: 200, y: 60) && !frame.suspects().contains(x: 60, y: 150))
    frame.hide(Rect(x: 40, y: 40, width: 60, height: 300))
    #expect(!frame.suspects().contains(x: 200, y: 60) && !frame.suspects().contains(x: 339, y: 150))
  }

  @Test func whatShowsOnOneGroundAloneIsCaught() {
    // Half transparent black bars on nothing: black on black, grey on white.
    let (width, height) = (300, 120)
    var onBlack = [Pixel](repeating: 0, count: width * height)
    var onWhite = [Pixel](repeating: 0xFFFFFF, count: width * height)
    for x in stride(from: 60, to: 240, by: 3) {
      for y in 20..<90 {
        onBlack[y * width + x] = 0
        onWhite[y * width + x] = 0x373737
      }
    }
    var gapGuard = GapGuard()
    let all = Region(Rect(x: 0, y: 0, width: width, height: height))
    let suspects = gapGuard.suspects(
      in: onBlack.span, onWhite.span, width: width, height: height, guarded: all, boxes: GapBoxes())
    #expect((60..<240).allSatisfy { suspects.contains(x: $0, y: 50) })
  }

  // MARK: The shape of masks

  @Test func aMaskHasTheShapeOfABox() {
    // A ring of dots, each near the next: one rectangle.
    var ring = Sketch(300, 300)
    for x in stride(from: 60, through: 236, by: 8) { ring = ring.fill(x, 60, 3, 3, 0).fill(x, 236, 3, 3, 0) }
    for y in stride(from: 60, through: 236, by: 8) { ring = ring.fill(60, y, 3, 3, 0).fill(236, y, 3, 3, 0) }
    let suspects = ring.suspects()
    #expect(suspects.rects.count == 1)
    let bounds = suspects.rects[0]
    #expect(bounds.x < 60 - 8 && bounds.maxX > 239 + 8, "the margin grows: \(bounds)")
    let dot = Sketch(300, 300).fill(60, 60, 3, 3, 0).suspects().rects
    #expect(dot.count == 1 && dot[0].x >= 56, "a small one's is small")
    // The gaps of a code are up to four modules wide, half of which is masked from either side.
    let bar = Sketch(300, 300).fill(100, 100, 6, 100, 0).suspects()
    #expect(bar.contains(x: 100 - 2 * 6, y: 150) && bar.contains(x: 105 + 2 * 6, y: 150))
  }

  @Test(arguments: [20, 24, 30]) func aRectangleGoesOnBehindMasks(thick: Int) {
    // A stroke between two masks that lies wholly in a letter has no edge.
    var letter = Sketch(300, 300).fill(60, 60, thick, 150, 0).fill(60, 180, 120, thick, 0)
    letter.hide(Rect(x: 40, y: 100, width: 200, height: 30))
    letter.hide(Rect(x: 40, y: 134, width: 200, height: 30))
    letter.expectInkMasked(includingSurfaces: true)
  }

  // MARK: What it depends on

  @Test func pixelsThatAreNotGuardedHaveNoInfluence() {
    var random = SeededGenerator(seed: 11)
    for _ in 0..<60 {
      var screen = Sketch.random(using: &random)
      let expected = screen.suspects()
      screen.scramble(using: &random)
      #expect(screen.suspects() == expected)
    }
  }

  @Test func aFrameIsJudgedTheSameInPartsAsWhole() {
    var random = SeededGenerator(seed: 13)
    for run in 0..<25 {
      var screen = Sketch.random(
        width: Int.random(in: 60...300, using: &random), height: Int.random(in: 100...400, using: &random),
        using: &random)
      var gapGuard = GapGuard()
      _ = screen.suspects(by: &gapGuard)
      for step in 0..<12 {
        var boxes = GapBoxes()
        let changed = screen.change(using: &random)
        if step % 4 == 3 { screen.hide(Rect.random(in: screen.bounds, using: &random)) }
        if step % 6 == 5 { screen.guarded = Region(screen.bounds) }
        if step % 5 == 4 { boxes = GapBoxes(containers: [Rect.random(in: screen.bounds, using: &random)]) }
        let found = screen.suspects(by: &gapGuard, boxes: boxes, changed: changed)
        #expect(found == screen.suspects(boxes: boxes), "run \(run), step \(step)")
      }
    }
  }

  @Test func aMaskerShowsTheSameAfterManyFramesAsAtOnce() {
    var random = SeededGenerator(seed: 17)
    for run in 0..<8 {
      var screen = Sketch.random(width: 260, height: 300, using: &random)
      var masker = Masker(width: 260, height: 300, fills: MaskFills(0xFF00FF))
      for step in 0..<10 {
        _ = screen.change(using: &random)
        // Sometimes nothing is guarded for a while.
        let plan = screen.plan(isGuarded: step % 5 != 3)
        masker.show(screen.frame, masked: plan.regions)
        var fresh = Masker(width: 260, height: 300, fills: MaskFills(0xFF00FF))
        fresh.show(screen.frame, masked: plan.regions)
        let isEqual = (0..<300).allSatisfy { y in
          (0..<260).allSatisfy { masker.frame.pixels[y * 260 + $0] == fresh.frame.pixels[y * 260 + $0] }
        }
        #expect(isEqual, "run \(run), step \(step)")
      }
    }
  }

  @Test func sizesThatDoNotFitAreTrapped() async {
    await #expect(processExitsWith: .failure) {
      var gapGuard = GapGuard()
      let pixels = [Pixel](repeating: 0, count: 63)
      _ = gapGuard.suspects(
        in: pixels.span, width: 8, height: 8, guarded: Region(), boxes: GapBoxes())
    }
  }
}
