import ScrimImage

/// Motion search: finds content that moved from one picture to the next (scrolls, moved windows), over any
/// distance in both directions.
///
/// Short pieces of rows of the new picture, *anchors*, are looked up by hash in the changed parts of the
/// old one. Each hit is a vote for a distance; the distances with most votes are compared pixel by pixel.
/// Hashes decide only where to look.
///
/// In a 1080p picture that changed completely, every 16th row is looked up, which takes a quarter of a
/// millisecond. Each hit costs the comparison and copy of its pixels.
struct CopySearch {
  /// A rectangle of the new picture and the distance by which its content moved.
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

    var rank: (Int, Int, Int) { (count, dy, dx) }
  }

  private static let most = 2048
  private static let slotBits = 12
  private static let voteBits = 11
  /// Maximum number of pixels that are hashed; above it, rows are skipped.
  private static let budget = 1 << 17
  /// Maximum number of moves in a frame.
  private static let moves = 16
  /// Maximum number of distances tried for a frame.
  private static let distances = 8
  /// Minimum number of changed pixels that a move must explain.
  private static let worth = 512

  private var anchors: [Anchor] = []
  /// Hash table: anchor number plus one; 0 if free.
  private var table = [UInt16](repeating: 0, count: 1 << CopySearch.slotBits)
  /// Bloom filter: most pieces of the old picture match no anchor's hash.
  private var filter = PieceSearch.Filter()
  private var votes: [Vote] = []
  private var ballot = [UInt16](repeating: 0, count: 1 << CopySearch.voteBits)
  private var growth = MoveGrowth()

  init() {
    anchors.reserveCapacity(CopySearch.most)
    votes.reserveCapacity(1 << CopySearch.voteBits)
  }

  /// Finds moves and applies them to `picture`, one after the other, each on the result of the previous
  /// one.
  ///
  /// - Parameters:
  ///   - changed: rectangles, in tile order and none larger than a tile, that hold all pixels in which
  ///     `new` and `picture` differ.
  ///   - moves: receives the moves, in the order in which they were applied.
  mutating func apply(
    to picture: inout [Pixel], new: Span<Pixel>, width: Int, changed: [Rect], moves: inout [Move]
  ) {
    moves.removeAll(keepingCapacity: true)
    setAnchors(in: new, picture.span, width: width, changed: changed)
    guard anchors.count >= 2 else { return }
    collectVotes(in: picture.span, width: width, changed: changed)
    let bounds = changed.dropFirst().reduce(changed[0]) { $0.united($1) }
    var effort = 2 * picture.count
    for _ in 0..<CopySearch.distances {
      guard let vote = takeVote() else { return }
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

  /// Removes and returns the distance with most votes; nil if none has two.
  private mutating func takeVote() -> Vote? {
    var best: Int?
    for index in votes.indices where votes[index].count >= 2 {
      if let best, votes[best].rank >= votes[index].rank { continue }
      best = index
    }
    guard let best else { return nil }
    defer { votes[best].count = 0 }
    return votes[best]
  }

  /// The part of a match that covers changed rectangles; nil if it is too small.
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

  /// Chooses up to four pieces of rows in each changed rectangle: pieces that changed and have more than
  /// one colour.
  private mutating func setAnchors(
    in new: Span<Pixel>, _ old: Span<Pixel>, width: Int, changed: [Rect]
  ) {
    anchors.removeAll(keepingCapacity: true)
    for slot in table.indices { table[slot] = 0 }
    filter.removeAll()
    for (number, rect) in changed.enumerated() where rect.width >= PieceSearch.length {
      for part in 0..<4 where anchors.count < CopySearch.most {
        let x = part & 1 == 0 ? rect.x : rect.maxX - PieceSearch.length
        let half = (rect.height + 1) / 2
        let top = rect.y + (part >> 1) * half
        let count = min(half, rect.maxY - top)
        // Each search starts at another row, so that anchors match old rows at any row step.
        let area = Rect(x: x, y: top, width: PieceSearch.length, height: count)
        guard
          let y = PieceSearch.distinctiveRow(
            in: area, of: new, old, width: width, startingAt: number * 7 + part * 5)
        else { continue }
        let start = y * width + x
        let hash = PieceSearch.hash(new.extracting(start..<start + PieceSearch.length))
        insert(Anchor(x: x, y: y, hash: hash, finds: 0))
      }
    }
  }

  private mutating func insert(_ anchor: Anchor) {
    var slot = Int(anchor.hash >> UInt32(32 - CopySearch.slotBits))
    while table[slot] != 0 {
      // A repeated piece gives no information about its origin.
      if anchors[Int(table[slot]) - 1].hash == anchor.hash { return }
      slot = (slot + 1) & ((1 << CopySearch.slotBits) - 1)
    }
    anchors.append(anchor)
    table[slot] = UInt16(anchors.count)
    filter.insert(anchor.hash)
  }

  /// Looks up every piece of the old picture, in runs of changed rectangles of one row of tiles.
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
      guard run.width >= PieceSearch.length else { continue }
      var y = run.y
      while y < run.maxY {
        let row = old.extracting(y * width + run.x..<y * width + run.maxX)
        for found in 0..<filter.find(in: row) {
          let (hash, x) = filter[found]
          find(hash, run.x + x, y)
        }
        y += step
      }
    }
  }

  private mutating func find(_ hash: UInt32, _ x: Int, _ y: Int) {
    var slot = Int(hash >> UInt32(32 - CopySearch.slotBits))
    while table[slot] != 0 {
      let number = Int(table[slot]) - 1
      if anchors[number].hash == hash {
        // A piece that is found often is a pattern, and gives little information.
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
  /// Whether `other` begins the next tile of the same row of tiles, or nearly.
  fileprivate func isNear(_ run: Rect) -> Bool {
    let side = TileHistory.side
    return y / side == run.y / side && x / side == (run.maxX - 1) / side + 1
  }

  fileprivate func united(_ other: Rect) -> Rect {
    Rect(
      minX: min(x, other.x), minY: min(y, other.y), maxX: max(maxX, other.maxX), maxY: max(maxY, other.maxY))
  }
}
