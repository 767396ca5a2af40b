import ScrimImage

/// Finds bundles: lines as close together as the bars of a code.
///
/// A bundle is 11 edges within 49 pixels whose colours alternate between lighter and darker: six lines. A table has
/// three lines in that width; a code 128 with modules of 2 pixels has 13 edges. Codes with wider modules have bars
/// that are judged as blocks. The steps of a gradient all have the same direction. A line along a container's side
/// is a border and restarts the count.
extension ShapeJudge {
  private static let edges = 11
  private static let width = 49

  func bundles(_ pixels: Span<Pixel>) -> [Rect] {
    var found: [Rect] = []
    var edges: [Int] = []
    for band in map.bands where band.runs.count >= ShapeJudge.edges {
      let y = band.rows.lowerBound
      let row = y * picture.width
      var turn = Turn()
      var end = -1
      for index in band.runs {
        let x = map.runs[index].columns.lowerBound
        if x != end {
          edges.removeAll(keepingCapacity: true)
          turn = Turn()
        } else {
          if !turn.changes(pixels[row + x - 1], pixels[row + x]) { edges.removeAll(keepingCapacity: true) }
          edges.append(x)
          if isBundle(&edges, isBorder: { isBorder(column: $0, y) }) {
            let first = edges[edges.count - ShapeJudge.edges]
            found.append(
              Rect(minX: first - 1, minY: y, maxX: x + 1, maxY: band.rows.upperBound))
          }
        }
        end = map.runs[index].columns.upperBound
      }
    }
    // A horizontal line is at least 64 pixels long, so it crosses at least one of these columns.
    for x in stride(from: StepPlanes.lineLength / 4, to: picture.width, by: StepPlanes.lineLength / 2) {
      edges.removeAll(keepingCapacity: true)
      var turn = Turn()
      for y in map.lineRows where isLine(x, y) {
        let above = pixels[(y - 1) * picture.width + x]
        if !turn.changes(above, pixels[y * picture.width + x]) { edges.removeAll(keepingCapacity: true) }
        edges.append(y)
        if isBundle(&edges, isBorder: { isBorder(row: $0, x) }) {
          found += edges.suffix(ShapeJudge.edges).map { line(through: x, $0) }
        }
      }
    }
    return found
  }

  private func isBundle(_ edges: inout [Int], isBorder: (Int) -> Bool) -> Bool {
    guard edges.count >= ShapeJudge.edges,
      edges[edges.count - 1] - edges[edges.count - ShapeJudge.edges] < ShapeJudge.width
    else { return false }
    if let border = edges.lastIndex(where: isBorder) { edges.removeFirst(border + 1) }
    return edges.count >= ShapeJudge.edges
  }

  private func isLine(_ x: Int, _ y: Int) -> Bool {
    planes.horizontals[y * planes.words + x / 64] >> UInt64(x % 64) & 1 != 0
  }

  /// The line between row `y` and the row above that crosses column `x`, with the pixels on both sides.
  private func line(through x: Int, _ y: Int) -> Rect {
    var first = x
    while first > 0, isLine(first - 1, y) { first -= 1 }
    let end = Bits.firstClear(planes.horizontals, in: x..<picture.width, base: y * planes.words)
    return Rect(minX: first, minY: y - 1, maxX: end, maxY: y + 1)
  }

  private func isBorder(column x: Int, _ y: Int) -> Bool {
    boxes.containers.contains { box in
      (box.y..<box.maxY).contains(y) && (abs(box.x - x) <= 2 || abs(box.maxX - x) <= 2)
    }
  }

  private func isBorder(row y: Int, _ x: Int) -> Bool {
    boxes.containers.contains { box in
      (box.x..<box.maxX).contains(x) && (abs(box.y - y) <= 2 || abs(box.maxY - y) <= 2)
    }
  }

  /// Follows a sequence of steps and reports whether they alternate in direction.
  private struct Turn {
    private var last: (Int, Int, Int)?

    /// Whether the step from `a` to `b` has the opposite direction of the previous step; true for the first step.
    mutating func changes(_ a: Pixel, _ b: Pixel) -> Bool {
      func step(_ shift: Pixel) -> Int { Int(b >> shift & 255) - Int(a >> shift & 255) }
      let next = (step(0), step(8), step(16))
      defer { last = next }
      guard let last else { return true }
      return last.0 * next.0 + last.1 * next.1 + last.2 * next.2 < 0
    }
  }
}
