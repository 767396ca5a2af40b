public import ScrimImage

/// Finds texture among pixels that only containers claim: the tiles that must be masked although no widget is
/// there.
///
/// Real boxes are missing or shifted, so what lies between widgets is believed only on the evidence of its
/// pixels. The guard knows what harmless surfaces look like, and everything else is suspect:
/// - Two neighbouring pixels make an *edge* if a channel differs by more than 6. Channels, not grey: colours
///   of equal luma count. Shadows and gradients step by less, text of contrast 24 by more; 8 or 12 would save
///   less than 0.1 points of loss.
/// - An edge is *explained* if it is one of 64 or more in a straight line, both sides of which change by at
///   most 4 from pixel to pixel along it: a border, a rule, a trough. Stems and dashes of text up to 48
///   pixels are shorter (a limit of 48 let some pass); 32 would lose 0.7 points less, 96 0.3 more. A line
///   that a mask cuts must be that long in one visible piece.
/// - An edge that isn't explained marks every tile within 3 pixels of it: letters, slices of letters, dots,
///   icons, but round corners and dotted lines too. The 3 pixels cover a stroke's soft rim and its inside.
/// - *Bars*: where 12 or more vertical lines of 64 rows cross 64 columns (aligned), they are a bar code, and
///   marked.
/// - *Grain*: a tile is marked if 16 or more of its pixels differ at all from their right neighbours and 16
///   or more from their lower ones. Gradients of interfaces run along one axis, photographs out of focus
///   don't. Costs 0.02 points.
/// - Up to 3 tiles between two marked ones in a row or a column are marked: the inside of large letters and
///   of photographs.
///
/// Only guarded pixels are read, a pair only if both its pixels are guarded, and at most one bit a tile comes
/// out.
///
/// Figures (`Tests/Evaluation/gap_guard.py --every 6 --synthetic 1500`, 14 real screens in 42 displacements
/// of their boxes, against 16-pixel tiles that count grey steps over 24): of 819831 glyph pixels in gaps 88
/// of ink pass (39224), in 1 word of 6681 (1182), a dial's inside that was read as text; of the harmless area
/// 3.9 % is lost with boxes as reported (6.1), 5.0 to 6.5 % with boxes moved by 5 to 40 pixels (6.7 to 10.6).
/// Of 1875842 glyph pixels of rendered, cut text none passes (732423). A scan of 1280x800 takes 1.2 ms, 2.4
/// at most, on a loaded 2-core machine.
///
/// Not caught: one flat colour, such as a strip between two masks that lies wholly within a stroke; stems and
/// dashes of 64 pixels or more, which are lines; bar codes with bars of 3 pixels or more, in part.
///
/// Keeps its working memory from call to call. Cost is linear in the guarded pixels.
public struct GapGuard: Sendable {
  /// Pixels along a side of the tiles it answers in.
  public static let tileSide = 8

  /// Rows, above and below, that a pixel can have a say in: a line's length, its rim, the holes closed
  /// between tiles.
  public static let reach = 104

  static let lineLength = 64
  static let rim = 3
  static let barCount = 12
  static let grainCount: UInt8 = 16
  static let hole = 3
  /// Columns that are looked at, or skipped, together: a whole number of tiles.
  static let blockSide = 64

  // What two neighbouring pixels are to each other, in a byte; 0 if one of them isn't guarded.
  static let differs: UInt8 = 1
  static let flat: UInt8 = 2
  static let edge: UInt8 = 4

  /// A byte a pair of neighbours, by the pixel that is left or above; and the union of those bytes, a byte a
  /// block.
  private struct PairRow {
    var pairs: [UInt8] = []
    var blocks: [UInt8] = []

    mutating func clear(width: Int) {
      GapGuard.clear(&pairs, width)
      GapGuard.clear(&blocks, (width + GapGuard.blockSide - 1) / GapGuard.blockSide)
    }
  }

  // Pairs across in the present row and in the next, and pairs of the one with the other.
  private var across = PairRow()
  private var acrossNext = PairRow()
  private var down = PairRow()
  // Rows that the vertical line ending in the present row has, at most lineLength, a byte a column; and
  // whether a block has any.
  private var runs = PairRow()
  // Of the present row of tiles: pairs that differ.
  private var grainAcross: [UInt8] = []
  private var grainDown: [UInt8] = []
  private var marks: [UInt8] = []
  private var grid = TileGrid(width: 0, height: 0, side: GapGuard.tileSide)

