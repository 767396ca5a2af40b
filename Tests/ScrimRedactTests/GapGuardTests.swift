import ScrimImage
import ScrimRedact
import ScrimTestSupport
import Testing

@Suite struct GapGuardTests {
  // MARK: What passes

  @Test func flatAndSmoothSurfacesPass() {
    #expect(Picture(200, 120) { _, _ in 0x336699 }.suspects().isEmpty)
    #expect(Picture(200, 120) { _, y in grey(10 + 2 * y) }.suspects().isEmpty)
    #expect(Picture(200, 120) { x, _ in grey(255 - x) }.suspects().isEmpty)
    #expect(Picture(40, 120) { x, _ in grey(6 * x) }.suspects().isEmpty, "as steep as a shadow")
    #expect(!Picture(36, 120) { x, _ in grey(7 * x) }.fill(5, 20, 9, 2, 0).suspects().isEmpty)
  }

  @Test func longLinesAndBordersPass() {
    for length in [64, 65, 150] {
      // Up to the picture's edges, so that a line has no ends.
      let rule = Picture(length, 100).fill(0, 37, length, 1, 0xC0C0C0).fill(0, 60, length, 2, 0)
      #expect(rule.suspects().isEmpty, "\(length) wide")
      let trough = Picture(100, length).fill(11, 0, 1, length, 0).fill(12, 0, 9, length, 0xDDDDDD)
      #expect(trough.suspects().isEmpty, "\(length) high")
    }
    let panel = Picture(220, 180).fill(13, 21, 150, 110, 0x777777).fill(14, 22, 148, 108, 0xF0F0F0)
    #expect(panel.suspects().isEmpty, "square corners need no mercy")
    let fading = Picture(220, 90) { x, y in y < 40 ? grey(200) : grey(100 - x / 4) }
    #expect(fading.suspects().isEmpty, "a border over a gradient")
  }

  @Test func shortLinesDoNot() {
    #expect(!Picture(63, 100).fill(0, 37, 63, 1, 0xC0C0C0).suspects().isEmpty)
    #expect(!Picture(100, 63).fill(37, 0, 1, 63, 0xC0C0C0).suspects().isEmpty)
    var cut = Picture(200, 100).fill(0, 37, 200, 1, 0)
    cut.hide(Rect(x: 60, y: 30, width: 80, height: 16))
    let marks = cut.suspects()
    #expect(marks[3, 4] && marks[21, 4], "60 pixels on either side of a mask are two short lines")
  }

  @Test func roundCornersLoseOnlyTheCorners() {
    let radius = 9
    let panel = Picture(240, 200) { x, y in
      let dx = max(20 + radius - x, x - (219 - radius), 0)
      let dy = max(20 + radius - y, y - (179 - radius), 0)
      return dx * dx + dy * dy <= radius * radius && (20..<220).contains(x) && (20..<180).contains(y)
        ? 0xFFFFFF : 0x404040
    }
    let marks = panel.suspects()
    #expect(marks.count > 0 && marks.count <= 4 * 9)
    for column in 0..<marks.grid.columns {
      for row in 0..<marks.grid.rows where marks[column, row] {
        let tile = marks.grid.rect(column: column, row: row)
        #expect(tile.maxX <= 40 || tile.x >= 200)
        #expect(tile.maxY <= 40 || tile.y >= 160)
      }
    }
  }

  // MARK: What is caught

  @Test func lettersAreCaughtAtEveryPhase() {
    for phase in 0..<64 {
      for ink: Pixel in [0x000000, 0xE0E0E0, 0xFFFFE7] {
        let text = Picture(96, 40).write(atX: 20 + phase % 8, y: 12 + phase / 8, ink: ink)
        text.expectInkMasked(by: text.suspects())
      }
    }
  }

  @Test func coloursOfEqualLumaAreCaught() {
    // 0.299 R + 0.587 G + 0.114 B is 128 for both, within half a level.
    let text = Picture(96, 40) { _, _ in 0x808080 }.write(atX: 21, y: 13, ink: 0xB4_67_7D)
    text.expectInkMasked(by: text.suspects())
  }

