import ScrimImage

/// The surfaces between lines: connected guarded pixels, outside of texture, that no line separates.
///
/// Built from runs of pixels in rows. Only rows that differ from the row above are read, some hundred in a page. A
/// surface continues behind lines of up to 3 pixels, as the ground of a table does behind its grid.
struct SurfaceMap: Sendable {
  /// A run of pixels in a row, between vertical lines.
  struct Run: Sendable {
    var columns: Range<Int>
    var surface: Int
    /// The number of rows for which the run and those above it continue, up to the largest number that is used.
    var depth = 0
    /// The same for runs wider than ``SurfaceMap/stoutness`` columns.
    var stoutDepth = 0
  }

  /// Consecutive rows with equal runs.
  struct Band: Sendable {
    var rows: Range<Int>
    var runs: Range<Int>
  }

  struct Surface: Sendable {
    var bounds: Rect
    /// Whether it contains a square of 4 pixels; otherwise it is a line.
    var isThick = false
    /// Whether it contains a square of 17 pixels; otherwise it is a stroke.
    var isStout = false
    /// The colour of its first pixel.
    var colour: Pixel = 0
    /// Pixels of its border with thick surfaces of larger bounds, directly or behind a line.
    var border = 0
    var left = Side()
    var right = Side()
    var top = Side()
    var bottom = Side()
  }

  /// The colour beyond the majority of a side of the bounds, found by the Boyer-Moore vote.
  struct Side: Sendable {
    private var colour: Pixel = 0
    private var votes = 0

    mutating func vote(_ pixel: Pixel, _ count: Int) {
      if votes == 0 { colour = pixel }
      if SurfaceMap.isAlike(colour, pixel) {
        votes += count
      } else if count > votes {
        colour = pixel
        votes = count - votes
      } else {
        votes -= count
      }
    }

    func isLike(_ other: Side) -> Bool {
      votes > 0 && other.votes > 0 && SurfaceMap.isAlike(colour, other.colour)
    }

    /// Whether no larger surface borders on this side, but the picture's edge, a mask or texture.
    var isUnseen: Bool { votes == 0 }

    /// Whether both colours are known and differ.
    func differs(from other: Side) -> Bool {
      votes > 0 && other.votes > 0 && !SurfaceMap.isAlike(colour, other.colour)
    }
  }

  /// The largest thickness of a line, in pixels.
  static let thickness = 3
  /// The largest thickness of a stroke, in pixels.
  static let stoutness = 16

  /// Whether the picture comes from a JPEG, in which a single colour varies beside every line.
  var isLossy = false

  private(set) var runs: [Run] = []
  private(set) var bands: [Band] = []
  var surfaces: [Surface] = []
  /// Rows with a horizontal line above them.
  private(set) var lineRows: [Int] = []
  private var parents: [Int] = []
  private var open: [UInt64] = []
  private var before: [UInt64] = []

  /// The surfaces that are complete, not a part of another.
  var wholes: some Sequence<Int> { surfaces.indices.lazy.filter { parents[$0] == $0 } }

  mutating func build(_ pixels: Span<Pixel>, _ planes: borrowing StepPlanes, _ texture: borrowing TextureMap)
  {
    runs.removeAll(keepingCapacity: true)
    bands.removeAll(keepingCapacity: true)
    surfaces.removeAll(keepingCapacity: true)
    parents.removeAll(keepingCapacity: true)
    lineRows.removeAll(keepingCapacity: true)
    let words = planes.words
    if open.count != words {
      open = [UInt64](repeating: 0, count: words)
      before = open
    }
    for y in 0..<planes.height {
      let base = y * words
      let tile = y / GapGuard.tileSide * words
      let above = y > 0 ? base - words : base
      var lines: UInt64 = 0
      var differs: UInt64 = y > 0 ? 0 : ~0
      for word in 0..<words {
        open[word] = planes.guarded[base + word] & ~texture.cover[tile + word]
        lines |= planes.horizontals[base + word]
        differs |= open[word] ^ before[word]
        differs |= planes.verticals[base + word] ^ planes.verticals[above + word]
      }
      if lines != 0 { lineRows.append(y) }
      if differs | lines == 0 { continue }
      endBand(at: y)
      appendBand(pixels, planes, row: y)
      swap(&before, &open)
    }
    endBand(at: planes.height)
    for index in runs.indices { runs[index].surface = root(runs[index].surface) }
    measure()
    measureBorders(pixels, width: planes.width)
  }

  // MARK: Connecting

  private mutating func root(_ surface: Int) -> Int {
    var at = surface
    while parents[at] != at {
      parents[at] = parents[parents[at]]
      at = parents[at]
    }
    return at
  }

  private mutating func unite(_ a: Int, _ b: Int) {
    let (a, b) = (root(a), root(b))
    // The earlier run becomes the root, so chains stay short: runs are united with those of the rows above.
    if a < b { parents[b] = a } else { parents[a] = b }
  }

