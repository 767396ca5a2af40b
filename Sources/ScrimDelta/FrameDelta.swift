public import ScrimImage
public import ScrimRedact

/// One operation of the delta from one masked frame to the next.
public enum DeltaOperation: Hashable, Sendable {
  /// The rectangle takes the pixels of the one of the same size at x, y, as the picture is before this
  /// step.
  case copy(Rect, x: Int, y: Int)
  /// The tiles that the rectangle touches are added to the ``TileHistory``, row by row.
  case keep(Rect)
  /// The tile is restored from that slot of the ``TileHistory``.
  case recall(Rect, slot: Int)
  /// Every pixel of the rectangle becomes one colour.
  case fill(Rect, Pixel)
  /// The rectangle's pixels follow, uncompressed. `colours` is their kind.
  case pixels(Rect, colours: ColourCount)
  /// The rectangle's pixels follow as a JPEG picture: photographic, and free of masks.
  case jpeg(Rect)
}

/// Number of colours of a rectangle, as far as its coding depends on it.
public enum ColourCount: Hashable, Sendable {
  /// Few, as in a user interface.
  case few
  /// Many, as in a photograph.
  case many
}

/// Computes the list of operations that turns the previous masked frame into the next one.
///
/// A keyframe is the same list on an empty picture: one few-coloured rectangle as large as the picture, if
/// any part is few-coloured, and on top of it the photographic rectangles, which are left out of it.
public struct DeltaFinder: ~Copyable {
  private var diff: TileDiff
  private var search = CopySearch()
  private var history: TileHistory
  private var census = ColourCensus()
  private var votes = ColourVotes()
  private var changed: [Rect] = []
  private var moves: [CopySearch.Move] = []
  private var photographs: [(rect: Rect, isJPEG: Bool)] = []
  private let width: Int
  private let height: Int
  private let allowsJPEG: Bool
  /// After a keyframe: the most frequent colours of its few-coloured part, at most 224.
  public private(set) var commonColours: [Pixel] = []

  /// Minimum number of changed pixels for a copy search.
  private static let searchArea = 4096
  /// Maximum number of damaged tiles whose changes are narrowed down before the search.
  private static let narrowTiles = 8
  /// Minimum number of pixels of a tile that change together before the tile is cached.
  private static let keepArea = 512
  private static let commonLimit = 224

  /// - Parameter allowsJPEG: whether photographic content outside of masks may be coded lossily.
  public init(width: Int, height: Int, allowsJPEG: Bool) {
    diff = TileDiff(width: width, height: height)
    history = TileHistory(width: width, height: height, searched: true)
    self.width = width
    self.height = height
    self.allowsJPEG = allowsJPEG
  }

  /// The operations for the next frame, in the order in which a decoder applies them.
  public mutating func operations(
    for frame: borrowing MaskedFrame, keyframe: Bool, into operations: inout [DeltaOperation]
  ) {
    operations.removeAll(keepingCapacity: true)
    if keyframe {
      findPicture(frame, into: &operations)
    } else {
      diff.damagedTiles(of: frame, into: &changed)
      if changed.isEmpty { return }
      findCopies(in: frame, into: &operations)
      findRepeats(in: frame, into: &operations)
      for rect in changed {
        append(classified(rect, in: frame), to: &operations)
        diff.keep(rect, of: frame)
      }
    }
    stackPhotographs(in: &operations)
  }

  // MARK: Keyframes

  private mutating func findPicture(
    _ frame: borrowing MaskedFrame, into operations: inout [DeltaOperation]
  ) {
    history.removeAll()
    votes.removeAll()
    diff.forget()
    diff.keep(frame.bounds, of: frame)
    let whole = DeltaOperation.pixels(frame.bounds, colours: .few)
    operations.append(whole)
    var hasFew = false
    let grid = frame.damage.grid
    for row in 0..<grid.rows {
      for column in 0..<grid.columns {
        let operation = classified(grid.rect(column: column, row: row), in: frame)
        switch operation {
        case .pixels(_, .many), .jpeg: append(operation, to: &operations)
        default:
          votes.add(census)
          hasFew = true
        }
      }
    }
    if !hasFew { operations.removeFirst() }
    commonColours = votes.top(DeltaFinder.commonLimit)
  }

  // MARK: What was there before

  /// Finds the content that moved, and shrinks the remaining rectangles to the pixels that differ. If few
  /// tiles changed, they are shrunk first, because the search reads everything that it is given.
  private mutating func findCopies(
    in frame: borrowing MaskedFrame, into operations: inout [DeltaOperation]
  ) {
    moves.removeAll(keepingCapacity: true)
    let isNarrow = changed.count <= DeltaFinder.narrowTiles
    if isNarrow { diff.narrow(&changed, in: frame, moves: moves) }
    if changed.reduce(0, { $0 + $1.area }) >= DeltaFinder.searchArea {
      search.apply(to: &diff.picture, new: frame.pixels, width: width, changed: changed, moves: &moves)
    }
    for move in moves {
      operations.append(.copy(move.target, x: move.target.x - move.dx, y: move.target.y - move.dy))
    }
    if !isNarrow || !moves.isEmpty { diff.narrow(&changed, in: frame, moves: moves) }
  }

