import ScrimImage

/// Decides which changes the trees explain, from the last cleared content and the snapshots since.
///
/// Masking.md, section 11, has the rules and their reasons.
struct ExplainedChanges {
  private let grid: TileGrid
  private var content: ClearedContent
  /// Evidence from the trees since a pixel was last cleared; for a pixel that was never cleared, everything
  /// is explained.
  private var evidence: ChangeEvidence
  /// The claims of the snapshot that cleared last.
  private var claims: Claims?
  private var witness = ScrollWitness()
  private var doubts = WindowDoubts()
  /// The visible part of each window.
  private var visible: [Region] = []
  /// By tile: when a snapshot first found its change unexplained, in nanoseconds; nil if none did.
  private var since: [Int64?]
  /// From the latest claims: the pixels of shown widgets, and of those that are always trusted.
  private var (owned, trusted) = (Region(), Region())
  private var owners: [UInt64] = []

  /// Maximum pixels of a change that is tested for a new look: larger ones are not a control's.
  static let lookLimit = 1 << 18

  init(_ grid: TileGrid) {
    self.grid = grid
    content = ClearedContent(grid)
    evidence = ChangeEvidence(all: Rect(x: 0, y: 0, width: grid.width, height: grid.height))
    since = [Int64?](repeating: nil, count: grid.count)
  }

  /// Notes that tiles are about to change or to be masked.
  ///
  /// - Parameters:
  ///   - frame: the last one before the change.
  ///   - masked: its masks.
  mutating func note(_ tiles: some Sequence<Int>, of frame: Frame, masked: Region) {
    content.keep(tiles, of: frame, masked: masked)
  }

  /// Judges the tiles that a snapshot may clear.
  ///
  /// - Parameters:
  ///   - frame: the one to be shown.
  ///   - claims: the snapshot's.
  ///   - boxes: the pixels masked by the snapshot itself.
  ///   - masked: those and all others masked now; no pixel of it is read.
  ///   - settled: the tiles that did not change.
  /// - Returns: the rectangles of tiles around unexplained changes, since a neighbour may belong to the same
  ///   change; the other settled tiles are cleared.
  mutating func judge(
    _ frame: Frame, claims: Claims, boxes: Region, masked: Region, settled: TileSet, at time: Int64
  ) -> TileSet {
    adopt(claims)
    let kept = masked.complement(in: picture)
    let isUnchanged = content.differing.isEmpty
    let liars = isUnchanged ? Region() : distrusted(claims, frame, kept)
    let explained = evidence.explained(owned: owned).subtracting(liars)
      .subtracting(doubts.pixels(claims, visible, in: picture)).union(trusted)
    var open: [Int: TileBits] = [:]
    var replaced: [Int] = []
    for tile in content.differing where settled.flags[tile] != 0 {
      let rect = rect(tile)
      let changed = content.changes(tile, frame, kept: kept.bits(rect))
      if changed.isEmpty { continue }
      replaced.append(tile)
      let rest = changed & ~explained.bits(rect)
      if !rest.isEmpty { open[tile] = rest }
    }
    for tile in grid.tiles(of: kept.subtracting(content.known).subtracting(explained))
    where settled.flags[tile] != 0 && !content.isDiffering(tile) {
      open[tile] = kept.bits(rect(tile)) & ~content.known.bits(rect(tile)) & ~explained.bits(rect(tile))
    }
    for (tile, _) in open {
      let rect = rect(tile)
      guard content.isDiffering(tile), liars.bits(rect).isEmpty else { continue }
      if content.wasShown(tile, frame, kept.bits(rect) & ~explained.bits(rect), owner: owner(tile)) {
        open[tile] = nil
      }
    }
    let unexplained = open.isEmpty ? TileSet(grid) : refuse(open, frame, kept, liars: liars)
    let refused = unexplained.isEmpty ? unexplained : unexplained.hulls()
    settle(frame, kept: kept, boxes: boxes, settled, refused, replaced)
    var left: [Rect] = []
    for (tile, bits) in open where unexplained.flags[tile] != 0 { left.append(bits.bounds(in: rect(tile))) }
    doubts.note(
      open: Region(union: left).subtracting(explained),
      cleared: settled.region.subtracting(refused.region).intersection(kept), claims, visible, in: picture)
    for index in since.indices where settled.flags[index] != 0 || refused.flags[index] != 0 {
      since[index] = refused.flags[index] == 0 ? nil : since[index] ?? time
    }
    return refused
  }

