import ScrimImage
import ScrimTestSupport
import Testing

@testable import ScrimRedact

/// Compares explained changes with a naive version that keeps one flag per pixel.
@Suite struct ExplainedChangesPropertyTests {
  static let width = 90
  static let height = 58
  static let grid = TileGrid(width: width, height: height, side: MaskedFrame.clearanceSide)
  static let bounds = Rect(x: 0, y: 0, width: width, height: height)

  /// A moment: pixels, their claims, and the tiles that did not change.
  struct Moment {
    var pixels: [Pixel]
    var claims: Claims
    var masked: Region
    var boxes: Region
    var settled: TileSet
    var time: Int64
  }

  /// The result of the rules, pixel by pixel.
  struct Naive {
    var cleared = [Pixel?](repeating: nil, count: width * height)
    var shown = [Bool](repeating: true, count: width * height)
    var gaps = [Bool](repeating: true, count: width * height)
    var memories: [(tile: Int, owners: [Claims.Claim], pixels: [Pixel?])] = []
    var last: Claims?

    func pixels(of tile: Int) -> [(x: Int, y: Int, index: Int)] {
      let rect = grid.rect(column: tile % grid.columns, row: tile / grid.columns)
      return (rect.y..<rect.maxY).flatMap { y in
        (rect.x..<rect.maxX).map { ($0, y, y * width + $0) }
      }
    }

    static func isEqual(_ a: Claims.Claim, _ b: Claims.Claim) -> Bool {
      a.rect == b.rect && a.role == b.role && a.treatment == b.treatment && a.id == b.id
    }

    mutating func addEvidence(from old: Claims, to new: Claims) {
      var rest = old.list
      var (appeared, looks): ([Claims.Claim], [Claims.Claim]) = ([], [])
      for claim in new.list {
        guard let index = rest.firstIndex(where: { Naive.isEqual($0, claim) }) else {
          appeared.append(claim)
          continue
        }
        if rest[index].look != claim.look { looks.append(claim) }
        rest.remove(at: index)
      }
      func around(_ claim: Claims.Claim, in claims: Claims) -> [Rect] {
        var (rects, index): ([Rect], Int) = ([], claim.parent)
        for depth in 0..<4 where index >= 0 {
          let container = claims.list[index]
          let isScroller = ["scroll pane", "viewport", "document web"].contains(container.role.name)
          if container.treatment == .gap, depth == 0 || isScroller { rects.append(container.rect) }
          index = container.parent
        }
        return rects
      }
      let heirs = { (claim: Claims.Claim) in
        appeared.filter { $0.treatment == .gap && $0.role == claim.role && $0.rect.intersects(claim.rect) }
      }
      for y in 0..<height {
        for x in 0..<width {
          func lies(_ rect: Rect) -> Bool { rect.contains(x: x, y: y) }
          func lies(_ claim: Claims.Claim) -> Bool { lies(claim.rect) }
          let isShown =
            (appeared + looks).contains { $0.treatment != .gap && lies($0) }
            && !(appeared + looks).filter { $0.treatment == .shown || $0.treatment == .trusted }
              .filter(lies).isEmpty
            || rest.contains { $0.treatment != .gap && lies($0.rect.padded(by: old.padding)) }
            || rest.contains { claim in
              claim.treatment == .gap && lies(claim) && !heirs(claim).contains(where: lies)
            }
          let isGap =
            isShown || (appeared + looks).contains { lies($0.rect.padded(by: 16)) }
            || rest.contains { lies($0.rect.padded(by: ($0.treatment == .gap ? 0 : old.padding) + 16)) }
            || appeared.contains { around($0, in: new).contains(where: lies) }
            || rest.contains { around($0, in: old).contains(where: lies) }
          if isShown { shown[y * width + x] = true }
          if isGap { gaps[y * width + x] = true }
        }
      }
    }

