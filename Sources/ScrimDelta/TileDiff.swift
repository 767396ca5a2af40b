import ScrimImage
import ScrimRedact

/// Finds the exact changes from one masked frame to the next.
///
/// Keeps the picture that a decoder holds. A tile counts as changed only if its pixels differ; the result
/// is the smallest rectangle around the difference in each 64-pixel tile.
struct TileDiff: ~Copyable {
  /// The decoder's picture; ``unknown``, which equals no pixel, where it was coded lossily.
  var picture: [Pixel]
  /// The 64-pixel tiles that were coded lossily since the last ``forget()``.
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

  /// The damaged tiles, without reading their pixels; and the lossy tiles in which a mask was placed: a
  /// pixel that already had the fill's colour is no damage, but the decoder does not hold it exactly.
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

  /// Shrinks rectangles to the pixels that differ, and drops those without a difference. The targets of
  /// moves are known to be equal.
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

  /// Copies a rectangle of the frame into the decoder's picture.
  mutating func keep(_ rect: Rect, of frame: borrowing MaskedFrame) {
    PictureRows.copy(rect, of: frame.pixels, to: &picture, width: width)
  }

  /// Marks a rectangle that the decoder holds only approximately.
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

  /// Clears the lossy tiles: a keyframe codes everything anew.
  mutating func forget() { lossy.removeAll() }
}
