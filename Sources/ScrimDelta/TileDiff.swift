public import ScrimImage
public import ScrimRedact

/// Finds what changed between one masked frame and the next, exactly.
///
/// Keeps a copy of the last masked frame. A tile counts as changed only where its pixels differ; what is reported is the
/// smallest rectangle around the difference in each 64-pixel tile.
public struct TileDiff: ~Copyable {
  /// The masked frame as of the last call: what a decoder holds.
  private var previous: [Pixel]
  private let width: Int
  private let height: Int

  public init(width: Int, height: Int) {
    precondition(width > 0 && height > 0, "a picture needs at least one pixel")
    self.width = width
    self.height = height
    previous = [Pixel](repeating: 0, count: width * height)
  }

  /// Forgets the last frame: what follows is told as changes to an empty (all zero) picture, which makes a keyframe.
  public mutating func reset() {
    for index in previous.indices { previous[index] = 0 }
  }

  /// The rectangles of `frame` that differ from the last one, one a tile at most, in tile order. Together they hold every
  /// changed pixel.
  ///
  /// - Parameter everywhere: look at all tiles, not only the frame's damage; needed after ``reset()``.
  public mutating func changes(in frame: borrowing MaskedFrame, everywhere: Bool, into rects: inout [Rect]) {
    precondition(frame.width == width && frame.height == height, "a diff serves frames of one size")
    rects.removeAll(keepingCapacity: true)
    let grid = frame.damage.grid
    for tileRow in 0..<grid.rows {
      for column in 0..<grid.columns where everywhere || frame.damage[column, tileRow] {
        let tile = grid.rect(column: column, row: tileRow)
        if let rect = changedPart(of: tile, in: frame) {
          rects.append(rect)
          TileDiff.keep(rect, of: frame, in: &previous)
        }
      }
    }
  }

  private func changedPart(of tile: Rect, in frame: borrowing MaskedFrame) -> Rect? {
    let pixels = frame.pixels
    let old = previous.span
    var top = -1
    var bottom = 0
    var left = tile.maxX
    var right = tile.x
    for y in tile.y..<tile.maxY {
      let range = y * width + tile.x..<y * width + tile.maxX
      let new = pixels.extracting(range)
      let before = old.extracting(range)
      guard PixelRow.differs(new, before) else { continue }
      if top < 0 { top = y }
      bottom = y + 1
      var x = 0
      while tile.x + x < left, new[x] == before[x] { x += 1 }
      left = min(left, tile.x + x)
      x = tile.width
      while tile.x + x > right, new[x - 1] == before[x - 1] { x -= 1 }
      right = max(right, tile.x + x)
    }
    return top < 0 ? nil : Rect(minX: left, minY: top, maxX: right, maxY: bottom)
  }

  private static func keep(_ rect: Rect, of frame: borrowing MaskedFrame, in picture: inout [Pixel]) {
    var target = picture.mutableSpan
    for y in rect.y..<rect.maxY {
      let start = y * frame.width + rect.x
      PixelRow.copy(frame.pixels.extracting(start..<start + rect.width), to: &target, at: start)
    }
  }
}
