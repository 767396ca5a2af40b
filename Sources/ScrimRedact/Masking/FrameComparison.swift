import ScrimImage

/// The pixels in which two raw frames differ, as one bit each in the 16-pixel tiles that contain any: a
/// thousandth of the frames' size while little changes.
struct FrameChanges {
  /// Tile numbers, unsorted.
  fileprivate(set) var tiles: [Int32] = []
  /// One word per row of each tile, one bit per pixel, the leftmost in the lowest bit.
  fileprivate(set) var rows: [UInt16] = []

  static let none = FrameChanges()

  /// Adds the tiles with a change in `kept`.
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

/// Compares raw frames outside masks. Raw frames are never compared in any other way.
struct FrameComparison {
  static let side = MaskedFrame.clearanceSide
  private let grid: TileGrid
  /// Scratch: a tile's part of a row, for both frames.
  private var scratch: (a: [Pixel], b: [Pixel])
  /// Index of a tile's rows in the changes, by tile; -1 if it has none.
  private var slots: [Int32]
  private var audit: DamageAudit
  /// Number of pairs of frames whose damage omitted changed pixels.
  private(set) var untrueDamage = 0

  init(width: Int, height: Int) {
    grid = TileGrid(width: width, height: height, side: FrameComparison.side)
    let row = [Pixel](repeating: 0, count: FrameComparison.side)
    scratch = (row, row)
    slots = [Int32](repeating: -1, count: grid.count)
    audit = DamageAudit(width: width, height: height)
  }

  /// The pixels of `kept` in which two frames differ. No other pixel is read.
  ///
  /// - Parameter damage: where they may differ; nil if unknown. Other pixels are read in one stripe that
  ///   checks the source's damage; if it is wrong, all of `kept` is read.
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

  /// Adds the differences in some pixels; returns whether there are any.
  private mutating func add(_ a: Frame, _ b: Frame, in kept: Region, to changes: inout FrameChanges) -> Bool {
    var hasChange = false
    for band in kept.bands {
      for y in band.minY..<band.maxY {
        let first = y / grid.side * grid.columns
        for span in kept.spans[band.firstSpan..<band.endSpan] {
          let differs = a.differences(y, span, from: b, side: grid.side, scratch: &scratch) { column, bits in
            let tile = first + column
            if slots[tile] < 0 {
              slots[tile] = Int32(changes.tiles.count)
              changes.tiles.append(Int32(tile))
              for _ in 0..<FrameComparison.side { changes.rows.append(0) }
            }
            changes.rows[Int(slots[tile]) * FrameComparison.side + y % grid.side] |= bits
          }
          hasChange = hasChange || differs
        }
      }
    }
    return hasChange
  }
}
