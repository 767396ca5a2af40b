public import ScrimImage

/// A frame with the boxes that came with it.
public struct CapturedFrame: Sendable {
  /// Nanoseconds on the capture's clock.
  public var time: Int64
  public var pixels: Frame
  /// The masks that its boxes give.
  public var regions: MaskRegions
  /// When the reading of its boxes began and ended, on the same clock; nil where they belong to the frame exactly.
  public var dump: ClosedRange<Int64>?
  /// Whether the boxes describe their moment in full. A tree that was read in part clears nothing.
  public var isTreeComplete: Bool

  public init(
    time: Int64, pixels: Frame, regions: MaskRegions, dump: ClosedRange<Int64>?, isTreeComplete: Bool = true
  ) {
    self.time = time
    self.pixels = pixels
    self.regions = regions
    self.dump = dump
    self.isTreeComplete = isTreeComplete
  }
}

/// What may be shown of a frame.
public enum ClearanceVerdict: Sendable {
  /// The frame's pixels outside `masked`, in the tiles of `cleared` (nil: all).
  case show(masked: MaskRegions, cleared: TileSet?)
  /// Nothing new. The masks are painted over what is shown.
  case keep(masked: MaskRegions)
}

/// Decides which tiles of a frame are described by boxes, for observers that read boxes and pixels at different moments.
///
/// *Settled*: a dump that ran from `begin` to `end` is applied at the first frame captured after `end`. A tile is cleared
/// if its pixels are equal in the last frame before `begin`, in that frame, and in all between: then the dump describes what is
/// shown there. The masks of that dump, of the one before, and of all frames in between are united, and only pixels outside of them are
/// compared: what happens under a mask decides nothing.
public struct SettledClearance {
  private let grid: TileGrid
  /// The latest frames, oldest first: from the last one before the oldest dump that is still to be applied.
  private var history: [CapturedFrame] = []
  private var pendingDumps: [Dump] = []
  private var lastSeen: ClosedRange<Int64>?
  /// The masks of the dump that was applied last. Toolkits announce a page up to 400 ms before they draw it: the masks of the
  /// page that is still to be seen are those of the dump before.
  private var lastApplied: MaskRegions?
  private var comparison: FrameComparison
  /// 16-pixel tiles whose shown content may not be the present frame's.
  public private(set) var withheld: TileSet

  private struct Dump {
    var span: ClosedRange<Int64>
    var regions: MaskRegions
  }

  /// Frames kept at most. A dump that takes longer clears nothing: at ten frames a second that is over six seconds.
  static let historyLimit = 64

  public init(width: Int, height: Int) {
    grid = TileGrid(width: width, height: height, side: MaskedFrame.clearanceSide)
    comparison = FrameComparison(width: width, height: height)
    withheld = TileSet(grid, full: true)
  }

  /// Judges the next frame, in the order of time.
  public mutating func judge(_ captured: CapturedFrame) -> ClearanceVerdict {
    if let last = history.last {
      let either = last.regions.union(captured.regions)
      withheld.formUnion(
        comparison.changedTiles(
          last.pixels, captured.pixels, kept: either.masked.complement(in: bounds)))
    }
    history.append(captured)
    if let dump = captured.dump, dump != lastSeen {
      lastSeen = dump
      if captured.isTreeComplete { pendingDumps.append(Dump(span: dump, regions: captured.regions)) }
    }
    let verdict = landedDump(at: captured.time).flatMap { clear(by: $0) }
    trim()
    return verdict ?? .keep(masked: captured.regions)
  }

  /// Forgets everything but that what is shown is not the frame's: for a frame that failed closed.
  public mutating func reset() {
    history.removeAll()
    pendingDumps.removeAll()
    lastApplied = nil
    withheld.insertAll()
  }

  private var bounds: Rect { Rect(x: 0, y: 0, width: grid.width, height: grid.height) }

  /// The latest dump that has ended; it and all that began before it are pending no more.
  private mutating func landedDump(at time: Int64) -> Dump? {
    let landed = pendingDumps.filter { $0.span.upperBound <= time }
      .max { $0.span.lowerBound < $1.span.lowerBound }
    guard let landed else { return nil }
    pendingDumps.removeAll { $0.span.lowerBound <= landed.span.lowerBound }
    return landed
  }

  private mutating func clear(by dump: Dump) -> ClearanceVerdict? {
    defer { lastApplied = dump.regions }
    guard let before = history.lastIndex(where: { $0.time <= dump.span.lowerBound }) else { return nil }
    let span = history[before...]
    var masked = span.reduce(dump.regions) { $0.union($1.regions) }
    if let lastApplied { masked = masked.union(lastApplied) }
    let kept = masked.masked.complement(in: bounds)
    var changed = TileSet(grid)
    for index in span.indices.dropFirst() {
      changed.formUnion(
        comparison.changedTiles(history[index - 1].pixels, history[index].pixels, kept: kept))
    }
    withheld = changed
    return .show(masked: masked, cleared: changed.inverted())
  }

  /// Drops frames that no dump, pending or to come, can begin after.
  private mutating func trim() {
    if history.count > SettledClearance.historyLimit {
      history.removeFirst(history.count - SettledClearance.historyLimit)
    }
    let earliest = pendingDumps.map(\.span.lowerBound).min() ?? Int64.max
    let needed = history.lastIndex { $0.time <= earliest } ?? 0
    history.removeFirst(min(needed, max(history.count - 2, 0)))
  }
}