  public init() {}

  /// Finds the tiles whose guarded pixels must be masked.
  ///
  /// - Parameters:
  ///   - pixels: a canonical picture, `width × height`, row by row without slack; of it only `guarded` is
  ///     read.
  ///   - guarded: pixels to judge, inside the picture.
  ///   - rows: the pixel rows to answer for; nil for all. Where only some rows of the picture or of `guarded`
  ///     changed, those widened by ``reach`` on both sides are enough.
  ///   - tiles: a set over tiles of ``tileSide``; its rows of tiles that touch `rows` are overwritten, the
  ///     others stay.
  public mutating func suspects(
    pixels: Span<Pixel>, width: Int, height: Int, guarded: Region, rows: Range<Int>? = nil,
    into tiles: inout TileSet
  ) {
    precondition(pixels.count == width * height, "the picture must hold width × height pixels")
    grid = TileGrid(width: width, height: height, side: GapGuard.tileSide)
    precondition(tiles.grid == grid, "the tile set must be over the picture, with tiles of GapGuard.tileSide")
    let asked = (rows ?? 0..<height).clamped(to: 0..<height)
    guard !asked.isEmpty, width > 0 else { return }
    let tileRows = asked.lowerBound / grid.side..<(asked.upperBound - 1) / grid.side + 1
    let reach = GapGuard.reach
    let scan = tileRows.lowerBound * grid.side - reach..<tileRows.upperBound * grid.side + reach
    reset()
    markSuspects(pixels, guarded, rows: scan.clamped(to: 0..<height))
    closeHoles(rows: tileRows, into: &tiles)
  }

  private mutating func reset() {
    across.clear(width: grid.width)
    runs.clear(width: grid.width)
    GapGuard.clear(&grainAcross, grid.columns)
    GapGuard.clear(&grainDown, grid.columns)
    GapGuard.clear(&marks, grid.count)
  }

  private static func clear(_ bytes: inout [UInt8], _ count: Int) {
    if bytes.count != count {
      bytes = [UInt8](repeating: 0, count: count)
    } else {
      for index in bytes.indices { bytes[index] = 0 }
    }
  }

  // One pass downwards; each step looks at the pairs within a row, within the next, and between the two.
  private mutating func markSuspects(_ pixels: Span<Pixel>, _ guarded: Region, rows: Range<Int>) {
    let width = grid.width
    var spans: ArraySlice<Range<Int>> = []
    for y in rows.lowerBound - 1..<rows.upperBound {
      let next = y + 1 < rows.upperBound ? guarded.spans(atRow: y + 1) : []
      acrossNext.clear(width: width)
      if let last = next.last, last.upperBound > 1 {
        let row = pixels.extracting((y + 1) * width..<(y + 2) * width - 1)
        let shifted = pixels.extracting((y + 1) * width + 1..<(y + 2) * width)
        for xs in next where xs.count > 1 {
          GapGuard.classify(
            row, shifted, xs.lowerBound..<xs.upperBound - 1, into: &acrossNext.pairs, &acrossNext.blocks)
        }
      }
      down.clear(width: width)
      if !spans.isEmpty, !next.isEmpty {
        let row = pixels.extracting(y * width..<(y + 1) * width)
        let lower = pixels.extracting((y + 1) * width..<(y + 2) * width)
        GapGuard.forEachCommon(spans, next) { xs in
          GapGuard.classify(row, lower, xs, into: &down.pairs, &down.blocks)
        }
      }
      markHorizontalLines(row: y)
      countGrain(row: y, isLast: y + 1 == rows.upperBound)
      extendVerticalLines(to: y + 1)
      swap(&across, &acrossNext)
      spans = next
    }
  }

  private static func forEachCommon(
    _ a: ArraySlice<Range<Int>>, _ b: ArraySlice<Range<Int>>, _ body: (Range<Int>) -> Void
  ) {
    var i = a.startIndex
    var j = b.startIndex
    while i < a.endIndex, j < b.endIndex {
      let common = a[i].clamped(to: b[j])
      if !common.isEmpty { body(common) }
      if a[i].upperBound < b[j].upperBound { i += 1 } else { j += 1 }
    }
  }

  // MARK: Pairs

