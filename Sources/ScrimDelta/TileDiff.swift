import ScrimImage
import ScrimRedact

/// Finds what changed between one masked frame and the next, exactly.
///
/// Keeps the picture that a decoder holds. A tile counts as changed only where its pixels differ; what is reported is the
/// smallest rectangle around the difference in each 64-pixel tile.
struct TileDiff: ~Copyable {
  /// What a decoder holds.
  var picture: [Pixel]
  private let width: Int
  private let height: Int

  init(width: Int, height: Int) {
    precondition(width > 0 && height > 0, "a picture needs at least one pixel")
    self.width = width
    self.height = height
    picture = [Pixel](repeating: 0, count: width * height)
  }

  /// The damaged tiles as they are, without a look at their pixels.
  func damagedTiles(of frame: borrowing MaskedFrame, into rects: inout [Rect]) {
    rects.removeAll(keepingCapacity: true)
    let grid = frame.damage.grid
    for row in 0..<grid.rows where frame.damage.hasMember(inRow: row) {
      for column in 0..<grid.columns where frame.damage[column, row] {
        rects.append(grid.rect(column: column, row: row))
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
}
