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

  /// The rectangles of `frame` that differ from the picture, one a tile at most, in tile order. Together they hold every
  /// changed pixel. Only the frame's damage is looked at.
  func changes(in frame: borrowing MaskedFrame, into rects: inout [Rect]) {
    precondition(frame.width == width && frame.height == height, "a diff serves frames of one size")
    rects.removeAll(keepingCapacity: true)
    let grid = frame.damage.grid
    for tileRow in 0..<grid.rows where frame.damage.hasMember(inRow: tileRow) {
      for column in 0..<grid.columns where frame.damage[column, tileRow] {
        let tile = grid.rect(column: column, row: tileRow)
        if let rect = PictureRows.difference(frame.pixels, picture.span, in: tile, width: width) {
          rects.append(rect)
        }
      }
    }
  }

  /// Looks again at rectangles found before, of which parts may be equal by now.
  func narrow(_ rects: inout [Rect], in frame: borrowing MaskedFrame) {
    var count = 0
    for index in rects.indices {
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
