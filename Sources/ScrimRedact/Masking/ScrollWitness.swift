import ScrimImage

/// Checks whether controls moved to where their boxes say: the boxes of a busy page that scrolls in its
/// compositor belong to another moment, although some of them moved.
///
/// A shown control whose pixels were cleared is a witness. If its pixels are found elsewhere, where
/// something else was before, and not at its box, the boxes are wrong; they are also wrong if the tree
/// reports that three or more moved by the same displacement and none of them did. Then no change in that
/// window is explained, until its witnesses agree with the tree. Only pixels outside masks are read.
struct ScrollWitness {
  /// By id: a control's box and its window's box when its pixels were last cleared.
  private var cleared: [UInt64: (rect: Rect, window: Rect?)] = [:]
  /// Windows with wrong boxes, by the window system's number, and the places that were wrong, relative to the window: a window
  /// that moves or is hidden for a while remains distrusted.
  private var liars: [Int: Claims] = [:]

  /// Maximum number of witnesses per window.
  static let limit = 12
  /// Minimum number of controls with the same displacement for the rule that none of them moved.
  static let quorum = 3
  /// Pixels: smaller controls have too little content to be recognised.
  static let smallest = (width: 12, height: 10)
  /// Minimum number of colour changes in the row by which a control is recognised.
  static let leastSteps = 4

  /// The earlier and the current picture of a part of the screen.
  struct View {
    var bounds: Rect
    var before: [Pixel]
    var after: [Pixel]
    /// 1 where both are known and unmasked.
    var valid: [UInt8]
    /// 1 where `after` is unmasked, even if the earlier content is unknown.
    var open: [UInt8]
  }

  /// Notes the positions of controls whose current pixels are cleared.
  mutating func note(_ claims: Claims, isCleared: (Rect) -> Bool) {
    var now: [UInt64: (rect: Rect, window: Rect?)] = [:]
    for claim in claims.list where claim.isWitness {
      if isCleared(claim.rect) {
        now[claim.id] = (claim.rect, claim.window < 0 ? nil : claims.windows[claim.window].rect)
      } else if let old = cleared[claim.id] {
        now[claim.id] = old
      }
    }
    cleared = now
  }

  /// The area of windows whose witnesses contradict their boxes.
  ///
  /// - Parameters:
  ///   - hasChanged: whether a rectangle differs from its cleared content.
  ///   - view: returns the pictures of a rectangle.
  mutating func distrusted(
    _ claims: Claims, hasChanged: (Rect) -> Bool, view: (Rect) -> View
  ) -> [Int] {
    var testimonies: [Int: Testimony] = [:]
    for claim in claims.list where claim.isWitness {
      guard let (old, oldArea) = cleared[claim.id], old.width == claim.rect.width,
        old.height == claim.rect.height, testimonies[claim.window]?.count ?? 0 < ScrollWitness.limit,
        hasChanged(old)
      else { continue }
      let way = Way(x: claim.rect.x - old.x, y: claim.rect.y - old.y)
      let area = claim.window < 0 ? nil : claims.windows[claim.window].rect
      // It moved with its window, as the window system reports.
      if let area, let oldArea, way != Way(x: 0, y: 0),
        way == Way(x: area.x - oldArea.x, y: area.y - oldArea.y)
      {
        continue
      }
      testimonies[claim.window, default: Testimony()].add(
        ScrollWitness.hear(old, way, in: area, view: view), way)
    }
    var present: [Int] = []
    for window in Set(testimonies.keys).union(-1..<claims.windows.count) {
      let key = window < 0 ? -1 : claims.windows[window].xid ?? -2 - window
      let testimony = testimonies[window] ?? Testimony()
      guard testimony.isLie || liars[key] != nil else { continue }
      let places = window < 0 ? claims : claims.relative(to: window, isOfPlaces: true)
      if testimony.isLie {
        liars[key] = places
      } else if testimony.fits > 0 || liars[key] != places {
        // Without contradiction it is trusted again once its widgets are at other places.
        liars[key] = nil
      }
      if liars[key] != nil { present.append(window) }
    }
    if liars.count > WindowDoubts.limit {
      liars = liars.filter { key, _ in claims.windows.contains { $0.xid == key } }
    }
    return present.sorted()
  }

  private struct Way: Hashable {
    var x: Int
    var y: Int
  }

  private enum Answer {
    case fits
    case isElsewhere(Way)
    case isNowhere
    case knowsNothing
  }

  private struct Testimony {
    private(set) var fits = 0
    private(set) var count = 0
    private var elsewhere: [Way: Int] = [:]
    private var nowhere: [Way: Int] = [:]

    mutating func add(_ answer: Answer, _ expected: Way) {
      switch answer {
      case .knowsNothing: return
      case .fits: fits += 1
      case .isElsewhere(let way): elsewhere[way, default: 0] += 1
      case .isNowhere where expected != Way(x: 0, y: 0): nowhere[expected, default: 0] += 1
      case .isNowhere: break
      }
      count += 1
    }

    var isLie: Bool {
      let found = elsewhere.values.max() ?? 0
      if found > fits, found >= 2 || count <= 2 { return true }
      let moved = (nowhere.values.max() ?? 0) + elsewhere.values.reduce(0, +)
      return fits == 0 && moved >= ScrollWitness.quorum
    }
  }

