public import ScrimImage

/// Makes masked frames: paints the masks, shows cleared content, and keeps the old content elsewhere.
///
/// One masker serves one stream of frames of one size. It holds the masked picture, which outside masks is
/// the last content seen: new frames are compared with it. Pixels under a mask are not read.
///
/// If more is hidden than masks hide (by clearance or the gap guard), it holds a second picture from then
/// on: the last source pixels seen outside masks.
///
/// Its picture can be lent to another thread while the next frame is masked: see `lend()`.
public struct Masker: ~Copyable {
  public let fills: MaskFills
  /// The masked picture.
  public private(set) var frame: MaskedFrame
  /// Source pixels as last read outside masks; empty while the masked picture holds them.
  private var source: [Pixel] = []
  private var regions: MaskRegions
  /// The pixels outside `regions.masked`.
  private var kept: Region
  /// Pixels whose cached source value may be stale: they are masked, or changed in a frame that was masked
  /// but not shown.
  private var unread: Region
  private var audit: DamageAudit
  /// Number of frames whose damage omitted changed pixels.
  package private(set) var untrueDamage = 0
  private var painted: [(region: Region, colour: Pixel)]
  /// Tiles whose shown content may differ from the result of `source`, `regions` and the guard.
  private var pending: TileSet
  /// Guarded pixels that the gap guard masks because of their look.
  private(set) var suspects = Region()
  private var gapGuard = GapGuard()
  /// Whether `regions` changed since the guard last judged the whole picture: `mask()` may install new
  /// regions several frames before the next `show()`.
  private var isGuardStale = false
  /// Whether every mask of `regions` is painted: composing preserves this.
  private var isPainted = false
  /// Whether the guard missed frames.
  private var isGuardNew = true
  /// Content of the picture lent last, until this one has caught up with it.
  private var shown: [Pixel] = []
  /// The tiles that changed since the current picture was itself lent, and the number of rows that have
  /// caught up.
  private var behind: TileSet
  private var caughtUp = 0
  /// Counts the frames that changed something. By 64-pixel tile, row by row: the version that changed it
  /// last.
  public private(set) var version: Int
  private var versions: [Int]
  /// Scratch: one row.
  private var row: [Pixel]
  /// Scratch: one byte per tile column.
  private var marks: [UInt8]
  /// Rows that contain all changes since the gap guard last ran.
  private var changedRows: [Range<Int>] = []

  /// - Parameter version: of the previous masker, which had another size; its pictures may come back to
  ///   this one.
  public init(width: Int, height: Int, fills: MaskFills, following version: Int = 0) {
    self.fills = fills
    frame = MaskedFrame(width: width, height: height, fill: fills[.other])
    regions = MaskPlan.failedClosed(width: width, height: height).regions
    kept = Region()
    unread = regions.masked
    audit = DamageAudit(width: width, height: height)
    painted = regions.painted(with: fills)
    pending = TileSet(frame.touched.grid)
    behind = frame.damage
    self.version = version + 1
    versions = [Int](repeating: version + 1, count: frame.damage.grid.count)
    row = [Pixel](repeating: 0, count: width)
    marks = [UInt8](repeating: 0, count: max(frame.touched.grid.columns, frame.damage.grid.columns))
  }

  /// Paints masks over the shown picture. Reads no source pixel.
  ///
  /// - Parameter damage: changes of the source since the last frame, shown or not; nil if unknown.
  public mutating func mask(_ regions: MaskRegions, damage: Region? = nil) {
    precondition(!isLent, "a masker whose picture is lent must resume first")
    catchUp(to: frame.height)
    frame.damage.removeAll()
    defer { noteDamage() }
    adopt(regions)
    unread = damage.map { unread.union($0) } ?? Region(frame.bounds)
    if source.isEmpty { unread = unread.union(regions.masked) }
    paint()
  }

