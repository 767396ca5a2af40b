import ScrimImage

/// Finds content that moved from one picture to the next: scrolls and moves by any distance in both directions.
///
/// Short pieces of rows of the new picture, *anchors*, are looked up by hash in the old one, wherever it changed. Each find is
/// a vote for a distance; the distances with most votes are tried pixel by pixel. Hashes decide only where to look.
///
/// Costs about 1.5 ns a changed pixel, and no more than 1 ms for a 1080p picture that changed as a whole, besides what the
/// finds themselves cost.
struct CopySearch {
  /// A rectangle of the new picture and the distance its content has come.
  struct Move: Equatable {
    var target: Rect
    var dx: Int
    var dy: Int
  }

  private struct Anchor {
    var x: Int
    var y: Int
    var hash: UInt32
    var finds: Int
  }

  private struct Vote {
    var dx: Int
    var dy: Int
    var count: Int
  }

  /// Pixels of an anchor.
  static let length = 32
  private static let most = 2048
  private static let slotBits = 12
  private static let voteBits = 11
  /// Pixels that are hashed at most; above, rows are left out.
  private static let budget = 1 << 19
  /// Moves of a frame at most.
  private static let moves = 16
  /// Changed pixels that a move explains at least.
  private static let worth = 512

  private var anchors: [Anchor] = []
  /// Anchor number plus one by hash; 0 where free.
  private var table = [UInt16](repeating: 0, count: 1 << CopySearch.slotBits)
  /// A bit by hash: most positions of the old picture meet no anchor's.
  private var filter = [UInt64](repeating: 0, count: 1 << 10)
  private var votes: [Vote] = []
  private var ballot = [UInt16](repeating: 0, count: 1 << CopySearch.voteBits)
  private var growth = MoveGrowth()

  init() {
    anchors.reserveCapacity(CopySearch.most)
    votes.reserveCapacity(1 << CopySearch.voteBits)
  }

  /// Finds moves and carries them out in `picture`, one after the other, each on what the one before left.
  ///
  /// - Parameters:
  ///   - changed: rectangles, in tile order and none larger than a tile, that hold all pixels in which `new` and `picture`
  ///     differ.
  ///   - moves: the moves, in the order in which they were carried out.
  mutating func apply(
    to picture: inout [Pixel], new: Span<Pixel>, width: Int, changed: [Rect], moves: inout [Move]
  ) {
    moves.removeAll(keepingCapacity: true)
    setAnchors(in: new, picture.span, width: width, changed: changed)
    guard anchors.count >= 2 else { return }
    collectVotes(in: picture.span, width: width, changed: changed)
    let bounds = changed.dropFirst().reduce(changed[0]) { $0.united($1) }
    votes.sort { ($0.count, $1.dy, $1.dx) > ($1.count, $0.dy, $0.dx) }
    var effort = 2 * picture.count
    for vote in votes.prefix(8) where vote.count >= 2 {
      for anchor in anchors where moves.count < CopySearch.moves && effort > 0 {
        if moves.contains(where: { $0.target.contains(x: anchor.x, y: anchor.y) }) { continue }
        guard
          let grown = growth.grow(
            anchor.x, anchor.y, vote.dx, vote.dy, within: bounds, new: new, old: picture.span, width: width,
            effort: &effort),
          let target = CopySearch.worthwhile(grown, changed)
        else { continue }
        PictureRows.move(
          to: target, fromX: target.x - vote.dx, y: target.y - vote.dy, in: &picture, width: width)
        moves.append(Move(target: target, dx: vote.dx, dy: vote.dy))
      }
    }
  }

  /// The part of a find that holds what it may change; nil where that is little.
  private static func worthwhile(_ rect: Rect, _ changed: [Rect]) -> Rect? {
    var part: Rect?
    var area = 0
    for other in changed {
      let common = other.intersection(rect)
      if common.isEmpty { continue }
      area += common.area
      part = part?.united(common) ?? common
    }
    return area >= worth ? part : nil
  }

  /// Chooses up to four pieces of rows in each changed rectangle: some that changed, and are not of one colour.
  private mutating func setAnchors(
    in new: Span<Pixel>, _ old: Span<Pixel>, width: Int, changed: [Rect]
  ) {
    anchors.removeAll(keepingCapacity: true)
    for slot in table.indices { table[slot] = 0 }
    for word in filter.indices { filter[word] = 0 }
    for (number, rect) in changed.enumerated() where rect.width >= CopySearch.length {
      for part in 0..<4 where anchors.count < CopySearch.most {
        let x = part & 1 == 0 ? rect.x : rect.maxX - CopySearch.length
        let half = (rect.height + 1) / 2
        let top = rect.y + (part >> 1) * half
        let count = min(half, rect.maxY - top)
        // Each search starts at another row, so that anchors meet old rows of every step.
        for step in 0..<max(count, 0) {
          let y = top + (step + number * 7 + part * 5) % count
          let start = y * width + x
          let row = new.extracting(start..<start + CopySearch.length)
          guard
            PixelRow.differs(row, old.extracting(start..<start + CopySearch.length)),
            CopySearch.isDistinctive(row)
          else { continue }
          insert(Anchor(x: x, y: y, hash: CopySearch.hash(row), finds: 0))
          break
        }
      }
    }
  }