  /// Searches a control's earlier pixels: at its box, otherwise above, below and beside its old position.
  private static func hear(_ old: Rect, _ way: Way, in area: Rect?, view: (Rect) -> View) -> Answer {
    let bounds = area ?? Rect(x: 0, y: 0, width: PictureLimits.side, height: PictureLimits.side)
    let column = view(Rect(minX: old.x, minY: bounds.y, maxX: old.maxX, maxY: bounds.maxY))
    guard let sample = Sample(old, in: column) else { return .knowsNothing }
    let target = Rect(x: old.x + way.x, y: old.y + way.y, width: old.width, height: old.height)
    switch sample.resembles(view(target), at: target) {
    case true: return .fits
    case nil: return .knowsNothing
    default: break
    }
    for y in column.bounds.y..<max(column.bounds.maxY - old.height + 1, column.bounds.y) where y != old.y {
      let place = Rect(x: old.x, y: y, width: old.width, height: old.height)
      if sample.appeared(in: column, at: place) { return .isElsewhere(Way(x: 0, y: y - old.y)) }
    }
    let row = view(Rect(minX: bounds.x, minY: old.y, maxX: bounds.maxX, maxY: old.maxY))
    for x in row.bounds.x..<max(row.bounds.maxX - old.width + 1, row.bounds.x) where x != old.x {
      let place = Rect(x: x, y: old.y, width: old.width, height: old.height)
      if sample.appeared(in: row, at: place) { return .isElsewhere(Way(x: x - old.x, y: 0)) }
    }
    return .isNowhere
  }

  /// The earlier pixels of a control.
  private struct Sample {
    private let size: Rect
    private var pixels: [Pixel]
    private var valid: [UInt8]
    /// The row with the most colour changes.
    private var key = 0

    init?(_ rect: Rect, in view: View) {
      size = rect
      pixels = []
      valid = []
      guard view.bounds.intersection(rect) == rect else { return nil }
      var most = 0
      for y in rect.y..<rect.maxY {
        let start = (y - view.bounds.y) * view.bounds.width + rect.x - view.bounds.x
        var steps = 0
        for index in start..<start + rect.width {
          pixels.append(view.before[index])
          valid.append(view.valid[index])
          if index > start, view.valid[index] & view.valid[index - 1] != 0,
            view.before[index] != view.before[index - 1]
          {
            steps += 1
          }
        }
        if steps > most { (most, key) = (steps, y - rect.y) }
      }
      guard most >= ScrollWitness.leastSteps, 2 * valid.reduce(0, { $0 + Int($1) }) >= rect.area else {
        return nil
      }
    }

    /// Whether it is now at a position, possibly in other colours; nil if that is masked or outside the
    /// picture.
    ///
    /// Letters are where neighbouring pixels differ. Nearly all of those must match, and nearly none of the
    /// others.
    func resembles(_ view: View, at place: Rect) -> Bool? {
      guard view.bounds.intersection(place) == place else { return nil }
      var (edges, keptEdges, plain, newEdges) = (0, 0, 0, 0)
      for y in 0..<size.height {
        let start = (place.y + y - view.bounds.y) * view.bounds.width + place.x - view.bounds.x
        for x in 1..<size.width {
          let index = y * size.width + x
          guard valid[index] & valid[index - 1] & view.open[start + x] & view.open[start + x - 1] != 0 else {
            continue
          }
          let isEdge = view.after[start + x] != view.after[start + x - 1]
          if pixels[index] != pixels[index - 1] {
            edges += 1
            keptEdges += isEdge ? 1 : 0
          } else {
            plain += 1
            newEdges += isEdge ? 1 : 0
          }
        }
      }
      guard edges >= ScrollWitness.leastSteps, 2 * (edges + plain) >= size.area - size.height else {
        return nil
      }
      return 10 * keptEdges >= 8 * edges && 20 * newEdges <= plain
    }

    /// Whether it is now at a position, pixel by pixel; nil if that is masked or outside the picture.
    func matches(_ view: View, at place: Rect) -> Bool? {
      guard view.bounds.intersection(place) == place else { return nil }
      var compared = 0
      for y in 0..<size.height {
        let start = (place.y + y - view.bounds.y) * view.bounds.width + place.x - view.bounds.x
        for x in 0..<size.width where valid[y * size.width + x] & view.open[start + x] != 0 {
          if view.after[start + x] != pixels[y * size.width + x] { return false }
          compared += 1
        }
      }
      return 2 * compared >= size.area ? true : nil
    }

    /// Whether it is now at a position where something else was.
    func appeared(in view: View, at place: Rect) -> Bool {
      let start = (place.y + key - view.bounds.y) * view.bounds.width + place.x - view.bounds.x
      var differed = false
      for x in 0..<size.width where valid[key * size.width + x] & view.open[start + x] != 0 {
        let wanted = pixels[key * size.width + x]
        if view.after[start + x] != wanted { return false }
        if view.valid[start + x] == 0 || view.before[start + x] != wanted { differed = true }
      }
      return differed && matches(view, at: place) == true
    }
  }
}

extension Claims.Claim {
  /// Whether its pixels suffice to recognise it.
  fileprivate var isWitness: Bool {
    treatment == .shown && id != 0 && rect.width >= ScrollWitness.smallest.width
      && rect.height >= ScrollWitness.smallest.height
  }
}
