import ScrimImage

/// The pixels whose change the trees explain: widgets that moved, appeared, disappeared or changed their
/// look between two snapshots.
///
/// A pixel of a shown widget is explained by that widget, by a widget that moved away from above it, or by
/// a window; never by a neighbour or by the surrounding container. A pixel that only containers claim is
/// also explained by its container and by changes in it, because the guard judges its content anyway.
struct ChangeEvidence: Equatable {
  /// Explained pixels of shown widgets.
  private(set) var shown = Region()
  /// Explained pixels that only containers claim; includes all of ``shown``.
  private(set) var gaps = Region()

  /// Distance in pixels to which a widget's look may extend: focus rings, shadows; GTK 4's boxes of buttons
  /// are those of their letters.
  static let halo = 16

  /// States of a container that change its look; `busy` doesn't.
  static let containerStates: Set<String> = [
    "active", "checked", "expanded", "focused", "insensitive", "pressed", "selected",
  ]

  init() {}

  /// Explains everything, for a picture of which nothing was shown yet.
  init(all bounds: Rect) {
    shown = Region(bounds)
    gaps = shown
  }

  /// The evidence that explains the change from one snapshot's screen to another's.
  init(from old: Claims, to new: Claims, in bounds: Rect) {
    if old == new { return }
    let difference = ClaimDifference(from: old, to: new)
    let (before, after) = (old.visibleParts(), new.visibleParts())
    var (shownBefore, shownAfter): ([(rect: Rect, window: Int)], [(rect: Rect, window: Int)]) = ([], [])
    var (gapsBefore, gapsAfter): ([(rect: Rect, window: Int)], [(rect: Rect, window: Int)]) = ([], [])
    for claim in difference.appeared {
      switch claim.treatment {
      case .shown, .trusted: shownAfter.append((claim.rect, claim.window))
      case .gap, .masked: break
      }
      gapsAfter.append((claim.rect.padded(by: ChangeEvidence.halo), claim.window))
      gapsAfter += new.surroundings(of: claim)
    }
    for claim in difference.vanished {
      let rect = claim.treatment == .gap ? claim.rect : claim.rect.padded(by: old.padding)
      if claim.treatment != .gap { shownBefore.append((rect, claim.window)) }
      gapsBefore.append((rect.padded(by: ChangeEvidence.halo), claim.window))
      gapsBefore += old.surroundings(of: claim)
    }
    for claim in difference.looks {
      if claim.treatment != .gap { shownAfter.append((claim.rect, claim.window)) }
      gapsAfter.append((claim.rect.padded(by: ChangeEvidence.halo), claim.window))
    }
    let windows = WindowDifference(from: old, to: new, before, after).region
    shown = Claims.region(shownBefore, before).union(Claims.region(shownAfter, after))
      .union(difference.exposed(before)).union(windows).intersection(Region(bounds))
    gaps = Claims.region(gapsBefore, before).union(Claims.region(gapsAfter, after))
      .intersection(Region(bounds)).union(shown)
  }

  /// The pixels where the boxes of two snapshots differ: masked boxes too, with the padding of their masks.
  static func restated(from old: Claims, to new: Claims) -> Region {
    if old == new { return Region() }
    let difference = ClaimDifference(from: old, to: new)
    let rects = (difference.appeared + difference.vanished).map {
      $0.rect.padded(by: max(old.padding, new.padding))
    }
    return Region(union: rects).union(
      WindowDifference(from: old, to: new, old.visibleParts(), new.visibleParts()).region)
  }

  var isEmpty: Bool { gaps.isEmpty }

  mutating func formUnion(_ other: ChangeEvidence) {
    if other.isEmpty { return }
    shown = shown.union(other.shown)
    gaps = gaps.union(other.gaps)
  }

  /// Removes the pixels that are now shown: a further change needs new evidence.
  mutating func subtract(_ settled: Region) {
    if isEmpty { return }
    shown = shown.subtracting(settled)
    gaps = gaps.subtracting(settled)
  }