  @Test func slicesBesideMasksAreCaught() {
    for visible in 1...3 {
      for cut in 0..<40 {
        var columns = Picture(96, 40).write(atX: 20, y: 12, ink: 0x202020)
        columns.hide(Rect(x: 0, y: 0, width: 20 + cut, height: 40))
        columns.hide(Rect(x: 20 + cut + visible, y: 0, width: 96, height: 40))
        columns.expectInkMasked(by: columns.suspects())
      }
      for cut in 0..<7 {
        var above = Picture(96, 40).write(atX: 20, y: 12, ink: 0x202020)
        above.hide(Rect(x: 10, y: 12 + cut + visible, width: 80, height: 40))
        above.expectInkMasked(by: above.suspects())
        var below = Picture(96, 40).write(atX: 20, y: 12, ink: 0x202020)
        below.hide(Rect(x: 10, y: 0, width: 80, height: 12 + cut))
        below.expectInkMasked(by: below.suspects())
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
  ])
  func isolatedStrokesAreCaught(_ stroke: Rect) {
    for phase in 0..<64 {
      let (x, y) = (stroke.x + phase % 8, stroke.y + phase / 8)
      let picture = Picture(120, 80).fill(x, y, stroke.width, stroke.height, 0xE7E7E7)
      picture.expectInkMasked(by: picture.suspects())
    }
  }

  @Test func dottedLinesBarCodesAndGrainAreCaught() {
    let dotted = Picture(160, 40) { x, y in y == 20 && x % 4 < 2 ? 0 : 0xFFFFFF }
    dotted.expectInkMasked(by: dotted.suspects())

    let bars = Picture(300, 140) { x, y in
      (50..<250).contains(x) && (20..<120).contains(y) && (x * x / 37 + x / 3) % 2 == 0 ? 0 : 0xFFFFFF
    }
    let marks = bars.suspects()
    for row in 5..<12 { for column in 9..<30 { #expect(marks[column, row]) } }

    var noise = SeededGenerator(seed: 5)
    let blurred = Picture(80, 80) { x, y in grey(90 + Int.random(in: 0...2, using: &noise)) }
    #expect(blurred.suspects().count == 100, "photographs out of focus")
  }

  @Test func smallHolesAreClosed() {
    // Two dots three whole tiles apart mark what lies between them, four do not.
    let near = Picture(120, 24).fill(11, 11, 2, 2, 0).fill(52, 11, 2, 2, 0).suspects()
    #expect((0...7).allSatisfy { near[$0, 1] })
    let far = Picture(120, 24).fill(11, 11, 2, 2, 0).fill(60, 11, 2, 2, 0).suspects()
    #expect(far[2, 1] && far[7, 1] && !far[3, 1] && !far[6, 1])
    let column = Picture(24, 120).fill(11, 11, 2, 2, 0).fill(11, 52, 2, 2, 0).suspects()
    #expect((0...7).allSatisfy { column[1, $0] })
  }

  // MARK: What it depends on

  @Test func pixelsThatAreNotGuardedHaveNoInfluence() {
    var random = SeededGenerator(seed: 11)
    for _ in 0..<60 {
      var picture = Picture.random(using: &random)
      let expected = picture.suspects()
      for index in picture.pixels.indices
      where !picture.guarded.contains(x: index % picture.width, y: index / picture.width) {
        picture.pixels[index] = Pixel.random(in: 0...Pixel.max, using: &random)
      }
      #expect(picture.suspects() == expected)
    }
  }

  @Test func agreesWithTheRulesAppliedPixelByPixel() {
    var random = SeededGenerator(seed: 12)
    for (width, height) in [
      (1, 1), (1, 70), (70, 1), (2, 2), (7, 9), (8, 8), (9, 7), (63, 64), (64, 65), (65, 63), (129, 200),
    ] {
      for _ in 0..<4 {
        let picture = Picture.random(width: width, height: height, using: &random)
        #expect(picture.suspects() == picture.suspectsByTheRules(), "\(width)x\(height)")
      }
    }
    for _ in 0..<30 {
      let picture = Picture.random(using: &random)
      #expect(picture.suspects() == picture.suspectsByTheRules(), "\(picture.width)x\(picture.height)")
    }
  }

  @Test func rowsWithinReachAreEnough() {
    var random = SeededGenerator(seed: 13)
    var gapGuard = GapGuard()
    for _ in 0..<40 {
      var picture = Picture.random(
        width: 70, height: Int.random(in: 200...500, using: &random), using: &random)
      var tiles = picture.suspects(by: &gapGuard)
      let y = Int.random(in: 0..<picture.height, using: &random)
      for x in 0..<picture.width { picture.pixels[y * picture.width + x] ^= 0x404040 }
      gapGuard.suspects(
        pixels: picture.pixels.span, width: picture.width, height: picture.height,
        guarded: picture.guarded, rows: y - GapGuard.reach..<y + 1 + GapGuard.reach, into: &tiles)
      #expect(tiles == picture.suspects(by: &gapGuard))
    }
  }

  @Test func nothingRemainsOfAnEarlierPicture() {
    var random = SeededGenerator(seed: 14)
    var used = GapGuard()
    for _ in 0..<20 {
      let picture = Picture.random(using: &random)
      #expect(picture.suspects(by: &used) == picture.suspects())
      #expect(picture.suspects(by: &used) == picture.suspects())
    }
  }

  @Test func sizesThatDoNotFitAreTrapped() async {
    await #expect(processExitsWith: .failure) {
      var tiles = TileSet(TileGrid(width: 8, height: 8, side: GapGuard.tileSide))
      var gapGuard = GapGuard()
      let pixels = [Pixel](repeating: 0, count: 63)
      gapGuard.suspects(pixels: pixels.span, width: 8, height: 8, guarded: Region(), into: &tiles)
    }
    await #expect(processExitsWith: .failure) {
      var tiles = TileSet(TileGrid(width: 8, height: 8, side: 16))
      var gapGuard = GapGuard()
      let pixels = [Pixel](repeating: 0, count: 64)
      gapGuard.suspects(pixels: pixels.span, width: 8, height: 8, guarded: Region(), into: &tiles)
    }
  }
}

private func grey(_ level: Int) -> Pixel { Pixel(level) * 0x010101 }

/// A small picture on a white ground, all of it guarded until something is hidden.
private struct Picture {
  let width: Int
  let height: Int
  var pixels: [Pixel]
  var ink: [Int] = []
  var guarded: Region