  /// Shows a new frame outside its masks, in the cleared tiles; paints the masks everywhere.
  ///
  /// - Parameters:
  ///   - source: of the masker's size. Its pixels under `regions.masked` are not read.
  ///   - cleared: 16-pixel tiles that may show this frame; nil clears all. The others keep their old
  ///     content.
  ///   - damage: pixels that may differ from the previous frame, shown or not; nil if unknown. Others are
  ///     read only where masks hid them, and in one stripe that checks the source's damage: if it is wrong,
  ///     the whole frame is read.
  public mutating func show(
    _ source: Frame, masked regions: MaskRegions, cleared: TileSet? = nil, damage: Region? = nil
  ) {
    precondition(
      source.width == frame.width && source.height == frame.height, "a masker serves frames of one size")
    precondition(!isLent, "a masker whose picture is lent must resume first")
    frame.damage.removeAll()
    defer { noteDamage() }
    adopt(regions)
    if self.source.isEmpty, cleared != nil || !regions.guarded.isEmpty {
      catchUp(to: frame.height)
      self.source = frame.storage
    }
    read(source, damage: damage)
    catchUp(to: frame.height)
    if isGuardStale || !changedRows.isEmpty {
      updateSuspects()
      isGuardStale = false
    }
    compose(cleared)
    if cleared != nil { paint() }
  }

  // MARK: Lending

  /// Whether the picture is lent, so that ``resume(with:)`` must be called before the next frame.
  package var isLent: Bool { frame.storage.isEmpty }

  /// Gives the picture away for reading, for any length of time. Until ``resume(with:)``, ``frame`` has no
  /// pixels.
  package mutating func lend() -> MaskedFrame {
    precondition(!isLent, "the picture is already lent")
    catchUp(to: frame.height)
    shown = frame.storage
    frame.storage = []
    caughtUp = 0
    return MaskedFrame(
      width: frame.width, height: frame.height, storage: shown, damage: frame.damage, touched: frame.touched,
      version: version)
  }

  /// Continues with another picture.
  ///
  /// - Parameter spare: a picture that was lent; if it is nil, or of another size, a new one is made.
  package mutating func resume(with spare: consuming MaskedFrame?) {
    precondition(isLent, "the picture is not lent")
    var next: MaskedFrame
    if let spare, spare.width == frame.width, spare.height == frame.height {
      next = spare
      next.damage.assign(frame.damage)
      next.touched.assign(frame.touched)
      let columns = behind.grid.columns
      for index in versions.indices {
        behind[index % columns, index / columns] = versions[index] > next.version
      }
    } else {
      // Shares its memory with the lent picture until something is written to it.
      next = MaskedFrame(
        width: frame.width, height: frame.height, storage: shown, damage: frame.damage,
        touched: frame.touched, version: version)
      behind.removeAll()
    }
    frame = next
  }

  private mutating func noteDamage() {
    if frame.damage.isEmpty { return }
    version += 1
    let columns = frame.damage.grid.columns
    for index in versions.indices where frame.damage[index % columns, index / columns] {
      versions[index] = version
    }
  }

  /// Copies rows of the picture shown last.
  private mutating func catchUp(to end: Int) {
    if shown.isEmpty { return }
    while caughtUp < end {
      let tileRow = caughtUp / MaskedFrame.damageSide
      let rows = caughtUp..<min(end, (tileRow + 1) * MaskedFrame.damageSide)
      frame.copy(behind, inRow: tileRow, rows: rows, of: shown)
      caughtUp = rows.upperBound
    }
    // Only the holder of the lent picture refers to it now.
    if caughtUp == frame.height { shown = [] }
  }

  /// Installs new masks; all tiles where they differ from the previous ones become pending.
  private mutating func adopt(_ new: MaskRegions) {
    precondition(new.width == frame.width && new.height == frame.height, "masks of another size")
    guard new != regions else { return }
    regions = new
    kept = new.masked.complement(in: frame.bounds)
    painted = new.painted(with: fills)
    pending.insertAll()
    isGuardStale = true
    isPainted = false
  }

  /// Reads the pixels of a frame that may have changed, outside masks, and sets ``changedRows``.
  private mutating func read(_ new: Frame, damage: Region?) {
    // Moved out of the masker and back, so that the memory serves all frames.
    var rows: [Range<Int>] = []
    swap(&rows, &changedRows)
    rows.removeAll(keepingCapacity: true)
    defer {
      swap(&rows, &changedRows)
      unread = regions.masked
    }
    guard let damage else {
      read(new, in: kept, &rows)
      return
    }
    let wanted = unread.union(damage).intersection(kept)
    read(new, in: wanted, &rows)
    guard read(new, in: audit.stripe().intersection(kept).subtracting(wanted), &rows) else { return }
    untrueDamage += 1
    read(new, in: kept, &rows)
    rows.removeAll(keepingCapacity: true)
    rows.append(0..<frame.height)
  }