  /// All pixels that are explained.
  ///
  /// - Parameter owned: pixels of shown widgets.
  func explained(owned: Region) -> Region { gaps.subtracting(owned).union(shown) }
}

/// The difference of two lists of claims. A widget is the same if its id, box, role and treatment are; a
/// widget without an id that is recreated with the same look is unchanged.
private struct ClaimDifference {
  private(set) var appeared: [Claims.Claim] = []
  private(set) var vanished: [Claims.Claim] = []
  /// Widgets at the same place with another look.
  private(set) var looks: [Claims.Claim] = []

  private struct Place: Hashable {
    var rect: Rect
    var role: Role
    var treatment: Claims.Treatment
    var id: UInt64

    init(_ claim: Claims.Claim) {
      (rect, role, treatment, id) = (claim.rect, claim.role, claim.treatment, claim.id)
    }
  }

  init(from old: Claims, to new: Claims) {
    var waiting: [Place: [Int]] = [:]
    for (index, claim) in old.list.enumerated().reversed() {
      waiting[Place(claim), default: []].append(index)
    }
    for claim in new.list {
      guard let index = waiting[Place(claim)]?.popLast() else {
        appeared.append(claim)
        continue
      }
      if old.list[index].look != claim.look { looks.append(claim) }
    }
    vanished = waiting.values.joined().sorted().map { old.list[$0] }
  }

  /// The area uncovered by containers that disappeared; for a container that only changed its size, the
  /// part it lost.
  func exposed(_ visible: [Region]) -> Region {
    let left = vanished.filter { $0.treatment == .gap }
    if left.isEmpty { return Region() }
    var region = Region()
    for claim in left {
      let heirs = appeared.filter {
        $0.treatment == .gap && $0.role == claim.role && $0.rect.intersects(claim.rect)
      }
      region = region.union(Region(claim.rect).subtracting(Region(union: heirs.map(\.rect))))
    }
    return region
  }
}

extension Claims {
  /// Surroundings whose look may change when a child appears or disappears: the container, and its
  /// scroller, whose bars are not widgets in some toolkits.
  fileprivate func surroundings(of claim: Claim) -> [(rect: Rect, window: Int)] {
    var found: [(rect: Rect, window: Int)] = []
    var index = claim.parent
    for depth in 0..<Claims.surroundingDepth {
      guard index >= 0 else { break }
      let container = list[index]
      if container.treatment == .gap, depth == 0 || container.role.isScroller {
        found.append((container.rect, container.window))
      }
      index = container.parent
    }
    return found
  }

  private static let surroundingDepth = 4
}

extension Role {
  private static let scrollers: Set<Role> = Set(
    ["scroll pane", "viewport", "document web"].map(Role.required))
  /// Whether it clips its content, as a page's viewport does.
  var isScroller: Bool { Role.scrollers.contains(self) }
}

/// The areas where windows appeared, disappeared, moved or changed their order.
private struct WindowDifference {
  private(set) var region = Region()

  init(from old: Claims, to new: Claims, _ before: [Region], _ after: [Region]) {
    if old.windows == new.windows { return }
    var waiting: [Claims.Outline: [Int]] = [:]
    for (index, window) in old.windows.enumerated().reversed() { waiting[window, default: []].append(index) }
    // Pairs of windows in both snapshots: their indices from below and from above.
    var kept: [(old: Int, new: Int)] = []
    for (index, window) in new.windows.enumerated() {
      if let match = waiting[window]?.popLast() {
        kept.append((match, index))
      } else {
        region = region.union(after[index])
      }
    }
    for index in waiting.values.joined() { region = region.union(before[index]) }
    for (position, upper) in kept.enumerated() {
      for lower in kept[..<position] where lower.old > upper.old {
        let shared = Region(new.windows[upper.new].rect.intersection(new.windows[lower.new].rect))
        region = region.union(shared.intersection(after[upper.new]))
      }
    }
  }
}
