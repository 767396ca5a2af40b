public import ScrimImage

/// Makes masked frames: paints the masks, lets what is cleared through, and keeps the rest as it was shown last.
///
/// One masker serves one stream of frames of one size. It holds the masked picture, which outside masks is what was seen last:
/// new frames are compared with it. What lies under a mask is not read.
///
/// Where more is hidden than masks hide (by clearance or the gap guard), it holds a second picture from then on: the last
/// source pixels seen outside masks.
///
/// Its picture can be lent, to be looked at on another thread while the next frame is masked: see ``lend()``.
public struct Masker: ~Copyable {
  public let fills: MaskFills
  /// The masked picture.
  public private(set) var frame: MaskedFrame
  /// Source pixels as last read outside masks; empty as long as the masked picture holds them.
  private var source: [Pixel] = []
  private var regions: MaskRegions
  /// The pixels outside `regions.masked`.
  private var kept: Region
  /// The pixels of which the last reading may not be the latest: masked ones, and those that changed in frames that were not shown.
  private var unread: Region
  private var audit: DamageAudit
  /// Frames whose damage left out pixels that had changed.
  public private(set) var untrueDamage = 0
  private var painted: [(region: Region, colour: Pixel)]
  /// Tiles whose shown content is not known to be what `source`, `regions` and the guard give.
  private var pending: TileSet
  /// Guarded pixels that are masked for what they look like.
  private var suspects = Region()
  private var gapGuard = GapGuard()
  /// Whether `regions` changed since the guard was asked about all of the picture: masks may be painted frames before they
  /// are shown with.
  private var isGuardStale = false
  /// Whether every mask of `regions` is painted: composing keeps it so.
  private var isPainted = false
  /// Whether frames went by that the guard was not asked about.
  private var isGuardNew = true
  /// What the picture lent last shows, until this one has caught up with it.
  private var shown: [Pixel] = []
  /// The tiles that changed since the present picture was lent itself, and the rows in which it has caught up.
  private var behind: TileSet
  private var caughtUp = 0
  /// Counts the frames that changed something. By 64-pixel tile, row by row: the one that changed it last.
  public private(set) var version: Int
  private var versions: [Int]
  /// Scratch: one row.
  private var row: [Pixel]
  /// Scratch: a byte a tile column.
  private var marks: [UInt8]
  /// Rows among which are all that changed since the gap guard was asked last.
  private var changedRows: [Range<Int>] = []

  /// - Parameter version: of the masker of another size that went before; its pictures may come back to this one.
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

  /// Paints masks over what is shown. Reads no source pixel.
  ///
  /// - Parameter damage: what changed in the source since the last frame, shown or not; nil where nobody knows.
  public mutating func mask(_ regions: MaskRegions, damage: Region? = nil) {
    precondition(!isLent, "a masker whose picture is lent needs another")
    catchUp(to: frame.height)
    frame.damage.removeAll()
    defer { noteDamage() }
    adopt(regions)
    unread = damage.map { unread.union($0) } ?? Region(frame.bounds)
    if source.isEmpty { unread = unread.union(regions.masked) }
    paint()
  }

  /// Shows a new frame outside its masks, in the tiles that are cleared; paints the masks everywhere.
  ///
  /// - Parameters:
  ///   - source: of the masker's size. Its pixels under `regions.masked` are not read.
  ///   - cleared: 16-pixel tiles that may show this frame; nil clears all. The others keep what they showed.
  ///   - damage: pixels that may differ from the frame before, shown or not; nil where nobody knows. Others are read only as far as
  ///     masks hid them, and in a stripe that tells whether the source says the truth: where not, the whole frame is read.
  public mutating func show(
    _ source: Frame, masked regions: MaskRegions, cleared: TileSet? = nil, damage: Region? = nil
  ) {
    precondition(
      source.width == frame.width && source.height == frame.height, "a masker serves frames of one size")
    precondition(!isLent, "a masker whose picture is lent needs another")
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

  /// Whether the picture is lent, and ``resume(with:)`` has to be called before the next frame.
  public var isLent: Bool { frame.storage.isEmpty }

  /// Gives the picture away, to be read as long as it takes. Until ``resume(with:)``, ``frame`` has no pixels.
  public mutating func lend() -> MaskedFrame {
    precondition(!isLent, "a picture is lent once")
    catchUp(to: frame.height)
    shown = frame.storage
    frame.storage = []
    caughtUp = 0
    return MaskedFrame(
      width: frame.width, height: frame.height, storage: shown, damage: frame.damage, touched: frame.touched,
      version: version)
  }

  /// Goes on in another picture.
  ///
  /// - Parameter spare: a picture that was lent; where it is nil, or of another size, one is made.
  public mutating func resume(with spare: consuming MaskedFrame?) {
    precondition(isLent, "a masker whose picture is not lent has one")
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
      // Shares its memory with the one that was lent until something is written to it.
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

  /// Brings rows up to what was shown last.
  private mutating func catchUp(to end: Int) {
    if shown.isEmpty { return }
    while caughtUp < end {
      let tileRow = caughtUp / MaskedFrame.damageSide
      let rows = caughtUp..<min(end, (tileRow + 1) * MaskedFrame.damageSide)
      frame.copy(behind, inRow: tileRow, rows: rows, of: shown)
      caughtUp = rows.upperBound
    }
    // The picture that was lent is its holder's alone again.
    if caughtUp == frame.height { shown = [] }
  }

  /// Takes over new masks; everything is pending where they differ from the ones before.
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

  /// Reads what may have changed of a frame, outside masks, and sets ``changedRows``.
  private mutating func read(_ new: Frame, damage: Region?) {
    // Out of the masker and back: the memory serves all frames.
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

  /// Reads pixels outside masks into the picture that holds them, and marks tiles that changed: as pending, or in the masked
  /// picture as damaged.
  ///
  /// - Parameter changed: rows, in order, are added, among which are all that changed.
  /// - Returns: whether any changed.
  @discardableResult
  private mutating func read(_ new: Frame, in wanted: Region, _ changed: inout [Range<Int>]) -> Bool {
    var hasChanged = false
    for band in wanted.bands {
      var top = band.minY
      while top < band.maxY {
        let rows = top..<min(top + Masker.rowsAtOnce, band.maxY)
        top = rows.upperBound
        // While they are near: in a pass of its own, catching up took as long as comparing.
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

  /// Rows that are compared together at first: of most frames all are equal.
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

  /// Writes a row's part into a picture; marks the tile columns in which that changed it.
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

  /// Asks the gap guard again; tiles where its answer changed are pending.
  private mutating func updateSuspects() {
    let before = suspects
    if regions.guarded.isEmpty {
      // Frames that it doesn't see are not known to it later.
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

  /// Writes one row of cleared tiles: what was read, then suspects, then masks.
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

  /// Paints every mask over what is shown. Tiles in which that changed a pixel are pending: once the mask is gone,
  /// they have to be written again.
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
