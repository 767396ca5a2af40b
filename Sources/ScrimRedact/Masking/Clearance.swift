public import ScrimImage

/// What may be shown of a frame.
public enum ClearanceVerdict: Sendable {
  /// The frame's pixels outside `masked`, in the tiles of `cleared` (nil: all).
  case show(masked: MaskRegions, cleared: TileSet?)
  /// Nothing new. The masks are painted over what is shown.
  case keep(masked: MaskRegions)
}

/// Decides which tiles of a frame are described by boxes, for observers that read boxes and pixels at different moments.
///
/// *Settled*: a dump that ran from `begin` to `end` is applied at the first frame captured at `end` plus `settleDelay`, or later. A tile is cleared
/// if its pixels are equal in the last frame before `begin` less `settleDelay`, in that frame, and in all between: then the dump describes
/// what is shown there. The masks of that dump, of the one before, and of all frames in between are united, and only pixels outside of
/// them are compared: what happens under a mask decides nothing. Of what a screen showed before its first frame nothing is known: a dump
/// without a frame that is older by the settle delay clears nothing.
///
/// A source that tells what was drawn on makes the test stricter: a tile that was drawn on outside the masks counts as changed even if it
/// looks the same again. A popup that opens and closes between two frames was there while the tree was read, perhaps. Between frames
/// of such a source nothing was drawn, so that an old frame stands for all the time until the next one. But a browser with one small
/// animation draws its whole window sixty times a second: where two readings, a settle delay or more apart, and all between them say the same, a tile
/// that looks the same in all frames has settled though it was drawn on.
///
/// The settle delay is there since a tree is no picture of the moment in which it is read: toolkits announce a page up to 400 ms before they draw
/// it, and tell of it as late. A quick dump, or many in a row, would find a still screen and the boxes of another page. GTK answers
/// before it draws: as long as it is asked, a page that it tells of already is not to be seen.
///
/// What settled is cleared if the trees explain it (``ExplainedChanges``): a tree that stands still while its page moves is no tree of what is
/// shown. What they don't explain keeps what was shown before, and is fill from five seconds on.
public struct SettledClearance {
  private let grid: TileGrid
  /// The latest frames, oldest first: from the last one before the oldest dump that is still to be applied.
  private var history: [Past] = []
  /// The last frame of all, with its masks.
  private var last: (pixels: Frame, regions: MaskRegions)?
  /// The complete readings of late, oldest first: from the last one that is older by the settle delay than the newest.
  private var readings: [(span: ClosedRange<Int64>, claims: Claims)] = []
  private var explained: ExplainedChanges
  private var pendingSnapshots: [Snapshot] = []
  private var lastSeen: ClosedRange<Int64>?
  /// How long before a dump began and after it ended a tile must have held still, in nanoseconds.
  private let settleDelay: Int64
  /// The masks of the dump that cleared last and of those that cleared nothing since. A dump may take longer than the settle delay: the masks
  /// of the page that is still to be seen are those of the dump before, and remain so over a fault.
  private var lastMasks: MaskRegions?
  private var comparison: FrameComparison
  /// The pixels in which the last frame may differ from the one before, outside the masks of both; nil where there was none.
  public private(set) var changes: Region?
  /// What is fill since nothing explained it for too long.
  private var fill = Region()
  /// 16-pixel tiles whose shown content may not be the present frame's.
  public private(set) var withheld: TileSet

  /// What is kept of a frame.
  private struct Past {
    var time: Int64
    var regions: MaskRegions
    /// Where it differs from the one before, outside the masks of both.
    var changes: FrameChanges
    /// What was drawn on since the one before, as far as the source tells.
    var drawn: Region

    /// Adds the tiles that were drawn on in `kept`.
    func markDrawn(_ tiles: inout TileSet, in kept: Region) {
      for rect in drawn.intersection(kept).rects {
        for row in rect.y / tiles.grid.side...(rect.maxY - 1) / tiles.grid.side {
          for column in tiles.grid.columns(of: rect.x..<rect.maxX) { tiles[column, row] = true }
        }
      }
    }
  }

  private struct Snapshot {
    var span: ClosedRange<Int64>
    var regions: MaskRegions
    var claims: Claims
    /// Where a reading that is older by the settle delay, or one since, says something else; nil where there is none so old.
    var isNewIn: Region?
  }

  /// Frames kept at most. A dump that takes longer, with its settle delay on both sides, clears nothing: at sixty frames a second that is three
  /// seconds.
  static let historyLimit = 192
  /// Readings kept at most.
  static let readingLimit = 64
  /// Nanoseconds for which a change that nothing explains keeps what was shown before; then it is fill.
  public static let explanationTimeout: Int64 = 5_000_000_000

  /// - Parameter settleDelay: nanoseconds, not negative: by how much trees may be ahead of pixels, and behind them.
  public init(width: Int, height: Int, settleDelay: Int64) {
    precondition(settleDelay >= 0, "a delay is not negative")
    self.settleDelay = settleDelay
    grid = TileGrid(width: width, height: height, side: MaskedFrame.clearanceSide)
    comparison = FrameComparison(width: width, height: height)
    withheld = TileSet(grid, full: true)
    explained = ExplainedChanges(grid)
  }

  /// Frames whose damage left out pixels that had changed.
  public var untrueDamage: Int { comparison.untrueDamage }

