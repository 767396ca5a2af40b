import ScrimImage
import ScrimRedact

/// Finds what changed between one masked frame and the next, exactly.
///
/// Keeps the picture that a decoder holds. A tile counts as changed only where its pixels differ; what is reported is the
/// smallest rectangle around the difference in each 64-pixel tile.
struct TileDiff: ~Copyable {
  /// What a decoder holds; ``unknown`` where it was told lossily, which equals no pixel.
  var picture: [Pixel]
  /// The 64-pixel tiles that were told lossily since the last ``forget()``.
  private var lossy: TileSet
  private let width: Int
  private let height: Int

  init(width: Int, height: Int) {
    precondition(width > 0 && height > 0, "a picture needs at least one pixel")
    self.width = width
    self.height = height
    picture = [Pixel](repeating: 0, count: width * height)
    lossy = TileSet(TileGrid(width: width, height: height, side: MaskedFrame.damageSide))
  }

  private static let unknown: Pixel = ~0

  /// The damaged tiles as they are, without a look at their pixels; and the tiles told lossily in which a mask came to lie:
  /// a pixel that had the fill's colour already is no damage, and yet a decoder does not hold it exactly.
  func damagedTiles(of frame: borrowing MaskedFrame, into rects: inout [Rect]) {
    rects.removeAll(keepingCapacity: true)
    let grid = frame.damage.grid
    for row in 0..<grid.rows where frame.damage.hasMember(inRow: row) || lossy.hasMember(inRow: row) {
      for column in 0..<grid.columns where frame.damage[column, row] || lossy[column, row] {
        let tile = grid.rect(column: column, row: row)
        if !frame.damage[column, row], frame.isFreeOfMasks(tile) { continue }
        rects.append(tile)
      }
    }
  }

  /// Looks (again) at rectangles of which parts, or all, may be equal. What a move wrote to is known to be.
  func narrow(_ rects: inout [Rect], in frame: borrowing MaskedFrame, moves: [CopySearch.Move]) {
    var count = 0
    for index in rects.indices {
      if moves.contains(where: { $0.target.intersection(rects[index]) == rects[index] }) { continue }
      guard
        let rect = PictureRows.difference(frame.pixels, picture.span, in: rects[index], width: width)
      else { continue }
      rects[count] = rect
      count += 1
    }
    rects.removeLast(rects.count - count)
  }

  /// Takes over a rectangle of the frame.
  mutating func keep(_ rect: Rect, of frame: borrowing MaskedFrame) {
    PictureRows.copy(rect, of: frame.pixels, to: &picture, width: width)
  }

  /// Notes that a decoder holds a rectangle about, and not exactly.
  mutating func keepLossily(_ rect: Rect) {
    let grid = lossy.grid
    for row in rect.y / grid.side...(rect.maxY - 1) / grid.side {
      for column in grid.columns(of: rect.x..<rect.maxX) { lossy[column, row] = true }
    }
    let width = width
    var pixels = picture.mutableSpan
    for y in rect.y..<rect.maxY {
      PixelRow.fill(&pixels, y * width + rect.x..<y * width + rect.maxX, with: TileDiff.unknown)
    }
  }

  /// Forgets what was told lossily: a keyframe tells everything anew.
  mutating func forget() { lossy.removeAll() }
}