    mutating func judge(_ moment: Moment) -> Set<Int> {
      if let last { addEvidence(from: last, to: moment.claims) }
      last = moment.claims
      func isExplained(_ x: Int, _ y: Int) -> Bool {
        let own = moment.claims.list.filter { $0.rect.contains(x: x, y: y) }
        if own.contains(where: { $0.treatment == .trusted }) { return true }
        return own.contains { $0.treatment == .shown } ? shown[y * width + x] : gaps[y * width + x]
      }
      func owners(_ tile: Int) -> [Claims.Claim] {
        let rect = grid.rect(column: tile % grid.columns, row: tile / grid.columns)
        return moment.claims.list.filter { $0.treatment != .masked && $0.rect.intersects(rect) }.map {
          Claims.Claim(rect: $0.rect, role: $0.role, treatment: .gap)
        }
      }
      var open: [Int: [Int]] = [:]
      var replaced: [Int] = []
      for tile in 0..<grid.count where moment.settled.flags[tile] != 0 {
        let kept = pixels(of: tile).filter { !moment.masked.contains(x: $0.x, y: $0.y) }
        let changed = kept.filter { cleared[$0.index] != moment.pixels[$0.index] }
        if changed.isEmpty { continue }
        let isKnown = pixels(of: tile).contains { cleared[$0.index] != nil }
        if isKnown { replaced.append(tile) }
        let rest = changed.filter { !isExplained($0.x, $0.y) }
        if rest.isEmpty { continue }
        let wanted = kept.filter { !isExplained($0.x, $0.y) }
        let base = pixels(of: tile)
        let wasShown =
          isKnown
          && memories.contains { memory in
            memory.tile == tile && memory.owners == owners(tile)
              && wanted.allSatisfy { pixel in
                memory.pixels[base.firstIndex { $0.index == pixel.index }!] == moment.pixels[pixel.index]
              }
          }
        if !wasShown { open[tile] = rest.map(\.index) }
      }
      let refused = hulls(refuse(open, moment))
      for tile in 0..<grid.count where moment.settled.flags[tile] != 0 && !refused.contains(tile) {
        let all = pixels(of: tile)
        if replaced.contains(tile) { memories.append((tile, owners(tile), all.map { cleared[$0.index] })) }
        for pixel in all {
          if !moment.masked.contains(x: pixel.x, y: pixel.y) {
            cleared[pixel.index] = moment.pixels[pixel.index]
            shown[pixel.index] = false
            gaps[pixel.index] = false
          } else if moment.boxes.contains(x: pixel.x, y: pixel.y) {
            cleared[pixel.index] = nil
          }
        }
      }
      return refused
    }

    func refuse(_ open: [Int: [Int]], _ moment: Moment) -> Set<Int> {
      var refused: Set<Int> = []
      var rest = Set(open.keys)
      while let start = rest.popFirst() {
        var group: Set<Int> = [start]
        while let next = rest.first(where: { tile in group.contains { Naive.distance(tile, $0) <= 1 } }) {
          rest.remove(next)
          group.insert(next)
        }
        let rects = group.map { grid.rect(column: $0 % grid.columns, row: $0 / grid.columns) }
        let area = Rect(
          minX: rects.map(\.x).min()!, minY: rects.map(\.y).min()!, maxX: rects.map(\.maxX).max()!,
          maxY: rects.map(\.maxY).max()!
        ).padded(by: 1).intersection(bounds)
        var (before, after, valid): ([Pixel], [Pixel], [UInt8]) = ([], [], [])
        for y in area.y..<area.maxY {
          for x in area.x..<area.maxX {
            let index = y * width + x
            let isValid = cleared[index] != nil && !moment.masked.contains(x: x, y: y)
            before.append(isValid ? cleared[index]! : 0)
            after.append(isValid ? moment.pixels[index] : 0)
            valid.append(isValid ? 1 : 0)
          }
        }
        let isKnown = group.allSatisfy { open[$0]!.allSatisfy { cleared[$0] != nil } }
        let controls = moment.claims.list.filter { $0.role.isControl }.map(\.rect)
        let change = LookChange(bounds: area, before: before, after: after, valid: valid)
        if !isKnown || !change.isLook(in: controls.filter { $0.intersects(area) }) {
          refused.formUnion(group)
        }
      }
      return refused
    }

    static func distance(_ a: Int, _ b: Int) -> Int {
      max(abs(a % grid.columns - b % grid.columns), abs(a / grid.columns - b / grid.columns))
    }

