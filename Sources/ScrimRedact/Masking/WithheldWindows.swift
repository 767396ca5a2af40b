import ScrimImage

/// Share of each window that shows older content than the frame's, and since when: distinguishes a window
/// that moves all the time from one that never settles.
public struct WithheldWindows: Sendable {
  public struct Entry: Hashable, Sendable {
    /// Share of the window's tiles in the picture.
    public var share: Double
    /// Nanoseconds of the source's clock; nil if nothing is withheld.
    public var since: Int64?
  }

  /// By the window system's id (``Window/xid``), as of the last frame that showed the window.
  public private(set) var entries: [Int: Entry] = [:]

  public init() {}

  mutating func note(_ tree: WidgetTree, withheld: TileSet, at time: Int64) {
    let isCalm = withheld.isEmpty
    let bounds = Rect(x: 0, y: 0, width: withheld.grid.width, height: withheld.grid.height)
    for (window, rect) in zip(tree.windows, tree.windowRects) {
      guard let xid = window.xid else { continue }
      let share = isCalm ? 0 : WithheldWindows.share(of: rect.intersection(bounds), in: withheld)
      let since = share > 0 ? entries[xid]?.since ?? time : nil
      entries[xid] = Entry(share: share, since: since)
    }
  }

  private static func share(of rect: Rect, in tiles: TileSet) -> Double {
    guard !rect.isEmpty else { return 0 }
    var (count, all) = (0, 0)
    for row in rect.y / tiles.grid.side...(rect.maxY - 1) / tiles.grid.side {
      for column in tiles.grid.columns(of: rect.x..<rect.maxX) {
        count += tiles[column, row] ? 1 : 0
        all += 1
      }
    }
    return Double(count) / Double(all)
  }
}