  /// The tiles that have been unexplained for so long that they become fill.
  func expired(at time: Int64) -> Region {
    if since.allSatisfy({ $0 == nil }) { return Region() }
    var tiles = TileSet(grid)
    for (index, moment) in since.enumerated() {
      guard let moment, time - moment >= SettledClearance.explanationTimeout else { continue }
      tiles[index % grid.columns, index / grid.columns] = true
    }
    return tiles.isEmpty ? Region() : tiles.hulls().region
  }

  // MARK: Parts

  private var picture: Rect { Rect(x: 0, y: 0, width: grid.width, height: grid.height) }

  private func rect(_ tile: Int) -> Rect { grid.rect(column: tile % grid.columns, row: tile / grid.columns) }

  private mutating func adopt(_ new: Claims) {
    if let old = claims {
      if old == new { return }
      evidence.formUnion(
        ChangeEvidence(from: old, to: new, in: picture))
    }
    claims = new
    owners = []
    visible = new.visibleParts()
    (owned, trusted) = (new.shown(visible), new.shown(visible, isTrusted: true))
  }

  /// Identifies the owners of a tile: a digest of the boxes and roles of the widgets that claim it.
  private mutating func owner(_ tile: Int) -> UInt64 {
    if owners.isEmpty {
      var digests = [Digest64](repeating: Digest64(), count: grid.count)
      for claim in claims?.list ?? [] where claim.treatment != .masked {
        var own = Digest64()
        own.add(claim.role.name)
        for number in [claim.rect.x, claim.rect.y, claim.rect.width, claim.rect.height] { own.add(number) }
        for row in claim.rect.y / grid.side...(claim.rect.maxY - 1) / grid.side {
          for column in grid.columns(of: claim.rect.x..<claim.rect.maxX) {
            digests[row * grid.columns + column].add(Int(truncatingIfNeeded: own.value))
          }
        }
      }
      owners = digests.map(\.value)
    }
    return owners[tile]
  }

  /// The tiles of `open` without those that only have a new look.
  private mutating func refuse(
    _ open: [Int: TileBits], _ frame: Frame, _ kept: Region, liars: Region
  ) -> TileSet {
    var tiles = TileSet(grid)
    for tile in open.keys { tiles[tile % grid.columns, tile / grid.columns] = true }
    var refused = tiles
    for group in groups(of: tiles) {
      guard group.allSatisfy({ liars.bits(rect($0)).isEmpty }),
        let change = change(group, open, frame, kept), change.isLook(in: controls(near: change.bounds))
      else {
        continue
      }
      for tile in group { refused[tile % grid.columns, tile / grid.columns] = false }
    }
    return refused
  }

  /// Groups of tiles that touch, corners included.
  private func groups(of tiles: TileSet) -> [[Int]] {
    var rest = tiles
    var groups: [[Int]] = []
    for start in tiles.flags.indices where rest.flags[start] != 0 {
      var group = [start]
      rest[start % grid.columns, start / grid.columns] = false
      var next = 0
      while next < group.count {
        let (column, row) = (group[next] % grid.columns, group[next] / grid.columns)
        next += 1
        for y in max(row - 1, 0)...min(row + 1, grid.rows - 1) {
          for x in max(column - 1, 0)...min(column + 1, grid.columns - 1) where rest[x, y] {
            rest[x, y] = false
            group.append(y * grid.columns + x)
          }
        }
      }
      groups.append(group)
    }
    return groups
  }

  private func controls(near bounds: Rect) -> [Rect] {
    (claims?.list ?? []).lazy.filter {
      $0.role.isControl && $0.rect.intersects(bounds)
    }
    .map(\.rect)
  }

