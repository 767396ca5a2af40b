import ScrimImage

/// The pixels in which two raw frames differ, a bit each in the 16-pixel tiles that hold any: a thousandth of what frames take
/// as long as little changes.
struct FrameChanges {
  /// Tile numbers, in no order.
  fileprivate(set) var tiles: [Int32] = []
  /// A word a row of each tile, a bit a pixel, the leftmost lowest.
  fileprivate(set) var rows: [UInt16] = []

  static let none = FrameChanges()

  /// Adds the tiles that hold a change in `kept`.
  func mark(_ marked: inout TileSet, in kept: Region) {
    let grid = marked.grid
    for (slot, tile) in tiles.enumerated() {
      let (column, row) = (Int(tile) % grid.columns, Int(tile) / grid.columns)
      if marked[column, row] { continue }
      marked[column, row] = hasChange(slot, grid.rect(column: column, row: row), in: kept)
    }
  }

  private func hasChange(_ slot: Int, _ rect: Rect, in kept: Region) -> Bool {
    for y in rect.y..<rect.maxY {
      let bits = rows[slot * FrameComparison.side + y - rect.y]
      if bits == 0 { continue }
      for span in kept.spans(atRow: y) where span.overlaps(rect.x..<rect.maxX) {
        let part = span.clamped(to: rect.x..<rect.maxX)
        let mask =
          UInt32(1) << UInt32(part.upperBound - rect.x) &- UInt32(1) << UInt32(part.lowerBound - rect.x)
        if UInt32(bits) & mask != 0 { return true }
      }
    }
    return false
  }
}

/// Compares raw frames outside masks, which is the only way in which raw frames are ever compared.
struct FrameComparison {
  static let side = MaskedFrame.clearanceSide
  private let grid: TileGrid
  private var first: [Pixel]
  private var second: [Pixel]
  private var marks: [UInt8]
  /// Where in the changes a tile's rows stand, by tile; -1 where they don't.
  private var slots: [Int32]
  private var audit: DamageAudit
  /// Pairs of frames whose damage left out pixels that had changed.
  private(set) var untrueDamage = 0

  init(width: Int, height: Int) {
    grid = TileGrid(width: width, height: height, side: FrameComparison.side)
    first = [Pixel](repeating: 0, count: width)
    second = first
    marks = [UInt8](repeating: 0, count: grid.columns)
    slots = [Int32](repeating: -1, count: grid.count)
    audit = DamageAudit(width: width, height: height)
  }

  /// The pixels of `kept` in which two frames differ. No other pixel is read.
  ///
  /// - Parameter damage: where they may differ; nil where nobody knows. Other pixels are read in a stripe that tells whether the
  ///   source says the truth; where not, all of `kept` is read.
  mutating func changes(_ a: Frame, _ b: Frame, kept: Region, damage: Region?) -> FrameChanges {
    var changes = FrameChanges()
    if a.isSameStorage(as: b) { return changes }
    if let damage {
      let wanted = kept.intersection(damage)
      _ = add(a, b, in: wanted, to: &changes)
      if add(a, b, in: audit.stripe().intersection(kept).subtracting(wanted), to: &changes) {
        untrueDamage += 1
        _ = add(a, b, in: kept, to: &changes)
      }
    } else {
      _ = add(a, b, in: kept, to: &changes)
    }
    for tile in changes.tiles { slots[Int(tile)] = -1 }
    return changes
  }

  /// Adds what differs in some pixels; returns whether any does.
  private mutating func add(_ a: Frame, _ b: Frame, in kept: Region, to changes: inout FrameChanges) -> Bool {
    var hasChange = false
    for band in kept.bands {
      for y in band.minY..<band.maxY {
        for span in kept.spans[band.firstSpan..<band.endSpan] {
          guard a.mayDiffer(y, span, from: b), differs(a, b, y, span) else { continue }
          hasChange = true
          for column in grid.columns(of: span) where marks[column] != 0 {
            marks[column] = 0
            note(column, y, span, in: &changes)
          }
        }
      }
    }
    return hasChange
  }

  /// Sets the bits of a tile's row, of which the two row buffers hold the span `xs` of the picture.
  private mutating func note(_ column: Int, _ y: Int, _ xs: Range<Int>, in changes: inout FrameChanges) {
    let side = FrameComparison.side
    let tile = y / side * grid.columns + column
    if slots[tile] < 0 {
      slots[tile] = Int32(changes.tiles.count)
      changes.tiles.append(Int32(tile))
      for _ in 0..<side { changes.rows.append(0) }
    }
    var bits: UInt16 = 0
    let left = column * side
    for x in max(left, xs.lowerBound)..<min(left + side, xs.upperBound)
    where first[x - xs.lowerBound] != second[x - xs.lowerBound] {
      bits |= 1 << UInt16(x - left)
    }
    changes.rows[Int(slots[tile]) * side + y % side] |= bits
  }

  private mutating func differs(_ a: Frame, _ b: Frame, _ y: Int, _ xs: Range<Int>) -> Bool {
    var rowA = first.mutableSpan
    a.readRow(y, xs, into: &rowA)
    var rowB = second.mutableSpan
    b.readRow(y, xs, into: &rowB)
    return FrameComparison.mark(first, second, xs, side: grid.side, marks: &marks)
  }

  private static func mark(
    _ a: [Pixel], _ b: [Pixel], _ xs: Range<Int>, side: Int, marks: inout [UInt8]
  ) -> Bool {
    PixelRow.markDifferences(
      a.span.extracting(0..<xs.count), b.span.extracting(0..<xs.count), origin: xs.lowerBound, side: side,
      marks: &marks)
  }
}
