import ScrimImage

/// Separates frames, rules and grids of an interface from outlines of letters and from graphs.
extension ShapeJudge {
  /// Bounds of thin shapes with corners that are no frame or grid of an interface (outlines of letters, step
  /// graphs), and of frames that end at texture of an eighth of their size, as an outlined letter with serifs does.
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

  // MARK: Lines

  /// A straight line: isolated, or the piece between two corners.
  private struct Line {
    let bounds: Rect
    /// Whether the line lies along a side of a container, which explains it wherever it ends.
    let isBorder: Bool

    var isLying: Bool { bounds.width > bounds.height }
    var length: Int { max(bounds.width, bounds.height) }
    /// The bounds, extended by the part of the line that texture tiles may cover at its ends.
    var reaching: Rect {
      let hidden = GapGuard.tileSide + TextureMap.rim
      let (x, y) = isLying ? (hidden, 0) : (0, hidden)
      return Rect(
        x: bounds.x - x, y: bounds.y - y, width: bounds.width + 2 * x, height: bounds.height + 2 * y)
    }
    /// The centres of the two ends.
    var ends: [(x: Int, y: Int)] {
      let (x, y) = (bounds.x + bounds.width / 2, bounds.y + bounds.height / 2)
      return isLying
        ? [(bounds.x, y), (bounds.maxX - 1, y)] : [(x, bounds.y), (x, bounds.maxY - 1)]
    }
  }

  /// Bounds of lines that are neither a rule nor a side of a frame.
  ///
  /// A rule has two free ends. A frame's lines lie along its bounds, and each ends at a corner or at a mask. All
  /// other lines belong to a graph or an outline: they end at texture larger than a round corner, or in a step.
  func lines(endingAt textures: [Rect]) -> [Rect] {
    let least = StepPlanes.lineLength / 2
    let lines = map.wholes.compactMap { surface -> Line? in
      let bounds = map.surfaces[surface].bounds
      guard !map.surfaces[surface].isThick, min(bounds.width, bounds.height) <= ShapeJudge.troughSide,
        max(bounds.width, bounds.height) >= least, !isPart(ofDecoration: bounds)
      else { return nil }
      return Line(bounds: bounds, isBorder: boxes.containers.contains { isAlong($0, bounds) })
    }
    let content = textures.filter { max($0.width, $0.height) > 2 * SurfaceMap.thickness }
    let joints = Joints(lines.map(\.ends))
    var groups = Groups(count: lines.count)
    var suspect = lines.map { line in
      !line.isBorder && (isSlice(line) || endsAtContent(line, content, lines, joints))
    }
    var corners = lines.map { _ in [false, false] }
    for (index, line) in lines.enumerated() {
      for (number, end) in line.ends.enumerated() {
        for other in joints.near(end) where other != index {
          if lines[other].isLying != line.isLying {
            corners[index][number] = true
            if !line.isBorder, !lines[other].isBorder { groups.unite(index, other) }
          } else if isStep(line, lines[other]), !line.isBorder, !lines[other].isBorder {
            suspect[index] = true
          }
        }
      }
    }
    for group in groups.members.values where group.count > 1 || suspect[group[0]] {
      let bounds = group.dropFirst().reduce(lines[group[0]].bounds) { $0.union(lines[$1].bounds) }
      let isFrame = group.allSatisfy { index in
        !suspect[index] && isSide(lines[index], of: bounds)
          && zip(lines[index].ends, corners[index]).allSatisfy { $1 || isCut($0, lines[index]) }
      }
      for index in group { suspect[index] = !isFrame && !lines[index].isBorder }
    }
    return lines.indices.filter { suspect[$0] }.map { lines[$0].reaching }
  }

  /// Whether a line ends at content. Texture of at least an eighth of the line's length is content. So is smaller
  /// texture that is larger than a line's end and is no corner, unless a parallel line begins and ends beside this
  /// one: the opposite side of a frame.
  private func endsAtContent(_ line: Line, _ content: [Rect], _ lines: [Line], _ joints: Joints) -> Bool {
    let found = content.filter { touches($0, endOf: line.bounds) }
    if found.contains(where: {
      let size = max($0.width, $0.height)
      return size * 8 >= line.length && size * 8 >= StepPlanes.lineLength / 2
    }) {
      return true
    }
    let isOpen = line.ends.contains { end in
      let near = Rect(x: end.x, y: end.y, width: 1, height: 1).padded(by: Joints.reach)
      return found.contains { $0.intersects(near) }
        && !joints.near(end).contains { lines[$0].isLying != line.isLying }
    }
    if !isOpen { return false }
    return !lines.contains { other in
      other.isLying == line.isLying && other.bounds != line.bounds
        && zip(line.ends, other.ends).allSatisfy { isNear($0, $1, across: line.isLying) }
    }
  }