  /// The pictures of a group of tiles before and after the change, with a border of one pixel; nil if it is
  /// too large, or the cleared content of its open pixels is unknown.
  private mutating func change(
    _ group: [Int], _ open: [Int: TileBits], _ frame: Frame, _ kept: Region
  ) -> LookChange? {
    let rects = group.map { rect($0) }
    let bounds = Rect(
      minX: rects.map(\.x).min() ?? 0, minY: rects.map(\.y).min() ?? 0, maxX: rects.map(\.maxX).max() ?? 0,
      maxY: rects.map(\.maxY).max() ?? 0
    ).padded(by: 1).intersection(picture)
    guard bounds.area <= ExplainedChanges.lookLimit else { return nil }
    for tile in group {
      guard content.isDiffering(tile), let wanted = open[tile] else { return nil }
      if !(wanted & ~content.cleared(tile).known).isEmpty { return nil }
    }
    let view = view(bounds, frame, kept)
    return LookChange(bounds: bounds, before: view.before, after: view.after, valid: view.valid)
  }

  /// The cleared and the current content of a part of the picture.
  private func view(_ wanted: Rect, _ frame: Frame, _ kept: Region) -> ScrollWitness.View {
    let bounds = wanted.intersection(picture)
    var view = ScrollWitness.View(
      bounds: bounds, before: [Pixel](repeating: 0, count: bounds.area),
      after: [Pixel](repeating: 0, count: bounds.area), valid: [UInt8](repeating: 0, count: bounds.area),
      open: [UInt8](repeating: 0, count: bounds.area))
    if bounds.isEmpty { return view }
    var now = [Pixel](repeating: 0, count: 256)
    var scratch = [Pixel](repeating: 0, count: 16)
    for row in bounds.y / grid.side...(bounds.maxY - 1) / grid.side {
      for column in grid.columns(of: bounds.x..<bounds.maxX) {
        let tile = row * grid.columns + column
        let place = grid.rect(column: column, row: row)
        let open = kept.bits(place)
        let isDiffering = content.isDiffering(tile)
        let known = isDiffering ? content.cleared(tile).known : content.known.bits(place)
        frame.read(place, open, into: &now, at: 0, scratch: &scratch)
        let old = isDiffering ? content.cleared(tile).pixels : now[...]
        open.forEachRun { y, run in
          guard place.y + y >= bounds.y, place.y + y < bounds.maxY else { return }
          for x in run where place.x + x >= bounds.x && place.x + x < bounds.maxX {
            let index = (place.y + y - bounds.y) * bounds.width + place.x + x - bounds.x
            view.after[index] = now[y * 16 + x]
            view.open[index] = 1
            guard known[y] >> UInt16(x) & 1 != 0 else { continue }
            view.before[index] = old[old.startIndex + y * 16 + x]
            view.valid[index] = 1
          }
        }
      }
    }
    return view
  }

  /// The visible parts of windows with wrong boxes.
  private mutating func distrusted(_ claims: Claims, _ frame: Frame, _ kept: Region) -> Region {
    var witness = witness
    let liars = witness.distrusted(
      claims, hasChanged: { isAnyTile(of: $0, content.isDiffering) }, view: { view($0, frame, kept) })
    self.witness = witness
    return liars.reduce(Region()) { $0.union($1 < 0 ? Region(picture) : visible[$1]) }
  }

  private func isAnyTile(of rect: Rect, _ holds: (Int) -> Bool) -> Bool {
    for row in rect.y / grid.side...(rect.maxY - 1) / grid.side {
      for column in grid.columns(of: rect.x..<rect.maxX) where holds(row * grid.columns + column) {
        return true
      }
    }
    return false
  }

  private mutating func settle(
    _ frame: Frame, kept: Region, boxes: Region, _ settled: TileSet, _ refused: TileSet, _ replaced: [Int]
  ) {
    var cleared = settled
    for index in refused.flags.indices where refused.flags[index] != 0 {
      cleared[index % grid.columns, index / grid.columns] = false
    }
    if replaced.count <= ClearedContent.rememberedChange {
      for tile in replaced where cleared.flags[tile] != 0 { content.remember(tile, owner: owner(tile)) }
    }
    for tile in content.differing where cleared.flags[tile] != 0 {
      let rect = rect(tile)
      let hidden = kept.bits(rect)
      content.settle(tile, frame, kept: hidden, waiting: ~hidden & ~boxes.bits(rect))
    }
    var witness = witness
    witness.note(claims ?? Claims()) { rect in !isAnyTile(of: rect) { cleared.flags[$0] == 0 } }
    self.witness = witness
    let region = cleared.region
    content.settle(region, kept: kept, masked: boxes)
    evidence.subtract(region.intersection(kept))
  }
}