  /// Writes what the pixels `xs` of `row` are to those of `other`, of the same index.
  private static func classify(
    _ row: Span<Pixel>, _ other: Span<Pixel>, _ xs: Range<Int>, into pairs: inout [UInt8],
    _ blocks: inout [UInt8]
  ) {
    var pairs = pairs.mutableSpan
    if isEqual(row, other, xs) {
      fill(&pairs, xs)
      for block in xs.lowerBound / blockSide...(xs.upperBound - 1) / blockSide { blocks[block] |= flat }
      return
    }
    var x = xs.lowerBound
    while x < xs.upperBound {
      let block = x / blockSide
      let part = x..<min((block + 1) * blockSide, xs.upperBound)
      if isEqual(row, other, part) {
        fill(&pairs, part)
        blocks[block] |= flat
      } else {
        blocks[block] |= compare(row, other, part, into: &pairs)
      }
      x = part.upperBound
    }
  }

  private static func isEqual(_ a: Span<Pixel>, _ b: Span<Pixel>, _ xs: Range<Int>) -> Bool {
    precondition(xs.lowerBound >= 0 && xs.upperBound <= a.count && xs.upperBound <= b.count)
    var difference: Pixel = 0
    for x in xs { difference |= a[x] ^ b[x] }
    return difference & 0x00FF_FFFF == 0
  }

  private static func fill(_ pairs: inout MutableSpan<UInt8>, _ xs: Range<Int>) {
    precondition(xs.lowerBound >= 0 && xs.upperBound <= pairs.count)
    for x in xs { pairs[x] = flat }
  }

  private static func compare(
    _ a: Span<Pixel>, _ b: Span<Pixel>, _ xs: Range<Int>, into pairs: inout MutableSpan<UInt8>
  ) -> UInt8 {
    precondition(xs.lowerBound >= 0 && xs.upperBound <= pairs.count)
    precondition(xs.upperBound <= a.count && xs.upperBound <= b.count)
    // Red and blue are told apart in halves of a word, green alone. To a difference of -255...255 a bias of
    // 511 - limit is added: bit 9 is then set exactly if it is over the limit, and no half runs over into the
    // other.
    let flatBias: Pixel = (511 - 4) * 0x0001_0001
    let edgeBias: Pixel = (511 - 6) * 0x0001_0001
    let over: Pixel = 0x0200_0200
    var union: UInt8 = 0
    for x in xs {
      let p = a[x]
      let q = b[x]
      let p0 = p & 0x00FF_00FF
      let q0 = q & 0x00FF_00FF
      let p1 = p >> 8 & 0xFF
      let q1 = q >> 8 & 0xFF
      let up0 = p0 &- q0
      let down0 = q0 &- p0
      let up1 = p1 &- q1
      let down1 = q1 &- p1
      let uneven =
        ((up0 &+ flatBias) | (down0 &+ flatBias) | (up1 &+ flatBias) | (down1 &+ flatBias)) & over
      let steep =
        ((up0 &+ edgeBias) | (down0 &+ edgeBias) | (up1 &+ edgeBias) | (down1 &+ edgeBias)) & over
      // Each term without a branch: the bits at 9 and 25, or a carry to bit 24, shifted down.
      let isUneven = (uneven | uneven >> 16) >> 9 & 1
      let isSteep = (steep | steep >> 16) >> 9 & 1
      let differ = (((p ^ q) & 0x00FF_FFFF) + 0x00FF_FFFF) >> 24
      let pair = UInt8(truncatingIfNeeded: differ | (1 - isUneven) << 1 | isSteep << 2)
      pairs[x] = pair
      union |= pair
    }
    return union
  }

  // MARK: Lines

  /// Marks the edges between `row` and the next that no long horizontal line explains.
  private mutating func markHorizontalLines(row y: Int) {
    var start = 0
    var end = 0  // the run of edges is start..<end
    for block in down.blocks.indices where down.blocks[block] & GapGuard.edge != 0 {
      let first = block * GapGuard.blockSide
      for x in first..<min(first + GapGuard.blockSide, grid.width)
      where down.pairs[x] & GapGuard.edge != 0 {
        let goesOn =
          end == x && x > 0 && across.pairs[x - 1] & acrossNext.pairs[x - 1] & GapGuard.flat != 0
        if !goesOn {
          markUnlessLine(start..<end, row: y)
          start = x
        }
        end = x + 1
      }
    }
    markUnlessLine(start..<end, row: y)
  }

