import ScrimImage

/// A set of pixels of a 16-pixel tile: one word per row, one bit per pixel, the leftmost pixel in the lowest bit.
typealias TileBits = SIMD16<UInt16>

extension SIMD16<UInt16> {
  static var none: TileBits { TileBits(repeating: 0) }

  var isEmpty: Bool { self == .none }

  /// The rectangle around the pixels of a tile that are set; empty if none is.
  func bounds(in tile: Rect) -> Rect {
    var columns: UInt16 = 0
    var rows: UInt16 = 0
    for row in 0..<16 where self[row] != 0 {
      columns |= self[row]
      rows |= 1 << UInt16(row)
    }
    if rows == 0 { return Rect(x: tile.x, y: tile.y, width: 0, height: 0) }
    return Rect(
      minX: tile.x + columns.trailingZeroBitCount, minY: tile.y + rows.trailingZeroBitCount,
      maxX: tile.x + 16 - columns.leadingZeroBitCount, maxY: tile.y + 16 - rows.leadingZeroBitCount)
  }

  /// Calls `body` with each row's runs of pixels, from the tile's left edge.
  func forEachRun(_ body: (_ row: Int, _ run: Range<Int>) -> Void) {
    for row in 0..<16 {
      var rest = UInt32(self[row])
      var x = 0
      while rest != 0 {
        let skipped = rest.trailingZeroBitCount
        x += skipped
        rest >>= UInt32(skipped)
        let length = (~rest).trailingZeroBitCount
        body(row, x..<x + length)
        x += length
        rest = length < 32 ? rest >> UInt32(length) : 0
      }
    }
  }
}

extension Region {
  /// The pixels of a tile that are in the set.
  ///
  /// - Parameter tile: at most 16 by 16 pixels.
  func bits(_ tile: Rect) -> TileBits {
    var bits = TileBits.none
    var low = 0
    var high = bands.count
    while low < high {
      let middle = (low + high) / 2
      if bands[middle].maxY <= tile.y { low = middle + 1 } else { high = middle }
    }
    while low < bands.count, bands[low].minY < tile.maxY {
      let band = bands[low]
      var word: UInt32 = 0
      for span in spans[band.firstSpan..<band.endSpan] {
        if span.lowerBound >= tile.maxX { break }
        guard span.upperBound > tile.x else { continue }
        let part = span.clamped(to: tile.x..<tile.maxX)
        word |= (UInt32(1) << UInt32(part.count) &- 1) << UInt32(part.lowerBound - tile.x)
      }
      for y in max(band.minY, tile.y)..<min(band.maxY, tile.maxY) {
        bits[y - tile.y] = UInt16(truncatingIfNeeded: word)
      }
      low += 1
    }
    return bits
  }
}

extension Frame {
  /// Copies the pixels of a tile that are set in `bits` to a tile of 256; reads no other pixel.
  func read(
    _ tile: Rect, _ bits: TileBits, into target: inout [Pixel], at offset: Int, scratch: inout [Pixel]
  ) {
    bits.forEachRun { row, run in
      var span = scratch.mutableSpan
      readRow(tile.y + row, tile.x + run.lowerBound..<tile.x + run.upperBound, into: &span)
      for index in run { target[offset + row * 16 + index] = scratch[index - run.lowerBound] }
    }
  }
}

extension TileGrid {
  /// The tiles that hold a pixel of a set, by their numbers.
  func tiles(of region: Region) -> [Int] {
    if region.isEmpty { return [] }
    var tiles = TileSet(self)
    for rect in region.rects {
      for row in rect.y / side...(rect.maxY - 1) / side {
        for column in columns(of: rect.x..<rect.maxX) { tiles[column, row] = true }
      }
    }
    return tiles.flags.indices.filter { tiles.flags[$0] != 0 }
  }
}

extension TileSet {
  /// The rectangles around the groups of members; groups with at most one tile between them are merged. So the
  /// outline of a mask doesn't show the outline of the hidden content.
  func hulls() -> TileSet {
    var hulls: [Rect] = []
    var rest = self
    for start in flags.indices where rest.flags[start] != 0 {
      var (minX, minY, maxX, maxY) = (Int.max, Int.max, 0, 0)
      var waiting = [start]
      rest[start % grid.columns, start / grid.columns] = false
      while let tile = waiting.popLast() {
        let (column, row) = (tile % grid.columns, tile / grid.columns)
        (minX, minY, maxX, maxY) = (min(minX, column), min(minY, row), max(maxX, column), max(maxY, row))
        for y in max(row - 2, 0)...min(row + 2, grid.rows - 1) {
          for x in max(column - 2, 0)...min(column + 2, grid.columns - 1) where rest[x, y] {
            rest[x, y] = false
            waiting.append(y * grid.columns + x)
          }
        }
      }
      hulls.append(Rect(minX: minX, minY: minY, maxX: maxX + 1, maxY: maxY + 1))
    }
    return TileSet(grid, TileSet.merged(hulls))
  }

  /// Rectangles of tiles.
  private init(_ grid: TileGrid, _ rects: [Rect]) {
    self.init(grid)
    for rect in rects {
      for row in rect.y..<rect.maxY {
        for column in rect.x..<rect.maxX { self[column, row] = true }
      }
    }
  }

  /// Replaces rectangles that overlap by the one around both, until none do.
  private static func merged(_ rects: [Rect]) -> [Rect] {
    var done: [Rect] = []
    var waiting = rects
    while var rect = waiting.popLast() {
      if let other = done.firstIndex(where: { $0.padded(by: 1).intersects(rect) }) {
        let found = done.remove(at: other)
        rect = Rect(
          minX: min(rect.x, found.x), minY: min(rect.y, found.y), maxX: max(rect.maxX, found.maxX),
          maxY: max(rect.maxY, found.maxY))
        waiting.append(rect)
      } else {
        done.append(rect)
      }
    }
    return done
  }
}
