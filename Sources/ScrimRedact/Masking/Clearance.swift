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
/// *Settled*: a dump that ran from `begin` to `end` is applied at the first frame captured at `end` plus `lag`, or later. A tile is cleared
/// if its pixels are equal in the last frame before `begin` less `lag`, in that frame, and in all between: then the dump describes
/// what is shown there. The masks of that dump, of the one before, and of all frames in between are united, and only pixels outside of
/// them are compared: what happens under a mask decides nothing. Of what a screen showed before its first frame nothing is known: a dump
/// without a frame that is older by the lag clears nothing.
///
/// A source that tells what was drawn on makes the test stricter: a tile that was drawn on outside the masks counts as changed even if it
/// looks the same again. A popup that opens and closes between two frames was there while the tree was read, perhaps. Between frames
/// of such a source nothing was drawn, so that an old frame stands for all the time until the next one.
///
/// The lag is there since a tree is no picture of the moment in which it is read: toolkits announce a page up to 400 ms before they draw
/// it, and tell of it as late. A quick dump, or many in a row, would find a still screen and the boxes of another page. GTK answers
/// before it draws: as long as it is asked, a page that it tells of already is not to be seen.
public struct SettledClearance {
  private let grid: TileGrid
  /// The latest frames, oldest first: from the last one before the oldest dump that is still to be applied.
  private var history: [Past] = []
  /// The pixels of the last of them.
  private var last: Frame?
  private var pendingSnapshots: [Snapshot] = []
  private var lastSeen: ClosedRange<Int64>?
  /// How long before a dump began and after it ended a tile must have held still, in nanoseconds.
  private let lag: Int64
  /// The masks of the dump that cleared last and of those that cleared nothing since. A dump may take longer than the lag: the masks
  /// of the page that is still to be seen are those of the dump before, and remain so over a fault.
  private var lastMasks: MaskRegions?
  private var comparison: FrameComparison
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

    /// Adds the tiles that changed in `kept`, or were drawn on there.
    func mark(_ tiles: inout TileSet, in kept: Region) {
      changes.mark(&tiles, in: kept)
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
  }

  /// Frames kept at most. A dump that takes longer, with its lag on both sides, clears nothing: at sixty frames a second that is three
  /// seconds.
  static let historyLimit = 192
  /// Nanoseconds: more than the trees of the toolkits that were measured are ahead of their pixels, or behind them.
  public static let defaultLag: Int64 = 500_000_000

  /// - Parameter lag: nanoseconds, not negative: by how much trees may be ahead of pixels, and behind them.
  public init(width: Int, height: Int, lag: Int64 = SettledClearance.defaultLag) {
    precondition(lag >= 0, "a lag is not negative")
    self.lag = lag
    grid = TileGrid(width: width, height: height, side: MaskedFrame.clearanceSide)
    comparison = FrameComparison(width: width, height: height)
    withheld = TileSet(grid, full: true)
  }

  /// Frames whose damage left out pixels that had changed.
  public var untrueDamage: Int { comparison.untrueDamage }

  /// Judges the next frame, in the order of time.
  ///
  /// - Parameters:
  ///   - pixels: the frame's.
  ///   - regions: the masks that its boxes give.
  public mutating func judge(_ frame: SourceFrame, pixels: Frame, regions: MaskRegions) -> ClearanceVerdict {
    var past = Past(time: frame.time, regions: regions, changes: .none, drawn: frame.damage ?? Region())
    if let before = history.last, let last {
      let kept = before.regions.union(regions).masked.complement(in: bounds)
      past.changes = comparison.changes(last, pixels, kept: kept, damage: frame.damage)
      past.mark(&withheld, in: kept)
    }
    history.append(past)
    last = pixels
    if let span = frame.snapshotSpan, span != lastSeen {
      lastSeen = span
      if frame.isTreeComplete { pendingSnapshots.append(Snapshot(span: span, regions: regions)) }
    }
    let verdict = clearingSnapshot(at: frame.time).flatMap { clear(by: $0) }
    trim()
    return verdict ?? .keep(masked: regions)
  }

  /// Forgets everything but that what is shown is not the frame's: for a frame that failed closed.
  public mutating func reset() {
    history.removeAll()
    last = nil
    pendingSnapshots.removeAll()
    withheld.insertAll()
  }

  private var bounds: Rect { Rect(x: 0, y: 0, width: grid.width, height: grid.height) }

  /// The latest dump that ended a lag ago; it and all that began before it are pending no more.
  private mutating func clearingSnapshot(at time: Int64) -> Snapshot? {
    let landed = pendingSnapshots.filter { isPast($0.span.upperBound, at: time) }
      .max { $0.span.lowerBound < $1.span.lowerBound }
    guard let landed else { return nil }
    pendingSnapshots.removeAll { $0.span.lowerBound <= landed.span.lowerBound }
    return landed
  }

  private mutating func clear(by snapshot: Snapshot) -> ClearanceVerdict? {
    let united = lastMasks?.union(snapshot.regions) ?? snapshot.regions
    guard let before = lastIndex(before: snapshot.span.lowerBound) else {
      lastMasks = united
      return nil
    }
    lastMasks = snapshot.regions
    let span = history[before...]
    let masked = span.reduce(united) { $0.union($1.regions) }
    let kept = masked.masked.complement(in: bounds)
    var changed = TileSet(grid)
    // What both masks of two frames leave open holds all that the masks of all frames do.
    for past in span.dropFirst() { past.mark(&changed, in: kept) }
    withheld = changed
    return .show(masked: masked, cleared: changed.inverted())
  }

  /// The last frame that is older than a moment by the lag: since then a tile must have held still.
  private func lastIndex(before moment: Int64) -> Int? {
    history.lastIndex { isPast($0.time, at: moment) }
  }

  /// Whether a moment lies back by the lag.
  private func isPast(_ moment: Int64, at now: Int64) -> Bool {
    let (calm, overflow) = now.subtractingReportingOverflow(lag)
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
