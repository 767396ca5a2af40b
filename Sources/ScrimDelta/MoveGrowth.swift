import ScrimImage

/// Grows a piece of a row that moved to the largest rectangle around it with the same movement, pixel by
/// pixel.
struct MoveGrowth {
  /// Range of equal pixels around the piece, for each row above and below it.
  private var extents: [(left: Int, right: Int)] = []

  /// - Parameters:
  ///   - x, y: position of the piece in the new picture; dx, dy: the distance it moved.
  ///   - bounds: limit of the growth.
  ///   - effort: number of pixels that may still be read.
  /// - Returns: the rectangle in the new picture; nil where the piece itself is not equal.
  mutating func grow(
    _ x: Int, _ y: Int, _ dx: Int, _ dy: Int, within bounds: Rect, new: Span<Pixel>, old: Span<Pixel>,
    width: Int, effort: inout Int
  ) -> Rect? {
    let height = new.count / width
    // The columns and rows in question whose source lies in the picture.
    let sources = Rect(x: dx, y: dy, width: width, height: height).intersection(bounds)
    let xs = sources.x..<sources.maxX
    let ys = sources.y..<sources.maxY
    let end = x + PieceSearch.length
    guard ys.contains(y), xs.lowerBound <= x, end <= xs.upperBound else { return nil }
    let shift = dy * width + dx
    func isEqual(_ row: Int, _ part: Range<Int>) -> Bool {
      let start = row * width
      return !PixelRow.differs(
        new.extracting(start + part.lowerBound..<start + part.upperBound),
        old.extracting(start + part.lowerBound - shift..<start + part.upperBound - shift))
    }
    func extent(_ row: Int, within limits: (left: Int, right: Int)) -> (left: Int, right: Int) {
      let start = row * width
      var left = x
      while left - 64 >= limits.left, isEqual(row, left - 64..<left) { left -= 64 }
      while left > limits.left, new[start + left - 1] == old[start + left - 1 - shift] { left -= 1 }
      var right = end
      while right + 64 <= limits.right, isEqual(row, right..<right + 64) { right += 64 }
      while right < limits.right, new[start + right] == old[start + right - shift] { right += 1 }
      return (left, right)
    }
    guard isEqual(y, x..<end) else { return nil }
    var top = y
    var bottom = y + 1
    while top > ys.lowerBound, isEqual(top - 1, x..<end) { top -= 1 }
    while bottom < ys.upperBound, isEqual(bottom, x..<end) { bottom += 1 }
    let widest = (left: xs.lowerBound, right: xs.upperBound)
    extents.removeAll(keepingCapacity: true)
    for row in top..<bottom {
      extents.append(extent(row, within: widest))
      effort -= extents[row - top].right - extents[row - top].left
    }
    return largest(top: top, seed: y)
  }

  /// The largest rectangle around the seed: extends row by row on the side that narrows it less, and
  /// returns the best intermediate result.
  private func largest(top: Int, seed: Int) -> Rect {
    var first = seed - top
    var last = first
    var (left, right) = extents[first]
    var best = Rect(minX: left, minY: seed, maxX: right, maxY: seed + 1)
    while first > 0 || last + 1 < extents.count {
      let above = first > 0 ? narrowed(left, right, by: first - 1) : nil
      let below = last + 1 < extents.count ? narrowed(left, right, by: last + 1) : nil
      if let above, above.right - above.left >= (below.map { $0.right - $0.left } ?? 0) {
        first -= 1
        (left, right) = above
      } else if let below {
        last += 1
        (left, right) = below
      }
      let rect = Rect(minX: left, minY: top + first, maxX: right, maxY: top + last + 1)
      if rect.area > best.area { best = rect }
    }
    return best
  }

  private func narrowed(_ left: Int, _ right: Int, by row: Int) -> (left: Int, right: Int) {
    (max(left, extents[row].left), min(right, extents[row].right))
  }
}