  private func isNear(_ a: (x: Int, y: Int), _ b: (x: Int, y: Int), across isLying: Bool) -> Bool {
    let (along, aside) = isLying ? (abs(a.x - b.x), abs(a.y - b.y)) : (abs(a.y - b.y), abs(a.x - b.x))
    return along <= ShapeJudge.reach && aside > SurfaceMap.thickness && aside <= StepPlanes.lineLength
  }

  /// Whether a mask lies along the line's side: the line is then a slice of masked content.
  private func isSlice(_ line: Line) -> Bool {
    let bounds = line.bounds
    func isMasked(_ x: Int, _ y: Int) -> Bool {
      picture.contains(Rect(x: x, y: y, width: 1, height: 1)) && !planes.isGuarded(x, y)
    }
    let masked = (1...7).filter { part in
      let (x, y) = (bounds.x + bounds.width * part / 8, bounds.y + bounds.height * part / 8)
      return line.isLying
        ? isMasked(x, bounds.y - 1) || isMasked(x, bounds.maxY)
        : isMasked(bounds.x - 1, y) || isMasked(bounds.maxX, y)
    }
    return masked.count >= 2
  }

  /// Whether one line begins where the other ends, shifted a little sideways: a step.
  private func isStep(_ a: Line, _ b: Line) -> Bool {
    let aside = a.isLying ? abs(a.ends[0].y - b.ends[0].y) : abs(a.ends[0].x - b.ends[0].x)
    let overlap =
      a.isLying
      ? min(a.bounds.maxX, b.bounds.maxX) - max(a.bounds.x, b.bounds.x)
      : min(a.bounds.maxY, b.bounds.maxY) - max(a.bounds.y, b.bounds.y)
    return aside > SurfaceMap.thickness && overlap <= ShapeJudge.reach
  }

  private func isSide(_ line: Line, of bounds: Rect) -> Bool {
    func isNear(_ a: Int, _ b: Int) -> Bool { abs(a - b) <= Joints.reach }
    return line.isLying
      ? isNear(line.bounds.y, bounds.y) || isNear(line.bounds.maxY, bounds.maxY)
      : isNear(line.bounds.x, bounds.x) || isNear(line.bounds.maxX, bounds.maxX)
  }

  /// Whether a line ends at a mask or the picture's edge.
  private func isCut(_ end: (x: Int, y: Int), _ line: Line) -> Bool {
    let (x, y) =
      line.isLying
      ? (end.x == line.bounds.x ? end.x - 1 : end.x + 1, end.y)
      : (end.x, end.y == line.bounds.y ? end.y - 1 : end.y + 1)
    return !picture.contains(Rect(x: x, y: y, width: 1, height: 1)) || !planes.isGuarded(x, y)
  }

  private func touches(_ texture: Rect, endOf line: Rect) -> Bool {
    let near = texture.padded(by: ShapeJudge.reach)
    guard near.intersects(line) else { return false }
    return line.width > line.height
      ? near.x <= line.x || near.maxX >= line.maxX : near.y <= line.y || near.maxY >= line.maxY
  }

  /// Whether a line is explained by a container: it lies on one of its sides; or along a side and reaches the next
  /// side; or it covers most of a side up to one end, as the frame of a group does whose title interrupts it.
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

/// Finds ends of lines by position.
private struct Joints {
  /// The size of a round corner, 16 pixels, plus the texture tile that contains it.
  static let reach = ShapeJudge.reach + GapGuard.tileSide + TextureMap.rim

  private struct Cell: Hashable {
    var x: Int
    var y: Int
  }

  private var lines: [Cell: [(line: Int, x: Int, y: Int)]] = [:]

  init(_ ends: [[(x: Int, y: Int)]]) {
    for (line, ends) in ends.enumerated() {
      for end in ends { lines[Joints.cell(end), default: []].append((line, end.x, end.y)) }
    }
  }

  private static func cell(_ place: (x: Int, y: Int)) -> Cell {
    Cell(x: place.x / Joints.reach, y: place.y / Joints.reach)
  }

  /// The lines that have an end within ``reach`` of a position, horizontally and vertically.
  func near(_ place: (x: Int, y: Int)) -> [Int] {
    let middle = Joints.cell(place)
    var found: [Int] = []
    for y in middle.y - 1...middle.y + 1 {
      for x in middle.x - 1...middle.x + 1 {
        for end in lines[Cell(x: x, y: y)] ?? []
        where max(abs(end.x - place.x), abs(end.y - place.y)) <= Joints.reach { found.append(end.line) }
      }
    }
    return found
  }
}

/// Disjoint sets of numbers (union-find).
private struct Groups {
  private var parents: [Int]

  init(count: Int) { parents = Array(0..<count) }

  private func root(_ number: Int) -> Int {
    var at = number
    while parents[at] != at { at = parents[at] }
    return at
  }

  mutating func unite(_ a: Int, _ b: Int) {
    let (a, b) = (root(a), root(b))
    parents[max(a, b)] = min(a, b)
  }

  var members: [Int: [Int]] { Dictionary(grouping: parents.indices, by: root) }
}
