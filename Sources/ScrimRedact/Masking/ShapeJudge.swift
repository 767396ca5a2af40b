import ScrimImage

/// Tells the blocks, frames and lines of an interface from bars, stems, charts and codes.
struct ShapeJudge {
  let map: SurfaceMap
  let planes: StepPlanes
  let boxes: GapBoxes
  let picture: Rect

  /// Of a block that is not explained by a container, the least share of the picture's width or height, in percent.
  static let share = 30
  /// A block with one colour on both sides is a bar or a stem if it is narrower than this share.
  static let barShare = 15
  /// Pixels within which a block lies at a container's side: a tile of texture at a round corner, and the corner's rim.
  static let reach = 16
  /// Pixels by which boxes are rounded, or drawn around.
  static let tolerance = 4
  /// The thickest part of a decoration that is a trough, a fill or a groove.
  static let troughSide = 16

  // MARK: Blocks

  /// Bounds of the blocks that may be content.
  func blocks(_ pixels: Span<Pixel>) -> [Rect] {
    map.wholes.filter { isSuspect(block: $0, pixels) }.map { map.surfaces[$0].bounds }
  }

  private func isSuspect(block surface: Int, _ pixels: Span<Pixel>) -> Bool {
    let block = map.surfaces[surface]
    // What borders on nothing larger is a ground.
    guard block.isThick, block.border > 0 else { return false }
    let bounds = block.bounds
    let isWide = bounds.width * 100 >= picture.width * ShapeJudge.share
    let isHigh = bounds.height * 100 >= picture.height * ShapeJudge.share
    let isUpright = block.left.isLike(block.right)
    let isLying = block.top.isLike(block.bottom)
    let looksLikeContent =
      !block.left.differs(from: block.right) && bounds.width * 100 < picture.width * ShapeJudge.barShare
      || !block.top.differs(from: block.bottom) && bounds.height * 100 < picture.height * ShapeJudge.barShare
      || !isWide && !isHigh
      || isUpright && isLying && !(isWide && isHigh)
      || map.intrusion(into: surface) * 10 > bounds.area
    guard looksLikeContent, !isPart(ofDecoration: bounds) else { return false }
    return !([picture] + boxes.containers).contains { fills(surface, bounds, $0, pixels) }
  }

  /// Whether a block takes up a whole side of a container, but for what is masked and for texture.
  private func fills(_ surface: Int, _ block: Rect, _ container: Rect, _ pixels: Span<Pixel>) -> Bool {
    guard container.padded(by: ShapeJudge.tolerance).contains(block) else { return false }
    let reach = ShapeJudge.reach
    let width = picture.width
    let columns = container.x..<container.maxX
    let rows = container.y..<container.maxY
    func isAlone(inRow y: Int) -> Bool { map.isAlone(surface, pixels, width: width, inRow: y, columns) }
    func isAlone(inColumn x: Int) -> Bool { map.isAlone(surface, pixels, width: width, inColumn: x, rows) }
    return block.y - container.y <= reach && isAlone(inRow: block.y + 1)
      || container.maxY - block.maxY <= reach && isAlone(inRow: block.maxY - 2)
      || block.x - container.x <= reach && isAlone(inColumn: block.x + 1)
      || container.maxX - block.maxX <= reach && isAlone(inColumn: block.maxX - 2)
  }

  private func isPart(ofDecoration bounds: Rect) -> Bool {
    min(bounds.width, bounds.height) <= ShapeJudge.troughSide
      && boxes.decorations.contains { $0.padded(by: ShapeJudge.tolerance).contains(bounds) }
  }

  // MARK: Frames and lines

