import ScrimImage

/// Suspect pixels as rectangles: the bounds of each connected group, plus a margin in proportion to its size.
///
/// A mask has the shape of a box, never of the hidden content: a text recogniser read digits 150 pixels high that
/// were masked tile by tile from their outline. Rectangles whose margins touch are replaced by the one around both,
/// until none touch.
enum SuspectGroups {
  /// The number of tiles without texture between two tiles of one group in a row: the inside of a stroke.
  static let hole = 2
  /// Pixels around every group.
  static let rim = 2

  /// The rectangle that masks a group of texture.
  static func hull(ofTexture bounds: Rect) -> Rect {
    bounds.padded(by: rim + min(bounds.width, bounds.height) / 24)
  }

  /// The rectangle that masks a shape of straight edges, up to the next bar of a code or the next letter of a word.
  ///
  /// Gaps between the bars of a code are up to four modules wide, so the margin of a bar of one module is two
  /// modules per side.
  static func hull(ofShape bounds: Rect) -> Rect {
    let thin = min(bounds.width, bounds.height)
    let isBar = thin <= 20 && max(bounds.width, bounds.height) >= 4 * thin
    return bounds.padded(by: rim + (isBar ? 2 * thin : thin / 4))
  }

  /// Merges parallel shapes that lie side by side: the bars of a code, the strokes of a word.
  ///
  /// Gaps between the bars of a code are up to four modules wide, and bars at least one. Above 1000, all shapes
  /// are merged into one.
  static func joined(_ shapes: [Rect]) -> [Rect] {
    if shapes.count > 1000 { return [shapes.reduce(shapes[0]) { $0.union($1) }] }
    var groups = shapes
    var index = 0
    while index < groups.count {
      if let other = groups[..<index].firstIndex(where: { areBars($0, groups[index]) }) {
        groups[other] = groups[other].union(groups[index])
        groups.remove(at: index)
        index = other
      } else {
        index += 1
      }
    }
    return groups
  }

  private static func areBars(_ a: Rect, _ b: Rect) -> Bool {
    let high = min(a.maxY, b.maxY) - max(a.y, b.y)
    let wide = min(a.maxX, b.maxX) - max(a.x, b.x)
    let isUpright = high * 2 >= max(a.height, b.height) && min(a.height, b.height) >= 64
    let isLying = wide * 2 >= max(a.width, b.width) && min(a.width, b.width) >= 64
    return isUpright
      && -wide <= 2 * min(min(a.width, b.width), a.height / 2) + 2 * min(max(a.width, b.width), 32)
      || isLying
        && -high <= 2 * min(min(a.height, b.height), a.width / 2) + 2 * min(max(a.height, b.height), 32)
  }

  /// The bounds of connected suspect pixels: in one tile, or in tiles that touch, corners included.
  ///
  /// So pixels at a distance of 8 are always connected, and those at 16 never.
  static func textures(_ map: borrowing TextureMap, grid: TileGrid) -> [Rect] {
    let words = (grid.width + 63) / 64
    var groups: [Rect] = []
    var parents: [Int] = []
    func root(_ group: Int) -> Int {
      var at = group
      while parents[at] != at { at = parents[at] }
      return at
    }
    var above: [(columns: Range<Int>, group: Int)] = []
    var here = above
    for tileRow in 0..<grid.rows {
      here.removeAll(keepingCapacity: true)
      var next = 0
      forEachRun(of: map.columns, tileRow * words..<(tileRow + 1) * words) { columns in
        let bounds = bounds(of: columns, inRow: tileRow, map, words)
        let group = groups.count
        groups.append(bounds)
        parents.append(group)
        if let last = here.last, columns.lowerBound - last.columns.upperBound <= hole {
          let (a, b) = (root(last.group), root(group))
          parents[max(a, b)] = min(a, b)
        }
        here.append((columns, group))
        while next < above.count, above[next].columns.upperBound < columns.lowerBound { next += 1 }
        var other = next
        while other < above.count, above[other].columns.lowerBound <= columns.upperBound {
          let (a, b) = (root(above[other].group), root(group))
          parents[max(a, b)] = min(a, b)
          other += 1
        }
      }
      swap(&above, &here)
    }
    for group in groups.indices.reversed() {
      let root = root(group)
      if root != group { groups[root] = groups[root].union(groups[group]) }
    }
    return groups.indices.filter { parents[$0] == $0 }.map { groups[$0] }
  }

  /// Calls `body` with each run of tiles that have suspect pixels.
  private static func forEachRun(of tiles: [UInt64], _ range: Range<Int>, _ body: (Range<Int>) -> Void) {
    var start = -1
    for word in range {
      let occupied = TextureMap.occupied(tiles[word])
      let first = (word - range.lowerBound) * 8
      if occupied == 0 {
        if start >= 0 { body(start..<first) }
        start = -1
        continue
      }
      for byte in 0..<8 {
        if occupied >> UInt64(byte * 8) & 1 != 0 {
          if start < 0 { start = first + byte }
        } else if start >= 0 {
          body(start..<first + byte)
          start = -1
        }
      }
    }
    if start >= 0 { body(start..<range.count * 8) }
  }

  private static func bounds(
    of columns: Range<Int>, inRow tileRow: Int, _ map: borrowing TextureMap, _ words: Int
  ) -> Rect {
    func byte(_ bits: [UInt64], _ column: Int) -> UInt8 {
      UInt8(truncatingIfNeeded: bits[tileRow * words + column / 8] >> UInt64(column % 8 * 8))
    }
    var rows: UInt8 = 0
    for column in columns { rows |= byte(map.rows, column) }
    let side = GapGuard.tileSide
    let last = columns.upperBound - 1
    return Rect(
      minX: columns.lowerBound * side + byte(map.columns, columns.lowerBound).trailingZeroBitCount,
      minY: tileRow * side + rows.trailingZeroBitCount,
      maxX: (last + 1) * side - byte(map.columns, last).leadingZeroBitCount,
      maxY: (tileRow + 1) * side - rows.leadingZeroBitCount)
  }

  /// Replaces rectangles that overlap or touch by the one around both, until none do. The result doesn't depend on
  /// the order.
  static func merged(_ rects: [Rect]) -> [Rect] {
    var rects = rects
    while true {
      rects.sort { ($0.y, $0.x, $0.maxX, $0.maxY) < ($1.y, $1.x, $1.maxX, $1.maxY) }
      var done: [Rect] = []
      var alive: [Rect] = []
      for rect in rects {
        var rect = rect
        var index = 0
        while index < alive.count {
          let other = alive[index]
          let isPast = other.maxY < rect.y
          guard isPast || other.x <= rect.maxX && rect.x <= other.maxX else {
            index += 1
            continue
          }
          alive.swapAt(index, alive.count - 1)
          alive.removeLast()
          if isPast {
            done.append(other)
          } else {
            rect = rect.union(other)
            index = 0
          }
        }
        alive.append(rect)
      }
      done += alive
      if done.count == rects.count { return done }
      rects = done
    }
  }
}

extension Rect {
  /// The smallest rectangle that contains both.
  func union(_ other: Rect) -> Rect {
    Rect(
      minX: min(x, other.x), minY: min(y, other.y), maxX: max(maxX, other.maxX), maxY: max(maxY, other.maxY))
  }
}