    func hulls(_ tiles: Set<Int>) -> Set<Int> {
      var rects: [Rect] = []
      var rest = tiles
      while let start = rest.popFirst() {
        var group: Set<Int> = [start]
        while let next = rest.first(where: { tile in group.contains { Naive.distance(tile, $0) <= 2 } }) {
          rest.remove(next)
          group.insert(next)
        }
        let (columns, rows) = (group.map { $0 % grid.columns }, group.map { $0 / grid.columns })
        rects.append(
          Rect(minX: columns.min()!, minY: rows.min()!, maxX: columns.max()! + 1, maxY: rows.max()! + 1))
      }
      while true {
        var pair: (Int, Int)?
        for a in rects.indices {
          for b in rects.indices where a < b && rects[a].padded(by: 1).intersects(rects[b]) { pair = (a, b) }
        }
        guard let (a, b) = pair else { break }
        let (one, other) = (rects[a], rects[b])
        rects.remove(at: b)
        rects[a] = Rect(
          minX: min(one.x, other.x), minY: min(one.y, other.y), maxX: max(one.maxX, other.maxX),
          maxY: max(one.maxY, other.maxY))
      }
      return Set(
        rects.flatMap { rect in
          (rect.y..<rect.maxY).flatMap { y in (rect.x..<rect.maxX).map { y * grid.columns + $0 } }
        })
    }
  }

  static let roles = ["push button", "label", "panel", "document web", "scroll bar"].map(Role.required)

  static func claims(_ random: inout SeededGenerator) -> Claims {
    var claims = Claims()
    claims.padding = 2
    for index in 0..<Int.random(in: 0...6, using: &random) {
      let role = roles.randomElement(using: &random)!
      let rect = Rect(
        x: .random(in: -5..<70, using: &random), y: .random(in: -5..<45, using: &random),
        width: .random(in: 4...60, using: &random), height: .random(in: 4...40, using: &random)
      ).intersection(bounds)
      if rect.isEmpty { continue }
      let treatment: Claims.Treatment =
        role.nature == .container || role.nature == .decoration
        ? .gap : [.masked, .shown, .shown, .trusted].randomElement(using: &random)!
      claims.list.append(
        Claims.Claim(
          rect: rect, role: role, treatment: treatment,
          look: treatment == .masked ? 0 : .random(in: 0...1, using: &random),
          parent: claims.list.isEmpty ? -1 : .random(in: -1..<claims.list.count, using: &random)))
      _ = index
    }
    return claims
  }

  @Test(arguments: 0..<40 as Range<UInt64>) func agreesWithANaiveOne(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var (changes, naive) = (ExplainedChanges(Self.grid), Naive())
    var pictures = [[Pixel](repeating: 0x808080, count: Self.width * Self.height)]
    var claims = Self.claims(&random)
    var last: (Frame, Region)?
    for step in 0..<14 {
      var pixels = pictures.randomElement(using: &random)!
      for _ in 0..<Int.random(in: 0...2, using: &random) {
        let rect = Rect(
          x: .random(in: 0..<80, using: &random), y: .random(in: 0..<50, using: &random),
          width: .random(in: 1...40, using: &random), height: .random(in: 1...30, using: &random)
        ).intersection(Self.bounds)
        let colour = Pixel.random(in: 0...3, using: &random) * 0x404040
        for y in rect.y..<rect.maxY { for x in rect.x..<rect.maxX { pixels[y * Self.width + x] = colour } }
      }
      pictures.append(pixels)
      if Int.random(in: 0..<3, using: &random) == 0 {
        claims = Self.claims(&random)
      } else if !claims.list.isEmpty, Bool.random(using: &random) {
        let index = Int.random(in: 0..<claims.list.count, using: &random)
        if claims.list[index].treatment != .masked { claims.list[index].look ^= 1 }
      }
      let boxes = Region(
        union: claims.list.filter { $0.treatment == .masked }.map {
          $0.rect.padded(by: 2).intersection(Self.bounds)
        })
      let more = Region(
        Bool.random(using: &random)
          ? Rect(x: 0, y: 0, width: 0, height: 0) : Rect(x: 30, y: 10, width: 30, height: 9))
      var settled = TileSet(Self.grid, full: true)
      for tile in 0..<Self.grid.count where Int.random(in: 0..<6, using: &random) == 0 {
        settled[tile % Self.grid.columns, tile / Self.grid.columns] = false
      }
      let moment = Moment(
        pixels: pixels, claims: claims, masked: boxes.union(more), boxes: boxes, settled: settled,
        time: Int64(step))
      let frame = Frame(width: Self.width, height: Self.height, pixels: pixels)
      if let last { changes.note(0..<Self.grid.count, of: last.0, masked: last.1) }
      last = (frame, moment.masked)
      let refused = changes.judge(
        frame, claims: claims, boxes: boxes, masked: moment.masked, settled: settled, at: moment.time)
      let found = Set(refused.flags.indices.filter { refused.flags[$0] != 0 })
      #expect(found == naive.judge(moment), "step \(step)")
    }
  }
}