  /// Bounds of thin shapes with corners that are no frame or grid of an interface: outlines of letters, graphs of
  /// steps; and of frames that end at texture of an eighth of their size, as an outlined letter with serifs does.
  func frames(at textures: [Rect]) -> [Rect] {
    let side = StepPlanes.lineLength - SurfaceMap.thickness
    let cornered = map.wholes.filter { surface in
      let bounds = map.surfaces[surface].bounds
      return !map.surfaces[surface].isThick && min(bounds.width, bounds.height) >= side
    }
    if cornered.isEmpty { return [] }
    let bent = map.bent(among: cornered)
    return cornered.filter { surface in
      let bounds = map.surfaces[surface].bounds
      let wide = bounds.width * 100 / picture.width
      let high = bounds.height * 100 / picture.height
      let least = min(wide, high)
      let isLarge =
        least >= 2 * ShapeJudge.share
        || !bent.contains(surface) && least >= ShapeJudge.share / 2 && max(wide, high) >= ShapeJudge.share
      let isOpen = textures.contains {
        max($0.width, $0.height) * 8 >= max(bounds.width, bounds.height)
          && $0.padded(by: ShapeJudge.reach).intersects(bounds)
          && !bounds.padded(by: -ShapeJudge.reach).contains($0)
      }
      return (!isLarge || isOpen && least < ShapeJudge.share) && !isInContainer(bounds)
    }.map { map.surfaces[$0].bounds }
  }

  /// Whether at least three sides lie along those of a container.
  private func isInContainer(_ bounds: Rect) -> Bool {
    func isNear(_ a: Int, _ b: Int) -> Bool { abs(a - b) <= ShapeJudge.reach }
    return boxes.containers.contains { box in
      [
        isNear(bounds.x, box.x), isNear(bounds.maxX, box.maxX), isNear(bounds.y, box.y),
        isNear(bounds.maxY, box.maxY),
      ].filter { $0 }.count >= 3
    }
  }

  /// Bounds of lines that end at texture of an eighth of their length or more: the sides of an outlined letter, a graph. At a
  /// frame's round corner there is less.
  func lines(endingAt textures: [Rect]) -> [Rect] {
    let ends = textures.filter { max($0.width, $0.height) * 8 >= StepPlanes.lineLength / 2 }
    if ends.isEmpty { return [] }
    return map.wholes.filter { surface in
      let line = map.surfaces[surface].bounds
      let length = max(line.width, line.height)
      guard !map.surfaces[surface].isThick, min(line.width, line.height) <= ShapeJudge.troughSide,
        length >= StepPlanes.lineLength / 2
      else { return false }
      return ends.contains { max($0.width, $0.height) * 8 >= length && touches($0, endOf: line) }
        && !isPart(ofDecoration: line) && !boxes.containers.contains { isAlong($0, line) }
    }.map { map.surfaces[$0].bounds }
  }

  private func touches(_ texture: Rect, endOf line: Rect) -> Bool {
    let near = texture.padded(by: ShapeJudge.reach)
    guard near.intersects(line) else { return false }
    return line.width > line.height
      ? near.x <= line.x || near.maxX >= line.maxX : near.y <= line.y || near.maxY >= line.maxY
  }

  /// Whether a line lies on a side of a container; or along one, where it reaches the next side; or takes up most of one
  /// and reaches its end: the frame of a group whose title stands in it or above.
  private func isAlong(_ box: Rect, _ line: Rect) -> Bool {
    guard box.padded(by: ShapeJudge.reach).contains(line) else { return false }
    func isNear(_ a: Int, _ b: Int, within: Int) -> Bool { abs(a - b) <= within }
    func isBeside(_ within: Int) -> (across: Bool, down: Bool) {
      (
        isNear(line.y, box.y, within: within) || isNear(line.maxY, box.maxY, within: within),
        isNear(line.x, box.x, within: within) || isNear(line.maxX, box.maxX, within: within)
      )
    }
    let on = isBeside(ShapeJudge.tolerance)
    if line.width > line.height ? on.across : on.down { return true }
    let near = isBeside(ShapeJudge.reach)
    if near.across && near.down { return true }
    return line.width > line.height
      ? near.down && line.width * 10 >= box.width * 6 : near.across && line.height * 10 >= box.height * 6
  }
}

extension Rect {
  /// Whether all of `other` lies inside.
  func contains(_ other: Rect) -> Bool {
    other.x >= x && other.y >= y && other.maxX <= maxX && other.maxY <= maxY
  }
}
