import ScrimImage

/// Separates blocks, frames and lines of an interface from bars, stems, charts and codes.
struct ShapeJudge {
  let map: SurfaceMap
  let planes: StepPlanes
  let boxes: GapBoxes
  let picture: Rect

  /// The smallest share of the picture's width or height, in percent, of a block that no container explains.
  static let share = 30
  /// A block narrower than this share, in percent, with the same colour on both sides is a bar or a stem.
  static let barShare = 15
  /// The largest distance, in pixels, between a block and the container's side that it fills: a texture tile at a
  /// round corner, and the corner's rim.
  static let reach = 16
  /// The tolerance of bounding boxes, in pixels: boxes are rounded, or drawn with a margin.
  static let tolerance = 4
  /// The largest thickness, in pixels, of a trough, fill or groove within a decoration.
  static let troughSide = 16

  // MARK: Blocks

  /// Bounds of the blocks that may be content.
  func blocks(_ pixels: Span<Pixel>) -> [Rect] {
    var blocks: [Int: Block] = [:]
    for surface in map.wholes where map.surfaces[surface].isThick {
      blocks[surface] = judged(surface, pixels)
    }
    var found: [Rect] = []
    var large: [Int] = []
    var grounds: Set<Pixel> = []
    for (surface, block) in blocks where block == .ground || block == .large {
      grounds.insert(map.surfaces[surface].colour & 0x00FF_FFFF)
      if block == .large { large.append(surface) }
    }
    for (surface, block) in blocks where block == .suspect || block == .island {
      let colour = map.surfaces[surface].colour
      if block == .island, grounds.contains(where: { SurfaceMap.isAlike($0, colour) }) { continue }
      let (bounds, others) = continued(surface, pixels)
      if !others.contains(where: { blocks[$0] == .ground || blocks[$0] == .large }) { found.append(bounds) }
    }
    let bounds = large.map { map.surfaces[$0].bounds }
    let cells = large.filter { isCell($0, among: bounds + found, pixels) }
    found += cells.map { map.surfaces[$0].bounds }
    return found
      + neighbours(
        of: found, among: large.filter { !cells.contains($0) }.map { map.surfaces[$0].bounds })
  }

  /// Extends a surface straight through guarded pixels of its own colour near texture. Returns the extended bounds,
  /// and the surfaces reached.
  ///
  /// Texture tiles of 8 pixels at a round corner cut the ground beside it into strips, and cover the end of a bar.
  private func continued(_ surface: Int, _ pixels: Span<Pixel>) -> (bounds: Rect, others: [Int]) {
    var bounds = map.surfaces[surface].bounds
    var others: [Int] = []
    let middle = (x: bounds.x + bounds.width / 2, y: bounds.y + bounds.height / 2)
    let starts = [
      (middle.x, bounds.y, 0, -1), (middle.x, bounds.maxY - 1, 0, 1), (bounds.x, middle.y, -1, 0),
      (bounds.maxX - 1, middle.y, 1, 0),
    ]
    for (x, y, dx, dy) in starts where map.surface(atX: x, y: y) == surface {
      let colour = pixels[y * picture.width + x]
      for step in 1...StepPlanes.lineLength {
        let pixel = Rect(x: x + dx * step, y: y + dy * step, width: 1, height: 1)
        guard picture.contains(pixel), planes.isGuarded(pixel.x, pixel.y),
          map.isSame(pixels[pixel.y * picture.width + pixel.x], colour)
        else { break }
        if let other = map.surface(atX: pixel.x, y: pixel.y) {
          if other != surface { others.append(other) }
          break
        }
        bounds = bounds.union(pixel)
      }
    }
    return (bounds, others)
  }

  /// The classes of thick surfaces.
  private enum Block {
    /// Explained by a container or by the surfaces around it.
    case ground
    /// A block that is explained by its size alone.
    case large
    /// A small surface that borders on no larger one: a gap between masks, or a stroke.
    case island
    case suspect
  }