  /// Judges the next frame, in the order of time.
  ///
  /// - Parameters:
  ///   - pixels: the frame's.
  ///   - regions: the masks that its boxes give.
  ///   - claims: who claims which pixels by its boxes.
  public mutating func judge(
    _ frame: SourceFrame, pixels: Frame, regions: MaskRegions, claims: Claims
  ) -> ClearanceVerdict {
    history.append(compared(frame, pixels, regions))
    last = (pixels, regions)
    if let span = frame.snapshotSpan, span != lastSeen {
      lastSeen = span
      if frame.isTreeComplete { read(span, regions, claims) }
    }
    let verdict = clearingSnapshot(at: frame.time).flatMap { clear(by: $0, at: frame.time) }
    trim()
    fill = explained.expired(at: frame.time)
    switch verdict {
    case .show(let masked, let cleared): return .show(masked: masked.filling(fill), cleared: cleared)
    case .keep, nil: return .keep(masked: regions.filling(fill))
    }
  }

  /// Forgets everything but what was cleared, and that what is shown is not the frame's: for a frame that failed closed.
  public mutating func reset() {
    history.removeAll()
    pendingSnapshots.removeAll()
    readings.removeAll()
    withheld.insertAll()
  }

  /// What is kept of a frame; notes what it changes of what was cleared.
  private mutating func compared(_ frame: SourceFrame, _ pixels: Frame, _ regions: MaskRegions) -> Past {
    var past = Past(time: frame.time, regions: regions, changes: .none, drawn: frame.damage ?? Region())
    changes = nil
    guard let last else { return past }
    let isSameMasks = last.regions == regions
    let masked = isSameMasks ? regions.masked : last.regions.masked.union(regions.masked)
    let kept = masked.complement(in: bounds)
    // After a fault nobody knows what was drawn since the last frame.
    let damage = history.isEmpty ? nil : frame.damage
    past.changes = comparison.changes(last.pixels, pixels, kept: kept, damage: damage)
    var changed = TileSet(grid)
    past.changes.mark(&changed, in: kept)
    changes = changed.isEmpty ? Region() : changed.region
    withheld.formUnion(changed)
    explained.note(past.changes.tiles.lazy.map { Int($0) }, of: last.pixels, masked: last.regions.masked)
    if !isSameMasks {
      let new = regions.masked.subtracting(last.regions.masked)
      explained.note(grid.tiles(of: new), of: last.pixels, masked: last.regions.masked)
    }
    return past
  }

  /// Takes in a complete reading.
  private mutating func read(_ span: ClosedRange<Int64>, _ regions: MaskRegions, _ claims: Claims) {
    readings.append((span, claims))
    let old = readings.lastIndex { isPast($0.span.upperBound, at: span.lowerBound) }
    if let old { readings.removeFirst(old) }
    var isNewIn: Region?
    if old != nil {
      isNewIn = zip(readings, readings.dropFirst()).reduce(Region()) { sum, pair in
        sum.union(ChangeEvidence.restated(from: pair.0.claims, to: pair.1.claims))
      }
    }
    // Of readings in quick succession only those that may yet be compared with one that is older by the settle delay are of use.
    if readings.count > SettledClearance.readingLimit { readings.removeFirst() }
    pendingSnapshots.append(
      Snapshot(span: span, regions: regions, claims: claims, isNewIn: isNewIn))
  }

  private var bounds: Rect { Rect(x: 0, y: 0, width: grid.width, height: grid.height) }

  /// The latest dump that ended a settle delay ago; it and all that began before it are pending no more.
  private mutating func clearingSnapshot(at time: Int64) -> Snapshot? {
    let landed = pendingSnapshots.filter { isPast($0.span.upperBound, at: time) }
      .max { $0.span.lowerBound < $1.span.lowerBound }
    guard let landed else { return nil }
    pendingSnapshots.removeAll { $0.span.lowerBound <= landed.span.lowerBound }
    return landed
  }

  private mutating func clear(by snapshot: Snapshot, at time: Int64) -> ClearanceVerdict? {
    let united = lastMasks?.union(snapshot.regions) ?? snapshot.regions
    guard let before = lastIndex(before: snapshot.span.lowerBound) else {
      lastMasks = united
      return nil
    }
    lastMasks = snapshot.regions
    let span = history[before...]
    let masked = span.reduce(united) { $0.union($1.regions) }
    let kept = masked.masked.complement(in: bounds)
    // Drawn on counts where the readings don't agree.
    let disputed = snapshot.isNewIn.map { kept.intersection($0) } ?? kept
    var changed = TileSet(grid)
    // What both masks of two frames leave open holds all that the masks of all frames do.
    for past in span.dropFirst() {
      past.changes.mark(&changed, in: kept)
      past.markDrawn(&changed, in: disputed)
    }
    guard let frame = last?.pixels else { return nil }
    let refused = explained.judge(
      frame, claims: snapshot.claims, boxes: snapshot.regions.masked, masked: masked.masked,
      settled: changed.inverted(), at: time)
    changed.formUnion(refused)
    withheld = changed
    return .show(masked: masked, cleared: changed.inverted())
  }

  /// The last frame that is older than a moment by the settle delay: since then a tile must have held still.
  private func lastIndex(before moment: Int64) -> Int? {
    history.lastIndex { isPast($0.time, at: moment) }
  }

  /// Whether a moment lies back by the settle delay.
  private func isPast(_ moment: Int64, at now: Int64) -> Bool {
    let (calm, overflow) = now.subtractingReportingOverflow(settleDelay)
    return !overflow && moment <= calm
  }

  /// Drops frames that no dump, pending or to come, can need. One to come begins after the last frame but one.
  private mutating func trim() {
    let earliest = pendingSnapshots.map(\.span.lowerBound).min() ?? Int64.max
    let needed = lastIndex(before: min(earliest, history[max(history.count - 2, 0)].time)) ?? 0
    let dropped = max(needed, history.count - SettledClearance.historyLimit)
    history.removeFirst(dropped)
  }
}