  /// Reads pixels outside masks into the picture that holds them, and marks changed tiles: as pending, or
  /// in the masked picture as damaged.
  ///
  /// - Parameter changed: gets the rows, in order, that contain all changes.
  /// - Returns: whether anything changed.
  @discardableResult
  private mutating func read(_ new: Frame, in wanted: Region, _ changed: inout [Range<Int>]) -> Bool {
    var hasChanged = false
    for band in wanted.bands {
      var top = band.minY
      while top < band.maxY {
        let rows = top..<min(top + Masker.rowsAtOnce, band.maxY)
        top = rows.upperBound
        // Here, while they are in the cache: in a separate pass, catching up took as long as comparing.
        catchUp(to: rows.upperBound)
        for span in wanted.spans[band.firstSpan..<band.endSpan] {
          guard let part = read(new, rows, span) else { continue }
          hasChanged = true
          if let last = changed.last, last.upperBound >= part.lowerBound {
            changed[changed.count - 1] =
              min(last.lowerBound, part.lowerBound)..<max(last.upperBound, part.upperBound)
          } else {
            changed.append(part)
          }
        }
      }
    }
    return hasChanged
  }

  /// Number of rows that are first compared together: in most frames all are equal.
  private static let rowsAtOnce = 8

  /// Reads a span of some rows; returns the rows from the first to the last that changed.
  private mutating func read(_ new: Frame, _ rows: Range<Int>, _ xs: Range<Int>) -> Range<Int>? {
    if source.isEmpty {
      return Masker.read(
        new, rows, xs, into: &frame.storage, row: &row, marks: &marks, tiles: &frame.damage)
    }
    return Masker.read(new, rows, xs, into: &source, row: &row, marks: &marks, tiles: &pending)
  }

  private static func read(
    _ new: Frame, _ rows: Range<Int>, _ xs: Range<Int>, into picture: inout [Pixel], row: inout [Pixel],
    marks: inout [UInt8], tiles: inout TileSet
  ) -> Range<Int>? {
    guard new.mayDiffer(rows, xs, from: picture.span) else { return nil }
    var changed: Range<Int>?
    for y in rows {
      var target = picture.mutableSpan
      guard new.update(&target, y, xs, row: &row, side: tiles.grid.side, marks: &marks) else { continue }
      changed = (changed?.lowerBound ?? y)..<y + 1
      take(&marks, xs, y, into: &tiles)
    }
    return changed
  }

  /// Writes a part of a row into a picture; marks the tile columns that this changes.
  private static func replace(
    _ picture: inout [Pixel], at start: Int, with row: [Pixel], _ xs: Range<Int>, side: Int,
    marks: inout [UInt8]
  ) -> Bool {
    var target = picture.mutableSpan
    return PixelRow.update(
      &target, at: start, with: row.span.extracting(xs), origin: xs.lowerBound, side: side, marks: &marks)
  }

  /// Moves the marks of a row's tile columns into a set of tiles.
  private static func take(_ marks: inout [UInt8], _ xs: Range<Int>, _ y: Int, into tiles: inout TileSet) {
    for column in tiles.grid.columns(of: xs) where marks[column] != 0 {
      tiles[column, y / tiles.grid.side] = true
      marks[column] = 0
    }
  }

  /// Runs the gap guard again; tiles for which its result changed become pending.
  private mutating func updateSuspects() {
    let before = suspects
    if regions.guarded.isEmpty {
      // The guard can't know frames that it doesn't see.
      if !before.isEmpty { gapGuard.reset() }
      suspects = Region()
      isGuardNew = true
    } else {
      suspects = Masker.findSuspects(&gapGuard, source, regions, isGuardNew ? nil : changedRows)
      isGuardNew = false
    }
    guard suspects != before else { return }
    let side = MaskedFrame.clearanceSide
    for part in [suspects.subtracting(before), before.subtracting(suspects)] {
      for rect in part.rects {
        for row in rect.y / side...(rect.maxY - 1) / side {
          for column in pending.grid.columns(of: rect.x..<rect.maxX) { pending[column, row] = true }
        }
      }
    }
  }