  private static func isDistinctive(_ row: Span<Pixel>) -> Bool {
    // Most rows are of one colour, and the others of many: few are looked at pixel by pixel to their end.
    guard PixelRow.differs(row, from: row[0]) else { return false }
    var changes = 0
    for i in 1..<row.count where row[i] != row[i - 1] {
      changes += 1
      if changes == 4 { return true }
    }
    return false
  }

  /// A hash of the last 32 pixels: each step doubles what came before, so that older pixels leave at the top.
  @inline(__always)
  private static func roll(_ hash: UInt32, _ pixel: Pixel) -> UInt32 {
    (hash &* 62) &+ (pixel ^ pixel >> 11)
  }

  private static func hash(_ row: Span<Pixel>) -> UInt32 {
    var hash: UInt32 = 0
    for i in 0..<row.count { hash = roll(hash, row[i]) }
    return hash &* 0x9E37_79B1
  }

  private mutating func insert(_ anchor: Anchor) {
    var slot = Int(anchor.hash >> UInt32(32 - CopySearch.slotBits))
    while table[slot] != 0 {
      // The same piece again says nothing about where it came from.
      if anchors[Int(table[slot]) - 1].hash == anchor.hash { return }
      slot = (slot + 1) & ((1 << CopySearch.slotBits) - 1)
    }
    anchors.append(anchor)
    table[slot] = UInt16(anchors.count)
    filter[Int(anchor.hash >> 22)] |= 1 << UInt64(anchor.hash >> 16 & 63)
  }

  /// Looks every piece of the old picture up, in runs of changed rectangles of one row of tiles.
  private mutating func collectVotes(in old: Span<Pixel>, width: Int, changed: [Rect]) {
    votes.removeAll(keepingCapacity: true)
    for slot in ballot.indices { ballot[slot] = 0 }
    let area = changed.reduce(0) { $0 + $1.area }
    let step = 1 + area / CopySearch.budget
    var first = 0
    while first < changed.count {
      var run = changed[first]
      first += 1
      while first < changed.count, changed[first].isNear(run) {
        run = run.united(changed[first])
        first += 1
      }
      guard run.width >= CopySearch.length else { continue }
      var y = run.y
      while y < run.maxY {
        scan(old.extracting(y * width + run.x..<y * width + run.maxX), run.x, y)
        y += step
      }
    }
  }

  private mutating func scan(_ row: Span<Pixel>, _ x: Int, _ y: Int) {
    var hash: UInt32 = 0
    for i in 0..<CopySearch.length - 1 { hash = CopySearch.roll(hash, row[i]) }
    for i in CopySearch.length - 1..<row.count {
      hash = CopySearch.roll(hash, row[i])
      let mixed = hash &* 0x9E37_79B1
      if filter[Int(mixed >> 22)] & 1 << UInt64(mixed >> 16 & 63) != 0 {
        find(mixed, x + i - (CopySearch.length - 1), y)
      }
    }
  }

  private mutating func find(_ hash: UInt32, _ x: Int, _ y: Int) {
    var slot = Int(hash >> UInt32(32 - CopySearch.slotBits))
    while table[slot] != 0 {
      let number = Int(table[slot]) - 1
      if anchors[number].hash == hash {
        // What is found often is a pattern, and says little.
        if anchors[number].finds < 8 {
          anchors[number].finds += 1
          vote(anchors[number].x - x, anchors[number].y - y)
        }
        return
      }
      slot = (slot + 1) & ((1 << CopySearch.slotBits) - 1)
    }
  }

  private mutating func vote(_ dx: Int, _ dy: Int) {
    if dx == 0, dy == 0 { return }
    let key = UInt32(truncatingIfNeeded: dx &* 0x10001 &+ dy) &* 0x9E37_79B1
    var slot = Int(key >> UInt32(32 - CopySearch.voteBits))
    while ballot[slot] != 0 {
      let number = Int(ballot[slot]) - 1
      if votes[number].dx == dx, votes[number].dy == dy {
        votes[number].count += 1
        return
      }
      slot = (slot + 1) & ((1 << CopySearch.voteBits) - 1)
    }
    guard votes.count < 1 << (CopySearch.voteBits - 1) else { return }
    votes.append(Vote(dx: dx, dy: dy, count: 1))
    ballot[slot] = UInt16(votes.count)
  }
}

extension Rect {
  /// Whether `other` begins the tile behind this one's in a row of tiles, or nearly.
  fileprivate func isNear(_ run: Rect) -> Bool {
    let side = TileHistory.side
    return y / side == run.y / side && x / side == (run.maxX - 1) / side + 1
  }

  fileprivate func united(_ other: Rect) -> Rect {
    Rect(
      minX: min(x, other.x), minY: min(y, other.y), maxX: max(maxX, other.maxX), maxY: max(maxY, other.maxY))
  }
}