  private mutating func appendBand(_ pixels: Span<Pixel>, _ planes: borrowing StepPlanes, row y: Int) {
    let width = planes.width
    let base = y * planes.words
    let first = runs.count
    var x = 0
    while let start = Bits.firstSet(open, in: x..<width) {
      x = Bits.firstClear(open, in: start..<width)
      var from = start
      while from < x {
        let cut = Bits.firstSet(planes.verticals, in: from + 1..<x, base: base) ?? x
        parents.append(surfaces.count)
        runs.append(Run(columns: from..<cut, surface: surfaces.count))
        surfaces.append(
          Surface(
            bounds: Rect(minX: from, minY: y, maxX: cut, maxY: y + 1), colour: pixels[y * width + from]))
        from = cut
      }
    }
    let row = first..<runs.count
    uniteBehindVerticals(pixels, row, from: y * width)
    var above = bands.count - 1
    while above >= 0, bands[above].rows.upperBound >= y - SurfaceMap.thickness {
      uniteRows(pixels, planes, row: y, row, with: bands[above])
      above -= 1
    }
    bands.append(Band(rows: y..<y, runs: row))
  }

  /// Unites runs of equal colour on both sides of a thin run.
  private mutating func uniteBehindVerticals(_ pixels: Span<Pixel>, _ row: Range<Int>, from start: Int) {
    for index in row {
      let end = runs[index].columns.upperBound
      var other = index + 1
      while other < row.upperBound, runs[other].columns.lowerBound == runs[other - 1].columns.upperBound,
        runs[other].columns.lowerBound - end <= SurfaceMap.thickness
      {
        let next = runs[other].columns.lowerBound
        if other > index + 1, isSame(pixels[start + end - 1], pixels[start + next]) {
          unite(runs[index].surface, runs[other].surface)
        }
        other += 1
      }
    }
  }

  private mutating func uniteRows(
    _ pixels: Span<Pixel>, _ planes: borrowing StepPlanes, row y: Int, _ row: Range<Int>, with band: Band
  ) {
    let width = planes.width
    let last = band.rows.upperBound - 1
    forEachPair(band.runs, row) { map, i, j, shared in
      if last + 1 < y {
        // Behind a thin line.
        let x = (shared.lowerBound + shared.upperBound) / 2
        if map.isSame(pixels[last * width + x], pixels[y * width + x]) {
          map.unite(map.runs[i].surface, map.runs[j].surface)
        }
        return
      }
      let free = Bits.firstClear(planes.horizontals, in: shared, base: y * planes.words)
      guard free < shared.upperBound else { return }
      map.unite(map.runs[i].surface, map.runs[j].surface)
      if shared.count > SurfaceMap.thickness {
        map.runs[j].depth = max(map.runs[j].depth, map.runs[i].depth)
      }
      if shared.count > SurfaceMap.stoutness {
        map.runs[j].stoutDepth = max(map.runs[j].stoutDepth, map.runs[i].stoutDepth)
      }
    }
  }

  /// Calls `body` with each pair of a run of the upper band and a run of the lower band that share columns, and
  /// with these columns.
  mutating func forEachPair(
    _ upper: Range<Int>, _ lower: Range<Int>, _ body: (inout SurfaceMap, Int, Int, Range<Int>) -> Void
  ) {
    var i = upper.lowerBound
    var j = lower.lowerBound
    while i < upper.upperBound, j < lower.upperBound {
      let shared = runs[i].columns.clamped(to: runs[j].columns)
      let isFirst = runs[i].columns.upperBound < runs[j].columns.upperBound
      if !shared.isEmpty { body(&self, i, j, shared) }
      if isFirst { i += 1 } else { j += 1 }
    }
  }

  private mutating func endBand(at y: Int) {
    guard let last = bands.indices.last else { return }
    let rows = bands[last].rows.lowerBound..<y
    bands[last].rows = rows
    for index in bands[last].runs {
      runs[index].depth += rows.count
      if runs[index].columns.count <= SurfaceMap.thickness { runs[index].depth = 0 }
      if runs[index].depth > SurfaceMap.thickness { surfaces[runs[index].surface].isThick = true }
      runs[index].stoutDepth += rows.count
      if runs[index].columns.count <= SurfaceMap.stoutness { runs[index].stoutDepth = 0 }
      if runs[index].stoutDepth > SurfaceMap.stoutness { surfaces[runs[index].surface].isStout = true }
    }
  }

  private mutating func measure() {
    for surface in surfaces.indices where surfaces[surface].isThick && parents[surface] != surface {
      let whole = root(surface)
      surfaces[whole].isThick = true
      if surfaces[surface].isStout { surfaces[whole].isStout = true }
    }
    for band in bands {
      for run in runs[band.runs] {
        let rect = Rect(
          minX: run.columns.lowerBound, minY: band.rows.lowerBound, maxX: run.columns.upperBound,
          maxY: band.rows.upperBound)
        surfaces[run.surface].bounds = surfaces[run.surface].bounds.union(rect)
      }
    }
  }

  // MARK: Colours

  /// Whether two colours can belong to one surface: a JPEG varies a single colour by this much.
  static func isAlike(_ a: Pixel, _ b: Pixel) -> Bool { differ(a, b, by: 6) }

  /// Whether two colours are the same. Faint print differs by 3 from its ground, with a step of 2 at its edges.
  func isSame(_ a: Pixel, _ b: Pixel) -> Bool { SurfaceMap.differ(a, b, by: isLossy ? 6 : 1) }

  /// Whether two pixels differ by at most this much in each channel.
  private static func differ(_ a: Pixel, _ b: Pixel, by most: Int) -> Bool {
    if (a ^ b) & 0x00FF_FFFF == 0 { return true }
    for shift: Pixel in [0, 8, 16] where abs(Int(a >> shift & 255) - Int(b >> shift & 255)) > most {
      return false
    }
    return true
  }
}