  /// Caches tiles that are about to be replaced, then removes the changed tiles that are in the cache. A
  /// tile that a copy has overwritten is not cached, because it is no longer the tile that was shown.
  private mutating func findRepeats(
    in frame: borrowing MaskedFrame, into operations: inout [DeltaOperation]
  ) {
    for rect in changed where rect.area >= DeltaFinder.keepArea {
      let tile = history.tile(atX: rect.x, y: rect.y)
      let isKnown = history.slot(of: tile, in: diff.picture.span) != nil
      if isKnown || moves.contains(where: { $0.target.intersects(tile) }) { continue }
      history.add(tile, of: diff.picture)
      if case .keep(let run)? = operations.last, run.isBeside(tile) {
        operations[operations.count - 1] = .keep(run.joined(tile))
      } else {
        operations.append(.keep(tile))
      }
    }
    if history.count == 0 { return }
    var count = 0
    for index in changed.indices {
      let rect = changed[index]
      if rect.area >= DeltaFinder.keepArea {
        let tile = history.tile(atX: rect.x, y: rect.y)
        if let slot = history.slot(of: tile, in: frame.pixels) {
          operations.append(.recall(tile, slot: slot))
          diff.keep(rect, of: frame)
          continue
        }
      }
      changed[count] = rect
      count += 1
    }
    changed.removeLast(changed.count - count)
  }

  // MARK: What is new

  private mutating func classified(_ rect: Rect, in frame: borrowing MaskedFrame) -> DeltaOperation {
    let limit = min(ColourCensus.most, max(48, rect.area / 6))
    census.count(rect, of: frame.pixels, stride: width, limit: limit)
    if census.count == 1 { return .fill(rect, census[0].colour) }
    if census.count <= limit { return .pixels(rect, colours: .few) }
    return allowsJPEG && rect.width >= 16 && rect.height >= 16 && frame.isFreeOfMasks(rect)
      ? .jpeg(rect) : .pixels(rect, colours: .many)
  }

  /// Appends an operation, or extends the last one if both form one rectangle of one kind.
  private func append(_ operation: DeltaOperation, to operations: inout [DeltaOperation]) {
    switch (operations.last, operation) {
    case (.fill(let a, let colour)?, .fill(let b, let other)) where colour == other && a.isBeside(b):
      operations[operations.count - 1] = .fill(a.joined(b), colour)
    case (.pixels(let a, let colours)?, .pixels(let b, let other)) where colours == other && a.isBeside(b):
      operations[operations.count - 1] = .pixels(a.joined(b), colours: colours)
    case (.jpeg(let a)?, .jpeg(let b)) where a.isBeside(b):
      operations[operations.count - 1] = .jpeg(a.joined(b))
    default: operations.append(operation)
    }
  }

  /// Joins photographic rectangles that are stacked, because prediction starts anew in each. A rectangle
  /// too small for the header and blocks of a JPEG is coded exactly.
  private mutating func stackPhotographs(in operations: inout [DeltaOperation]) {
    photographs.removeAll(keepingCapacity: true)
    var count = 0
    for index in operations.indices {
      guard let (rect, isJPEG) = operations[index].photograph else {
        operations[count] = operations[index]
        count += 1
        continue
      }
      if let above = photographs.firstIndex(where: { $0.isJPEG == isJPEG && $0.rect.isOn(rect) }) {
        photographs[above].rect.height += rect.height
      } else {
        photographs.append((rect, isJPEG))
      }
    }
    operations.removeLast(operations.count - count)
    for (rect, isJPEG) in photographs {
      if isJPEG, rect.area >= 64 * 64 {
        operations.append(.jpeg(rect))
        diff.keepLossily(rect)
      } else {
        operations.append(.pixels(rect, colours: .many))
      }
    }
  }
}

extension DeltaOperation {
  /// The rectangle of a photographic operation.
  fileprivate var photograph: (rect: Rect, isJPEG: Bool)? {
    switch self {
    case .pixels(let rect, .many): (rect, false)
    case .jpeg(let rect): (rect, true)
    default: nil
    }
  }
}

extension Rect {
  /// Whether `other` continues this rectangle to the right.
  fileprivate func isBeside(_ other: Rect) -> Bool {
    y == other.y && height == other.height && maxX == other.x
  }

  /// Whether `other` continues this rectangle at the bottom.
  fileprivate func isOn(_ other: Rect) -> Bool {
    x == other.x && width == other.width && maxY == other.y
  }

  fileprivate func joined(_ other: Rect) -> Rect {
    Rect(minX: x, minY: y, maxX: other.maxX, maxY: maxY)
  }
}