  private mutating func markUnlessLine(_ xs: Range<Int>, row y: Int) {
    if !xs.isEmpty, xs.count < GapGuard.lineLength { mark(columns: xs, rows: y..<y + 2) }
  }

  /// Carries the vertical lines on into row `y`, and marks those that end above it too short; marks bar
  /// codes.
  private mutating func extendVerticalLines(to y: Int) {
    for block in acrossNext.blocks.indices
    where acrossNext.blocks[block] & GapGuard.edge != 0 || runs.blocks[block] != 0 {
      let first = block * GapGuard.blockSide
      let columns = first..<min(first + GapGuard.blockSide, grid.width)
      var alive: UInt8 = 0
      var bars = 0
      for x in columns {
        let run = runs.pairs[x]
        let isEdge = acrossNext.pairs[x] & GapGuard.edge != 0
        guard run > 0 || isEdge else { continue }
        // An edge has a right neighbour, so x + 1 is a column.
        if run > 0, isEdge, down.pairs[x] & down.pairs[x + 1] & GapGuard.flat != 0 {
          runs.pairs[x] = min(run + 1, UInt8(GapGuard.lineLength))
        } else {
          if run > 0, run < GapGuard.lineLength { mark(columns: x..<x + 2, rows: y - Int(run)..<y) }
          runs.pairs[x] = isEdge ? 1 : 0
        }
        alive |= runs.pairs[x]
        if runs.pairs[x] == GapGuard.lineLength { bars += 1 }
      }
      runs.blocks[block] = alive
      if bars >= GapGuard.barCount { mark(columns: columns, rows: y + 1 - GapGuard.lineLength..<y + 1) }
    }
  }

  private mutating func mark(columns xs: Range<Int>, rows ys: Range<Int>) {
    let rim = GapGuard.rim
    let side = grid.side
    let left = max(xs.lowerBound - rim, 0) / side
    let right = min((xs.upperBound - 1 + rim) / side, grid.columns - 1)
    for row in max(ys.lowerBound - rim, 0) / side...min((ys.upperBound - 1 + rim) / side, grid.rows - 1) {
      for column in left...right { marks[row * grid.columns + column] = 1 }
    }
  }

  // MARK: Grain, holes

  /// Counts the pairs of row `y` that differ; at the end of a row of tiles marks those that have too many
  /// both ways.
  private mutating func countGrain(row y: Int, isLast: Bool) {
    guard y >= 0 else { return }
    GapGuard.count(across, into: &grainAcross)
    GapGuard.count(down, into: &grainDown)
    guard isLast || (y + 1) % grid.side == 0 else { return }
    let first = y / grid.side * grid.columns
    for column in 0..<grid.columns {
      if min(grainAcross[column], grainDown[column]) >= GapGuard.grainCount { marks[first + column] = 1 }
      grainAcross[column] = 0
      grainDown[column] = 0
    }
  }

  private static func count(_ row: PairRow, into counts: inout [UInt8]) {
    for block in row.blocks.indices where row.blocks[block] & differs != 0 {
      let first = block * blockSide
      for tile in first / tileSide..<(min(first + blockSide, row.pairs.count) + tileSide - 1) / tileSide {
        var sum: UInt8 = 0
        for x in tile * tileSide..<min((tile + 1) * tileSide, row.pairs.count) {
          sum += row.pairs[x] & differs
        }
        counts[tile] += sum
      }
    }
  }

  /// Writes the marked tiles, and what lies between two that are near in a row or in a column.
  private func closeHoles(rows: Range<Int>, into tiles: inout TileSet) {
    for row in rows {
      var last = -GapGuard.hole - 2
      for column in 0..<grid.columns {
        let isMarked = marks[row * grid.columns + column] != 0
        tiles[column, row] = isMarked
        guard isMarked else { continue }
        if column - last <= GapGuard.hole + 1 {
          for between in last + 1..<column { tiles[between, row] = true }
        }
        last = column
      }
    }
    let above = max(rows.lowerBound - GapGuard.hole, 0)
    let end = min(rows.upperBound + GapGuard.hole, grid.rows)
    for column in 0..<grid.columns {
      var last = -GapGuard.hole - 2
      for row in above..<end where marks[row * grid.columns + column] != 0 {
        if row - last <= GapGuard.hole + 1 {
          for between in (last + 1..<row).clamped(to: rows) { tiles[column, between] = true }
        }
        last = row
      }
    }
  }
}
