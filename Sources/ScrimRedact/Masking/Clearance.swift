package import ScrimImage

/// Which pixels of a frame may be shown.
package enum ClearanceVerdict: Sendable {
  /// The frame's pixels outside `masked`, in the tiles of `cleared` (nil: all).
  case show(masked: MaskRegions, cleared: TileSet?)
  /// Nothing new. The masks are painted over the picture shown so far.
  case keep(masked: MaskRegions)
}

/// Decides which tiles of a frame are described by boxes, for sources that read boxes and pixels at
/// different moments.
///
/// *Settled*: a tree snapshot from `begin` to `end` is applied at the first frame captured at `end` plus
/// `settleDelay`, or later. A tile is cleared if its pixels are equal in the last frame before `begin`
/// minus `settleDelay`, in that frame, and in all between: then the snapshot describes the visible content.
/// The masks of that snapshot, of the previous one, and of all frames in between are united, and only
/// pixels outside of them are compared: changes under a mask have no effect. The screen's content before
/// its first frame is unknown: a snapshot without a frame that is older by the settle delay clears nothing.
///
/// A source that reports damage makes the test stricter: a tile that was damaged outside the masks counts
/// as changed even if it looks the same. A popup that opened and closed between two frames may have been
/// there while the tree was read. Between frames of such a source nothing was drawn, so an old frame
/// represents all the time until the next one. But a browser with one small animation redraws its whole
/// window sixty times a second: if two snapshots at least a settle delay apart, and all between them,
/// agree, a tile that looks the same in all frames has settled although it was damaged.
///
/// The settle delay is needed because a tree does not show the moment at which it is read: toolkits report
/// a page up to 400 ms before they draw it, or as long afterwards. A quick snapshot, or many in a row,
/// would find an unchanged screen and the boxes of another page. GTK answers before it draws: while it is
/// queried, a page that it already reports is not visible.
///
/// A settled tile is cleared if the trees explain its content (``ExplainedChanges``): a tree that stays the
/// same while its page moves does not describe the screen. Unexplained tiles keep their old content, and
/// become fill after five seconds.
package struct SettledClearance {
  private let grid: TileGrid
  /// The latest frames, oldest first: from the last one before the oldest pending snapshot.
  private var history: [Past] = []
  /// The last frame, with its masks.
  private var last: (pixels: Frame, regions: MaskRegions)?
  /// The latest complete snapshots, oldest first: from the last one that is older than the newest by the
  /// settle delay.
  private var readings: [(span: ClosedRange<Int64>, claims: Claims)] = []
  private var explained: ExplainedChanges
  private var pendingSnapshots: [Snapshot] = []
  private var lastSeen: ClosedRange<Int64>?
  /// Nanoseconds before a snapshot began and after it ended during which a tile must not have changed.
  private let settleDelay: Int64
  /// The masks of the snapshot that cleared last and of those since that cleared nothing. A snapshot may
  /// take longer than the settle delay, so the previous snapshot's masks stay in force, also after an
  /// issue: the old page may still be on screen.
  private var lastMasks: MaskRegions?
  private var comparison: FrameComparison
  /// The pixels in which the last frame may differ from the previous one, outside the masks of both; nil if
  /// there was none.
  package private(set) var changes: Region?
  /// Pixels that are fill because they stayed unexplained too long.
  private var fill = Region()
  /// 16-pixel tiles whose shown content may be older than the current frame.
  package private(set) var withheld: TileSet

  /// State kept for a frame.
  private struct Past {
    var time: Int64
    var regions: MaskRegions
    /// Differences from the previous frame, outside the masks of both.
    var changes: FrameChanges
    /// Damage since the previous frame, as far as the source reports it.
    var drawn: Region

    /// Adds the tiles with damage in `kept`.
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
    /// The pixels where a snapshot that is older by the settle delay, or a later one, differs; nil if there
    /// is none that old.
    var isNewIn: Region?
  }

  /// Maximum number of frames kept. A snapshot that takes longer, including the settle delay on both sides,
  /// clears nothing: at sixty frames a second that is three seconds.
  static let historyLimit = 192
  /// Maximum number of snapshots kept.
  static let readingLimit = 64
  /// Nanoseconds for which an unexplained change keeps the old content; then it becomes fill.
  package static let explanationTimeout: Int64 = 5_000_000_000

  /// - Parameter settleDelay: nanoseconds, not negative: maximum time by which trees may be ahead of
  /// pixels, or behind them.
  package init(width: Int, height: Int, settleDelay: Int64) {
    precondition(settleDelay >= 0, "a delay is not negative")
    self.settleDelay = settleDelay
    grid = TileGrid(width: width, height: height, side: MaskedFrame.clearanceSide)
    comparison = FrameComparison(width: width, height: height)
    withheld = TileSet(grid, full: true)
    explained = ExplainedChanges(grid)
  }

  /// Number of frames whose damage omitted changed pixels.
  package var untrueDamage: Int { comparison.untrueDamage }

  /// Judges the next frame, in order of time.
  ///
  /// - Parameters:
  ///   - pixels: the frame's.
  ///   - regions: the masks for its boxes.
  ///   - claims: which widget claims which pixels in its boxes.
  package mutating func judge(
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

  /// Drops all history and marks every tile as withheld, for a frame that failed closed; only the cleared
  /// content is kept.
  package mutating func reset() {
    history.removeAll()
    pendingSnapshots.removeAll()
    readings.removeAll()
    withheld.insertAll()
  }

  /// Compares a frame with the previous one; stores the cleared content that it changes.
  private mutating func compared(_ frame: SourceFrame, _ pixels: Frame, _ regions: MaskRegions) -> Past {
    var past = Past(time: frame.time, regions: regions, changes: .none, drawn: frame.damage ?? Region())
    changes = nil
    guard let last else { return past }
    let isSameMasks = last.regions == regions
    let masked = isSameMasks ? regions.masked : last.regions.masked.union(regions.masked)
    let kept = masked.complement(in: bounds)
    // After an issue the damage since the last frame is unknown.
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

  /// Adds a complete snapshot.
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
    // Among snapshots in quick succession, only those that can still be compared with one that is older by
    // the settle delay are kept.
    if readings.count > SettledClearance.readingLimit { readings.removeFirst() }
    pendingSnapshots.append(
      Snapshot(span: span, regions: regions, claims: claims, isNewIn: isNewIn))
  }

  private var bounds: Rect { Rect(x: 0, y: 0, width: grid.width, height: grid.height) }

  /// The latest snapshot that ended at least a settle delay ago; it and all that began before it are no
  /// longer pending.
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
    // Damage counts where the snapshots disagree.
    let disputed = snapshot.isNewIn.map { kept.intersection($0) } ?? kept
    var changed = TileSet(grid)
    // The area unmasked in all frames is a subset of that unmasked in any pair, so per-pair comparison
    // suffices.
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

  /// The last frame that is older than a moment by the settle delay: a tile must not have changed since
  /// then.
  private func lastIndex(before moment: Int64) -> Int? {
    history.lastIndex { isPast($0.time, at: moment) }
  }

  /// Whether a moment is at least a settle delay ago.
  private func isPast(_ moment: Int64, at now: Int64) -> Bool {
    let (calm, overflow) = now.subtractingReportingOverflow(settleDelay)
    return !overflow && moment <= calm
  }

  /// Drops frames that no pending or future snapshot can need. A future snapshot begins after the last
  /// frame but one.
  private mutating func trim() {
    let earliest = pendingSnapshots.map(\.span.lowerBound).min() ?? Int64.max
    let needed = lastIndex(before: min(earliest, history[max(history.count - 2, 0)].time)) ?? 0
    let dropped = max(needed, history.count - SettledClearance.historyLimit)
    history.removeFirst(dropped)
  }
}