  private static func findSuspects(
    _ gapGuard: inout GapGuard, _ source: [Pixel], _ regions: MaskRegions, _ changed: [Range<Int>]?
  ) -> Region {
    gapGuard.suspects(
      in: source.span, width: regions.width, height: regions.height, guarded: regions.guarded,
      boxes: regions.boxes, changed: changed)
  }

  /// Writes the pending tiles that are cleared.
  private mutating func compose(_ cleared: TileSet?) {
    let grid = pending.grid
    for tileRow in 0..<grid.rows where pending.hasMember(inRow: tileRow) {
      var column = 0
      while column < grid.columns {
        guard pending[column, tileRow], cleared?[column, tileRow] ?? true else {
          column += 1
          continue
        }
        let first = column
        while column < grid.columns, pending[column, tileRow], cleared?[column, tileRow] ?? true {
          pending[column, tileRow] = false
          frame.touched[column, tileRow] = false
          column += 1
        }
        let xs = first * grid.side..<min(column * grid.side, grid.width)
        for y in tileRow * grid.side..<min((tileRow + 1) * grid.side, grid.height) {
          composeRow(y, xs)
        }
      }
    }
  }

  /// Writes one row of cleared tiles: source pixels, then suspects, then masks.
  private mutating func composeRow(_ y: Int, _ xs: Range<Int>) {
    let start = y * frame.width
    for span in kept.spans(atRow: y) where span.overlaps(xs) {
      let part = span.clamped(to: xs)
      Masker.copy(source.isEmpty ? frame.storage : source, from: start + part.lowerBound, to: &row, part)
    }
    for span in suspects.spans(atRow: y) where span.overlaps(xs) {
      let part = span.clamped(to: xs)
      Masker.fill(&row, part, with: fills[.gap])
      touch(part, y)
    }
    for layer in painted {
      for span in layer.region.spans(atRow: y) where span.overlaps(xs) {
        let part = span.clamped(to: xs)
        Masker.fill(&row, part, with: layer.colour)
        touch(part, y)
      }
    }
    let differs = Masker.replace(
      &frame.storage, at: start + xs.lowerBound, with: row, xs, side: MaskedFrame.damageSide, marks: &marks)
    if differs { Masker.take(&marks, xs, y, into: &frame.damage) }
  }

  /// Paints every mask over the shown picture. Tiles in which that changes a pixel become pending: they
  /// must be written again once the mask is gone.
  private mutating func paint() {
    if isPainted { return }
    isPainted = true
    for layer in painted {
      for band in layer.region.bands {
        for y in band.minY..<band.maxY {
          for span in layer.region.spans[band.firstSpan..<band.endSpan] {
            let start = y * frame.width + span.lowerBound
            let range = start..<start + span.count
            guard PixelRow.differs(frame.storage.span.extracting(range), from: layer.colour) else { continue }
            Masker.fill(&frame.storage, range, with: layer.colour)
            touch(span, y)
            for column in pending.grid.columns(of: span) { pending[column, y / pending.grid.side] = true }
            for column in frame.damage.grid.columns(of: span) {
              frame.damage[column, y / MaskedFrame.damageSide] = true
            }
          }
        }
      }
    }
  }

  private static func copy(_ source: [Pixel], from start: Int, to row: inout [Pixel], _ xs: Range<Int>) {
    var target = row.mutableSpan
    PixelRow.copy(source.span.extracting(start..<start + xs.count), to: &target, at: xs.lowerBound)
  }

  private static func fill(_ pixels: inout [Pixel], _ range: Range<Int>, with colour: Pixel) {
    var target = pixels.mutableSpan
    PixelRow.fill(&target, range, with: colour)
  }

  private mutating func touch(_ xs: Range<Int>, _ y: Int) {
    for column in frame.touched.grid.columns(of: xs) {
      frame.touched[column, y / MaskedFrame.clearanceSide] = true
    }
  }
}
