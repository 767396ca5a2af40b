import ScrimImage

/// Judges an unexplained change by its pixels alone: whether it can be only a new look of the content that
/// was cleared there, such as the face of a button under the pointer.
///
/// The content of a picture (letters, bars and outlines) lies in its edges. So a change adds no content if
/// it has edges only where the cleared pixels have them: it only recolours areas that were shown. In
/// addition a *face* passes: one area without holes and inner edges that is nearly as large as a control
/// and lies within it or its ``ChangeEvidence/halo``. It reveals only its presence.
struct LookChange {
  /// The pixels that are examined; both pictures are this rectangle, row by row.
  let bounds: Rect
  let before: [Pixel]
  let after: [Pixel]
  /// 1 where both are known and unmasked.
  let valid: [UInt8]

  /// Maximum new difference between two neighbours in levels of a channel, as in a gradient.
  static let gradient = 2
  /// Maximum factor by which edges of the cleared content may become stronger.
  static let gain = 4
  /// Pixels on each side of a face's outline that may have edges: a border, and its antialiasing.
  static let outline = 2
  /// Minimum width and height of a face: a smaller one would be all outline.
  static let smallestFace = 16

  /// Whether the change adds no content.
  ///
  /// - Parameter controls: boxes of nearby controls.
  func isLook(in controls: [Rect]) -> Bool {
    let edges = newEdges()
    if edges.isEmpty { return true }
    guard let face = Face(of: self) else { return false }
    return edges.allSatisfy(face.isOutline) && controls.contains { face.fits($0) }
  }

  /// The pixels with an edge to their right or lower neighbour that the cleared pixels don't have.
  private func newEdges() -> [(x: Int, y: Int)] {
    var edges: [(x: Int, y: Int)] = []
    let width = bounds.width
    for y in 0..<bounds.height {
      for x in 0..<width {
        let index = y * width + x
        guard valid[index] != 0 else { continue }
        if x + 1 < width,
          isNewEdge(index, index + 1) || y + 1 < bounds.height && isNewEdge(index, index + width)
        {
          edges.append((x, y))
        } else if x + 1 == width, y + 1 < bounds.height, isNewEdge(index, index + width) {
          edges.append((x, y))
        }
      }
    }
    return edges
  }

  private func isNewEdge(_ a: Int, _ b: Int) -> Bool {
    guard valid[b] != 0, before[a] != after[a] || before[b] != after[b] else { return false }
    let now = LookChange.step(after[a], after[b])
    if now <= LookChange.gradient { return false }
    return now > LookChange.gradient + LookChange.gain * LookChange.step(before[a], before[b])
  }

  /// The largest difference of a channel.
  private static func step(_ a: Pixel, _ b: Pixel) -> Int {
    var largest = 0
    for shift: Pixel in [0, 8, 16] {
      largest = max(largest, abs(Int(a >> shift & 0xFF) - Int(b >> shift & 0xFF)))
    }
    return largest
  }

  /// The changed area, without holes.
  private struct Face {
    private let origin: Rect
    private var rows: [Range<Int>]
    private var columns: [Range<Int>]
    /// The rectangle around the area, in the picture.
    private let outer: Rect

    /// Nil if the changed pixels are not such an area.
    init?(of change: LookChange) {
      let bounds = change.bounds
      origin = bounds
      rows = [Range<Int>](repeating: 0..<0, count: bounds.height)
      columns = [Range<Int>](repeating: 0..<0, count: bounds.width)
      for y in 0..<bounds.height {
        for x in 0..<bounds.width {
          let index = y * bounds.width + x
          guard change.valid[index] != 0, change.before[index] != change.after[index] else { continue }
          rows[y] = rows[y].isEmpty ? x..<x + 1 : min(rows[y].lowerBound, x)..<max(rows[y].upperBound, x + 1)
          columns[x] =
            columns[x].isEmpty ? y..<y + 1 : min(columns[x].lowerBound, y)..<max(columns[x].upperBound, y + 1)
        }
      }
      guard let top = rows.firstIndex(where: { !$0.isEmpty }),
        let bottom = rows.lastIndex(where: { !$0.isEmpty }),
        let left = columns.firstIndex(where: { !$0.isEmpty }),
        let right = columns.lastIndex(where: { !$0.isEmpty })
      else { return nil }
      outer = Rect(
        minX: bounds.x + left, minY: bounds.y + top, maxX: bounds.x + right + 1, maxY: bounds.y + bottom + 1)
      let area = rows.reduce(0) { $0 + $1.count }
      let byColumns = columns.reduce(0) { $0 + $1.count }
      let isSolid = 20 * min(area, byColumns) >= 19 * max(area, byColumns) && 10 * area >= 7 * outer.area
      guard isSolid, min(outer.width, outer.height) >= LookChange.smallestFace else { return nil }
    }

    /// Whether a pixel is on the area's outline.
    func isOutline(_ pixel: (x: Int, y: Int)) -> Bool {
      let (row, column) = (rows[pixel.y], columns[pixel.x])
      // An edge is stored at the left or upper one of its two pixels, which may be the last one outside.
      let reach = LookChange.outline
      func isNear(_ position: Int, _ range: Range<Int>) -> Bool {
        !range.isEmpty
          && (abs(position - range.lowerBound) <= reach || abs(position - (range.upperBound - 1)) <= reach)
      }
      if row.isEmpty && column.isEmpty { return false }
      return isNear(pixel.x, row) || isNear(pixel.y, column)
    }

    /// Whether it is as large as a control, and around it.
    func fits(_ control: Rect) -> Bool {
      let room = control.padded(by: ChangeEvidence.halo)
      return room.intersection(outer) == outer && 2 * outer.intersection(control).area >= control.area
    }
  }
}
