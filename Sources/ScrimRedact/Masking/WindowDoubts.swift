import ScrimImage

/// Unexplained pixels by window, relative to it: a window that moves, disappears or reappears takes them along.
///
/// That a window opened or moved explains its pixels. But content that was unexplained in it remains so: a toast
/// does not become a button because its window was minimised and restored. Only a change of the window's
/// own tree, seen from the window, explains it.
struct WindowDoubts {
  /// Pixels that one state of a window's tree left unexplained.
  private struct Doubt {
    /// Relative to the window, as are the claims.
    var pixels = Region()
    /// The window's claims at that time. A later state is compared with these, not with the one before it: a
    /// tree that is empty for a moment, as a browser's is while its window is hidden, explains nothing.
    var claims: Claims
    /// The part of the plane that the picture shows.
    var shown: Rect
  }

  /// By the window system's number; oldest first.
  private var doubts: [Int: [Doubt]] = [:]
  /// Maximum number of windows that are remembered, and of states of each.
  static let limit = 256
  static let stateLimit = 8

  /// The unexplained pixels that windows brought along.
  ///
  /// - Parameters:
  ///   - claims: those of the snapshot that is judged.
  ///   - visible: the visible part of each of its windows.
  ///   - picture: boxes are clipped to it, so a window that reaches out of it has other boxes.
  func pixels(_ claims: Claims, _ visible: [Region], in picture: Rect) -> Region {
    if doubts.isEmpty { return Region() }
    var region = Region()
    for (index, window) in claims.windows.enumerated() {
      guard let xid = window.xid, let states = doubts[xid] else { continue }
      let now = claims.relative(to: index)
      let area = Rect(x: 0, y: 0, width: window.rect.width, height: window.rect.height)
      let left = states.reduce(Region()) { sum, doubt in
        let shared = doubt.shown.intersection(picture.shifted(x: -window.rect.x, y: -window.rect.y))
        let (old, new) = (doubt.claims.clipped(to: shared), now.clipped(to: shared))
        guard now.isDescribed, new != old else { return sum.union(doubt.pixels) }
        let evidence = ChangeEvidence(from: old, to: new, in: area)
        return sum.union(
          doubt.pixels.subtracting(evidence.explained(owned: new.shown(new.visibleParts()))))
      }
      region = region.union(left.shifted(x: window.rect.x, y: window.rect.y).intersection(visible[index]))
    }
    return region
  }

  /// Notes the result of a judgement.
  ///
  /// - Parameters:
  ///   - open: unexplained pixels that are not cleared.
  ///   - cleared: pixels that are.
  mutating func note(
    open: Region, cleared: Region, _ claims: Claims, _ visible: [Region], in picture: Rect
  ) {
    if open.isEmpty, doubts.isEmpty { return }
    for (index, window) in claims.windows.enumerated() {
      guard let xid = window.xid else { continue }
      let (x, y) = (-window.rect.x, -window.rect.y)
      let new = open.intersection(visible[index]).shifted(x: x, y: y)
      var states = doubts[xid] ?? []
      if new.isEmpty, states.isEmpty { continue }
      let settled = cleared.intersection(visible[index]).shifted(x: x, y: y)
      for state in states.indices { states[state].pixels = states[state].pixels.subtracting(settled) }
      if !new.isEmpty {
        let now = claims.relative(to: index)
        if let last = states.indices.last,
          states[last].claims == now || states.count == WindowDoubts.stateLimit
        {
          states[last].pixels = states[last].pixels.union(new)
        } else {
          states.append(Doubt(pixels: new, claims: now, shown: picture.shifted(x: x, y: y)))
        }
      }
      states.removeAll { $0.pixels.isEmpty }
      doubts[xid] = states.isEmpty ? nil : states
    }
    // Only windows that are gone can be so many.
    while doubts.count > WindowDoubts.limit,
      let gone = doubts.keys.filter({ xid in !claims.windows.contains { $0.xid == xid } }).min()
    {
      doubts[gone] = nil
    }
  }
}

extension Claims {
  /// The claims in one window, with that window at (0, 0).
  ///
  /// - Parameter isOfPlaces: whether the looks of widgets are left out.
  func relative(to window: Int, isOfPlaces: Bool = false) -> Claims {
    var part = Claims()
    let origin = windows[window].rect
    var slots: [Int: Int] = [:]
    for (index, claim) in list.enumerated() where claim.window == window {
      var moved = claim
      moved.rect = claim.rect.shifted(x: -origin.x, y: -origin.y)
      moved.parent = slots[claim.parent] ?? -1
      moved.window = 0
      if isOfPlaces { moved.look = 0 }
      slots[index] = part.list.count
      part.list.append(moved)
    }
    let area = Rect(x: 0, y: 0, width: origin.width, height: origin.height)
    part.windows = [Outline(xid: windows[window].xid, rect: area, isDescribed: true)]
    part.padding = padding
    return part
  }

  /// The same claims with their boxes clipped; those outside are empty.
  fileprivate func clipped(to area: Rect) -> Claims {
    var part = self
    for index in part.list.indices {
      let rect = part.list[index].rect.intersection(area)
      part.list[index].rect = rect.isEmpty ? Rect(x: 0, y: 0, width: 0, height: 0) : rect
    }
    return part
  }

  /// Whether a tree describes more of a window than that it is masked completely.
  fileprivate var isDescribed: Bool { list.contains { $0.treatment != .masked } }
}

extension Region {
  /// The same set at another place.
  fileprivate func shifted(x: Int, y: Int) -> Region { Region(union: rects.map { $0.shifted(x: x, y: y) }) }
}

extension Rect {
  fileprivate func shifted(x dx: Int, y dy: Int) -> Rect {
    Rect(x: x + dx, y: y + dy, width: width, height: height)
  }
}