  init(_ width: Int, _ height: Int, _ pixel: (Int, Int) -> Pixel = { _, _ in 0xFFFFFF }) {
    self.width = width
    self.height = height
    pixels = (0..<width * height).map { pixel($0 % width, $0 / width) }
    guarded = Region(Rect(x: 0, y: 0, width: width, height: height))
    ink = pixels.indices.filter { pixels[$0] == 0 }
  }

  func fill(_ x: Int, _ y: Int, _ w: Int, _ h: Int, _ colour: Pixel) -> Picture {
    var result = self
    for row in max(y, 0)..<max(min(y + h, height), 0) {
      for column in max(x, 0)..<max(min(x + w, width), 0) {
        result.pixels[row * width + column] = colour
        result.ink.append(row * width + column)
      }
    }
    return result
  }

  mutating func hide(_ rect: Rect) { guarded = guarded.subtracting(Region(rect)) }

  /// "Rif," in bits.
  func write(atX x: Int, y: Int, ink: Pixel) -> Picture {
    let rows = [
      "11110.010.0011.00", "10001.000.0100.00", "10001.110.1110.00", "11110.010.0100.00",
      "10100.010.0100.00", "10010.010.0100.11", "10001.111.0100.01",
    ]
    var result = self
    for (dy, row) in rows.enumerated() {
      for (dx, bit) in row.enumerated() where bit == "1" {
        result = result.fill(x + dx * 2, y + dy, 2, 1, ink)
      }
    }
    return result
  }

  func suspects() -> TileSet {
    var gapGuard = GapGuard()
    return suspects(by: &gapGuard)
  }

  func suspects(by gapGuard: inout GapGuard) -> TileSet {
    var tiles = TileSet(TileGrid(width: width, height: height, side: GapGuard.tileSide), full: true)
    gapGuard.suspects(pixels: pixels.span, width: width, height: height, guarded: guarded, into: &tiles)
    return tiles
  }

  func expectInkMasked(by tiles: TileSet, sourceLocation: SourceLocation = #_sourceLocation) {
    let shown = ink.filter { index in
      guarded.contains(x: index % width, y: index / width)
        && !tiles[index % width / GapGuard.tileSide, index / width / GapGuard.tileSide]
    }
    // Ink that covers all that is visible around it can't be told from a surface.
    let lone = shown.filter { index in
      [index - 1, index + 1, index - width, index + width].contains { other in
        pixels.indices.contains(other) && guarded.contains(x: other % width, y: other / width)
          && pixels[other] != pixels[index]
      }
    }
    #expect(lone.isEmpty, sourceLocation: sourceLocation)
  }

  /// Lines, panels, gradients, strokes and noise behind a few masks.
  static func random(using random: inout SeededGenerator) -> Picture {
    .random(
      width: Int.random(in: 1...150, using: &random), height: Int.random(in: 1...150, using: &random),
      using: &random)
  }

  static func random(width: Int, height: Int, using random: inout SeededGenerator) -> Picture {
    let slope = Int.random(in: 0...1, using: &random)
    var picture = Picture(width, height) { x, y in grey((x * slope + y) / 4) }
    for _ in 0..<Int.random(in: 0...12, using: &random) {
      let isWide = Bool.random(using: &random)
      let (long, short) = (Int.random(in: 1...150, using: &random), Int.random(in: 1...4, using: &random))
      picture = picture.fill(
        Int.random(in: -20..<width, using: &random), Int.random(in: -20..<height, using: &random),
        isWide ? long : short, isWide ? short : long, grey(Int.random(in: 0...60, using: &random)))
    }
    if Int.random(in: 0...2, using: &random) == 0 {
      for x in 0..<width { picture = picture.fill(x, 0, x % 3 == 0 ? 1 : 0, height, 0xFFFFFF) }
    }
    for index in picture.pixels.indices where Int.random(in: 0...400, using: &random) == 0 {
      picture.pixels[index] = Pixel.random(in: 0...0xFF_FFFF, using: &random)
    }
    for _ in 0..<Int.random(in: 0...5, using: &random) {
      picture.hide(
        Rect(
          x: Int.random(in: -9..<width, using: &random), y: Int.random(in: -9..<height, using: &random),
          width: Int.random(in: 1...60, using: &random), height: Int.random(in: 1...60, using: &random)))
    }
    return picture
  }
}

/// The rules as GapGuard's comment states them, pixel by pixel, without thought for speed.
extension Picture {
  fileprivate func suspectsByTheRules() -> TileSet {
    let shown = pixels.indices.map { guarded.contains(x: $0 % width, y: $0 / width) }
    return suspectsByTheRules(shown)
  }

