import ScrimImage

/// What is suspect as rectangles: the bounds of each connected group, with a margin that grows with it.
///
/// A mask has the shape of a box, never of what it hides: of digits of 150 pixels, masked tile by tile, a text recogniser
/// read the outline. Rectangles whose margins touch become the one around both, until none do.
enum SuspectGroups {
  /// Tiles without texture between two of a row that belong together: the inside of a stroke.
  static let hole = 2
  /// Pixels around every group.
  static let rim = 2

  /// The rectangle that hides a group of texture.
  static func hull(ofTexture bounds: Rect) -> Rect {
    bounds.padded(by: rim + min(bounds.width, bounds.height) / 24)
  }

  /// The rectangle that hides a shape of straight edges: as far as the next bar of a code, the next letter of a word.
  ///
  /// A code's bar stands beside gaps of up to four modules, so a bar of one module takes two on either side with it.
  static func hull(ofShape bounds: Rect) -> Rect {
    let thin = min(bounds.width, bounds.height)
    let isBar = thin <= 20 && max(bounds.width, bounds.height) >= 4 * thin
    return bounds.padded(by: rim + (isBar ? 2 * thin : thin / 4))
  }

  /// Shapes with those beside them that have the same direction made one: the bars of a code, the strokes of a word.
  ///
  /// Between a code's bars are gaps of up to four modules, and its bars have one at least. Of very many shapes all become one.
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

  /// The bounds of suspect pixels that are connected: in one tile, or in tiles that touch, at corners too.
  ///
  /// So pixels 8 apart are connected in any case, and those 16 apart are not.
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

  /// Calls `body` with the tiles of each run that has suspect pixels.
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

  /// Rectangles that overlap or touch become the one around both, until none do. The result is the same in any order.
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
  /// The smallest rectangle that holds both.
  func union(_ other: Rect) -> Rect {
    Rect(
      minX: min(x, other.x), minY: min(y, other.y), maxX: max(maxX, other.maxX), maxY: max(maxY, other.maxY))
  }
}