  private func judged(_ surface: Int, _ pixels: Span<Pixel>) -> Block {
    let block = map.surfaces[surface]
    let bounds = block.bounds
    let isWide = bounds.width * 100 >= picture.width * ShapeJudge.share
    let isHigh = bounds.height * 100 >= picture.height * ShapeJudge.share
    // A large surface that borders on no larger one is a ground; a small one may be the visible part of a stroke.
    if block.border == 0, isWide && isHigh { return .ground }
    let looksLikeContent =
      !block.isStout && min(bounds.width, bounds.height) > 2 * SurfaceMap.stoutness
      || !block.left.differs(from: block.right) && bounds.width * 100 < picture.width * ShapeJudge.barShare
      || !block.top.differs(from: block.bottom) && bounds.height * 100 < picture.height * ShapeJudge.barShare
      || !isWide && !isHigh
      || mayBeLike(block.left, block.right, isCut: isCut(bounds.x, bounds.maxX, \.x, \.maxX))
        && mayBeLike(block.top, block.bottom, isCut: isCut(bounds.y, bounds.maxY, \.y, \.maxY))
        && !(isWide && isHigh)
      || map.intrusion(into: surface) * 10 > bounds.area
    if !looksLikeContent { return block.border == 0 ? .ground : .large }
    if isPart(ofDecoration: bounds) { return .ground }
    if ([picture] + boxes.containers).contains(where: { fills(surface, bounds, $0, pixels) }) {
      return .ground
    }
    return block.border == 0 ? .island : .suspect
  }

  /// Whether the colours on two sides are alike, or can't be compared because a mask may cut the block.
  private func mayBeLike(
    _ a: SurfaceMap.Side, _ b: SurfaceMap.Side, isCut: @autoclosure () -> Bool
  ) -> Bool {
    a.isLike(b) || (a.isUnseen || b.isUnseen) && isCut()
  }

  /// Whether neither side lies on a side of the picture or of a container. The unseen pixels there are then masked.
  private func isCut(_ low: Int, _ high: Int, _ first: KeyPath<Rect, Int>, _ last: KeyPath<Rect, Int>) -> Bool
  {
    !([picture] + boxes.containers).contains {
      abs($0[keyPath: first] - low) <= ShapeJudge.tolerance
        || abs($0[keyPath: last] - high) <= ShapeJudge.tolerance
    }
  }

  /// Among blocks explained by their size alone, those next to a suspect block that they don't surround; repeated
  /// until no more are found.
  private func neighbours(of suspects: [Rect], among large: [Rect]) -> [Rect] {
    var found: [Rect] = []
    var rest = large
    var front = suspects
    while !front.isEmpty, !rest.isEmpty {
      let next = rest.filter { block in
        let near = block.padded(by: ShapeJudge.reach)
        return front.contains { near.intersects($0) && !block.contains($0) }
      }
      rest.removeAll { next.contains($0) }
      found += next
      front = next
    }
    return found
  }

  /// Whether a block that is explained by its size alone has a neighbour of the same size, as the cells of a chart have;
  /// panes of one size fill a side of a container.
  private func isCell(_ surface: Int, among others: [Rect], _ pixels: Span<Pixel>) -> Bool {
    let block = map.surfaces[surface].bounds
    let near = block.padded(by: ShapeJudge.reach)
    let isOneOfMany = others.contains {
      $0 != block && abs($0.width - block.width) <= ShapeJudge.tolerance
        && abs($0.height - block.height) <= ShapeJudge.tolerance && near.intersects($0)
    }
    return isOneOfMany && !([picture] + boxes.containers).contains { fills(surface, block, $0, pixels) }
  }

  /// Whether a block covers a whole side of a container, except where pixels are masked or texture.
  private func fills(_ surface: Int, _ block: Rect, _ container: Rect, _ pixels: Span<Pixel>) -> Bool {
    guard container.padded(by: ShapeJudge.tolerance).contains(block) else { return false }
    let reach = ShapeJudge.reach
    let width = picture.width
    // A frame that is drawn inside the container's box leaves the surroundings visible within that box.
    let inner = container.padded(by: -ShapeJudge.tolerance)
    guard !inner.isEmpty else { return false }
    let columns = inner.x..<inner.maxX
    let rows = inner.y..<inner.maxY
    func isAlone(inRow y: Int) -> Bool { map.isAlone(surface, pixels, width: width, inRow: y, columns) }
    func isAlone(inColumn x: Int) -> Bool { map.isAlone(surface, pixels, width: width, inColumn: x, rows) }
    return block.y - container.y <= reach && isAlone(inRow: block.y + 1)
      || container.maxY - block.maxY <= reach && isAlone(inRow: block.maxY - 2)
      || block.x - container.x <= reach && isAlone(inColumn: block.x + 1)
      || container.maxX - block.maxX <= reach && isAlone(inColumn: block.maxX - 2)
  }

  func isPart(ofDecoration bounds: Rect) -> Bool {
    min(bounds.width, bounds.height) <= ShapeJudge.troughSide
      && boxes.decorations.contains { $0.padded(by: ShapeJudge.tolerance).contains(bounds) }
  }
}

extension Rect {
  /// Whether `other` lies completely inside.
  func contains(_ other: Rect) -> Bool {
    other.x >= x && other.y >= y && other.maxX <= maxX && other.maxY <= maxY
  }
}