  private func difference(_ a: (Int, Int), _ b: (Int, Int), _ shown: [Bool]) -> Int? {
    guard b.0 < width, b.1 < height, shown[a.1 * width + a.0], shown[b.1 * width + b.0] else { return nil }
    let (p, q) = (pixels[a.1 * width + a.0], pixels[b.1 * width + b.0])
    return [0, 8, 16].map { abs(Int(p >> $0 & 255) - Int(q >> $0 & 255)) }.max()
  }

  private func suspectsByTheRules(_ shown: [Bool]) -> TileSet {
    let grid = TileGrid(width: width, height: height, side: 8)
    var marks = TileSet(grid)
    func mark(_ box: Rect) {
      let near = box.padded(by: 3).intersection(Rect(x: 0, y: 0, width: width, height: height))
      for row in grid.columns(of: near.y..<near.maxY) {
        for column in grid.columns(of: near.x..<near.maxX) { marks[column, row] = true }
      }
    }
    // dx, dy: the step from a pixel to the other of its pair; a line of such edges runs along dy, dx.
    for (dx, dy) in [(1, 0), (0, 1)] {
      let across = (0..<width * height).map { i in
        difference((i % width, i / width), (i % width + dx, i / width + dy), shown)
      }
      let along = (0..<width * height).map { i in
        difference((i % width, i / width), (i % width + dy, i / width + dx), shown)
      }
      func isEdge(_ x: Int, _ y: Int) -> Bool {
        x >= 0 && y >= 0 && x < width && y < height && (across[y * width + x] ?? 0) > 6
      }
      func goesOn(_ x: Int, _ y: Int) -> Bool {
        isEdge(x, y) && isEdge(x + dy, y + dx) && (along[y * width + x] ?? 9) <= 4
          && (along[(y + dy) * width + x + dx] ?? 9) <= 4
      }
      func length(_ x: Int, _ y: Int, step: Int) -> Int {
        var (x, y, n) = (x, y, 0)
        while step > 0 ? goesOn(x, y) : (isEdge(x - dy, y - dx) && goesOn(x - dy, y - dx)) {
          x += dy * step
          y += dx * step
          n += 1
        }
        return n
      }
      for y in 0..<height {
        for x in 0..<width where isEdge(x, y) && 1 + length(x, y, step: 1) + length(x, y, step: -1) < 64 {
          mark(Rect(x: x, y: y, width: 1 + dx, height: 1 + dy))
        }
        for first in stride(from: 0, to: width, by: 64) where dx == 1 {
          let columns = first..<min(first + 64, width)
          guard columns.filter({ isEdge($0, y) && length($0, y, step: -1) >= 63 }).count >= 12 else {
            continue
          }
          mark(Rect(minX: columns.lowerBound, minY: y - 63, maxX: columns.upperBound, maxY: y + 1))
        }
      }
    }
    for row in 0..<grid.rows {
      for column in 0..<grid.columns {
        let tile = grid.rect(column: column, row: row)
        var counts = (0, 0)
        for y in tile.y..<tile.maxY {
          for x in tile.x..<tile.maxX {
            counts.0 += (difference((x, y), (x + 1, y), shown) ?? 0) > 0 ? 1 : 0
            counts.1 += (difference((x, y), (x, y + 1), shown) ?? 0) > 0 ? 1 : 0
          }
        }
        if min(counts.0, counts.1) >= 16 { marks[column, row] = true }
      }
    }
    var closed = marks
    func isMarked(_ column: Int, _ row: Int) -> Bool {
      column >= 0 && row >= 0 && column < grid.columns && row < grid.rows && marks[column, row]
    }
    for row in 0..<grid.rows {
      for column in 0..<grid.columns {
        for i in 1...3 {
          for j in 1...3 where i + j <= 4 {
            if isMarked(column - i, row) && isMarked(column + j, row) { closed[column, row] = true }
            if isMarked(column, row - i) && isMarked(column, row + j) { closed[column, row] = true }
          }
        }
      }
    }
    return closed
  }
}
