import ScrimImage
import ScrimRedact
import ScrimTestSupport
import Testing

/// Compares the planes with the rules of Masking.md, pixel by pixel, without regard to speed.
@Suite struct StepPlanesTests {
  @Test func agreeWithTheRulesPixelByPixel() {
    var random = SeededGenerator(seed: 12)
    for (width, height) in [
      (1, 1), (1, 70), (70, 1), (2, 2), (7, 9), (8, 8), (9, 7), (63, 64), (64, 65), (65, 63), (129, 200),
      (200, 33), (70, 260),
    ] {
      for _ in 0..<4 {
        check(Sketch.random(width: width, height: height, using: &random), "\(width)x\(height)")
      }
    }
    for _ in 0..<30 { check(Sketch.random(using: &random), "random") }
  }

  @Test func aSecondPictureAddsItsSteps() {
    let flat = Sketch(100, 80)
    let line = flat.fill(0, 40, 100, 2, 0)
    var planes = StepPlanes(width: 100, height: 80)
    _ = planes.update(flat.pixels.span, line.pixels.span, flat.guarded, changed: [0..<80])
    #expect(planes.horizontals[40 * planes.words] == ~0 && planes.horizontals[42 * planes.words] == ~0)
  }

  private func check(_ sketch: Sketch, _ name: String) {
    var planes = StepPlanes(width: sketch.width, height: sketch.height)
    _ = planes.update(sketch.pixels.span, nil, sketch.guarded, changed: [0..<sketch.height])
    let naive = NaivePlanes(sketch)
    #expect(naive.differences(to: planes) == [], "\(name)")
  }
}

private struct NaivePlanes {
  let sketch: Sketch
  private let shown: [Bool]

  init(_ sketch: Sketch) {
    self.sketch = sketch
    shown = sketch.pixels.indices.map {
      sketch.guarded.contains(x: $0 % sketch.width, y: $0 / sketch.width)
    }
  }

  /// The largest difference of a channel from the neighbour that many columns and rows before; 0 if one isn't guarded.
  private func step(_ x: Int, _ y: Int, _ dx: Int, _ dy: Int) -> Int {
    guard x >= dx, y >= dy, x < sketch.width, y < sketch.height else { return 0 }
    let (a, b) = (y * sketch.width + x, (y - dy) * sketch.width + x - dx)
    guard a >= 0, b >= 0, shown[a], shown[b] else { return 0 }
    let (p, q) = (sketch.pixels[a], sketch.pixels[b])
    return [0, 8, 16].map { abs(Int(p >> $0 & 255) - Int(q >> $0 & 255)) }.max() ?? 0
  }

  /// The steps down of a row that are in a line: 64 or more from first to last, in parts of 12 or more between which at most 3 are
  /// missing, where something crosses.
  private func horizontals(row y: Int, least: Int, limit: Int) -> Set<Int> {
    func isStep(_ x: Int) -> Bool { step(x, y, 0, 1) >= least }
    // Parts: runs of steps, along which neither row changes.
    var parts: [Range<Int>] = []
    var x = 0
    while x < sketch.width {
      guard isStep(x) else {
        x += 1
        continue
      }
      var end = x + 1
      while end < sketch.width, isStep(end), step(end, y, 1, 0) < limit, step(end, y - 1, 1, 0) < limit {
        end += 1
      }
      if end - x >= 12 { parts.append(x..<end) }
      x = end
    }
    var lines: [Range<Int>] = []
    for part in parts {
      // A step that goes on from no link is the first of its part.
      let gap = (lines.last?.upperBound ?? -9)..<part.lowerBound
      let isCrossed = (gap.lowerBound...part.lowerBound).contains {
        step($0, y, 1, 0) >= 2 || step($0, y - 1, 1, 0) >= 2
      }
      if let last = lines.last, gap.count <= 3, isCrossed {
        lines[lines.count - 1] = last.lowerBound..<part.upperBound
      } else {
        lines.append(part)
      }
    }
    return Set(lines.filter { $0.count >= 64 }.flatMap { $0 })
  }

  /// The steps across of a column that are in a line of 64 or more rows.
  private func verticals(column x: Int, crossed: [Set<Int>], least: Int, limit: Int) -> Set<Int> {
    func crosses(_ y: Int) -> Bool {
      y >= 1 && y + 1 < sketch.height && (y - 1...y + 1).contains { crossed[$0].contains(x) }
    }
    func goesOn(_ y: Int) -> Bool {
      guard y > 0 else { return false }
      if crosses(y), !crosses(y - 6), !crosses(y + 6) { return true }
      return step(x, y, 1, 0) >= least && step(x, y - 1, 1, 0) >= least && step(x, y, 0, 1) < limit
        && step(x - 1, y, 0, 1) < limit
    }
    var found: Set<Int> = []
    var y = 1
    while y < sketch.height {
      guard goesOn(y) else {
        y += 1
        continue
      }
      var end = y
      while end < sketch.height, goesOn(end) { end += 1 }
      if end - y + 1 >= 64 { found.formUnion((y - 1..<end).filter { step(x, $0, 1, 0) >= 2 }) }
      y = end
    }
    return found
  }

  func differences(to planes: StepPlanes) -> [String] {
    func bit(_ plane: [UInt64], _ x: Int, _ y: Int) -> Bool {
      plane[y * planes.words + x / 64] >> UInt64(x % 64) & 1 != 0
    }
    var result: [String] = []
    let across = (0..<sketch.height).map { y in
      y == 0 ? [] : horizontals(row: y, least: 2, limit: 2).union(horizontals(row: y, least: 7, limit: 5))
    }
    let down = (0..<sketch.width).map { x in
      x == 0
        ? []
        : verticals(column: x, crossed: across, least: 2, limit: 2)
          .union(verticals(column: x, crossed: across, least: 7, limit: 5))
    }
    for y in 0..<sketch.height {
      for x in 0..<sketch.width {
        for (name, plane, expected) in [
          ("guarded", planes.guarded, shown[y * sketch.width + x]),
          ("across", planes.across, step(x, y, 1, 0) >= 2), ("down", planes.down, step(x, y, 0, 1) >= 2),
          ("rough across", planes.roughAcross, step(x, y, 1, 0) > 4),
          ("rough down", planes.roughDown, step(x, y, 0, 1) > 4),
          ("strong across", planes.strongAcross, step(x, y, 1, 0) > 6),
          ("strong down", planes.strongDown, step(x, y, 0, 1) > 6),
          ("verticals", planes.verticals, down[x].contains(y)),
          ("horizontals", planes.horizontals, across[y].contains(x)),
        ] where bit(plane, x, y) != expected {
          result.append("\(name) at \(x), \(y)")
        }
        if result.count > 5 { return result }
      }
    }
    return result
  }
}
