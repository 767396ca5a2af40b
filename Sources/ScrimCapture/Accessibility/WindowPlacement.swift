import ScrimRedact

/// Finds the window to which the boxes of a top-level node belong: one of its own process with its position
/// and size.
///
/// A node matches a window if each edge of its box lies on an edge of the window's client area, of its
/// frame, or of its content without the shadow; if all edges agree after scaling (logical pixels); or, for
/// boxes relative to a window, if its size agrees. A match except for a bar along one side is accepted once
/// a second snapshot of the same window agrees: if the tree was merely older than its window, it differs by
/// then.
struct WindowPlacement {
  /// Transform from boxes of a window to pixels: `box × scale + offset`.
  struct Placement: Equatable {
    var window: Int
    var scale: Double
    var x: Double
    var y: Double
  }

  /// A box that matches a window except for a bar along one side.
  struct Misfit: Hashable, Sendable {
    var window: DesktopWindow
    var box: AccessibleNode.Box
  }

  /// Result for the windows and top-level nodes of one application.
  struct Outcome {
    /// Placement of each node; nil if it is not a window, or its placement is unknown.
    var placements: [Placement?]
    /// Whether a node belongs to a window that is not on the screen.
    var isHidden: [Bool]
    /// Windows that several nodes match, or whose node matches another window as well.
    var ambiguous: Set<Int> = []
  }

  let windows: [DesktopWindow]
  let isRelative: Bool
  /// Whether a scaled match is trusted: browsers mix scaled and unscaled boxes.
  let canBeScaled: Bool
  /// Matches except for a bar in the previous snapshot.
  let knownMisfits: Set<Misfit>
  private(set) var misfits: Set<Misfit> = []

  init(windows: [DesktopWindow], isRelative: Bool, canBeScaled: Bool, knownMisfits: Set<Misfit>) {
    self.windows = windows
    self.isRelative = isRelative
    self.canBeScaled = canBeScaled
    self.knownMisfits = knownMisfits
  }

  /// Places the top-level nodes of an application.
  ///
  /// - Parameter own: the windows of its process, on the screen or not.
  mutating func place(_ tops: [AccessibleNode], among own: [Int]) -> Outcome {
    var fits: [[Placement]] = []
    for top in tops { fits.append(top.box.map { box in own.compactMap { fit(box, $0) } } ?? []) }
    var outcome = Outcome(
      placements: tops.map { _ in nil }, isHidden: tops.map { _ in false })
    let visible = own.filter { windows[$0].isVisible }
    for window in visible {
      let fitting = tops.indices.filter { index in fits[index].contains { $0.window == window } }
      // A popup may have the shape of its window, and would match after scaling.
      let unscaled = fitting.filter { index in fits[index].contains { $0.window == window && $0.scale == 1 } }
      let candidates = unscaled.isEmpty ? fitting : unscaled
      guard !candidates.isEmpty else { continue }
      let chosen = candidates.filter { isFor($0, window, candidates, tops, fits, own) }
      if chosen.count == 1, let placement = fits[chosen[0]].first(where: { $0.window == window }) {
        outcome.placements[chosen[0]] = placement
      } else {
        outcome.ambiguous.insert(window)
      }
    }
    let hidden = own.filter { !windows[$0].isVisible }
    for index in tops.indices where outcome.placements[index] == nil {
      outcome.isHidden[index] = hidden.contains { window in
        fits[index].contains { $0.window == window }
          || !tops[index].name.isEmpty && tops[index].name == windows[window].title
      }
    }
    return outcome
  }

  /// Whether a node that matches a window belongs to it: there is no alternative, or the title agrees.
  private func isFor(
    _ top: Int, _ window: Int, _ candidates: [Int], _ tops: [AccessibleNode], _ fits: [[Placement]],
    _ own: [Int]
  ) -> Bool {
    let hidesWindows = own.contains { !windows[$0].isVisible && windows[$0].window.isManaged }
    let isOnly = candidates.count == 1 && fits[top].count == 1
    // An application with windows that are not on the screen may report one of those.
    if isOnly, !hidesWindows || !windows[window].window.isManaged { return true }
    let named = WindowPlacement.named(candidates.map { ($0, tops[$0].name) }, windows[window].title)
    let titled = WindowPlacement.named(
      fits[top].map { ($0.window, windows[$0.window].title) }, tops[top].name)
    return named == [top] && titled == [window]
  }

  /// Windows of that name; if there is none, those for which one name is a prefix of the other, since some
  /// toolkits append the program's name.
  private static func named(_ all: [(Int, String)], _ name: String) -> [Int] {
    guard !name.isEmpty else { return [] }
    let same = all.filter { $0.1 == name }
    if !same.isEmpty { return same.map(\.0) }
    return all.filter { $0.1.count >= 3 && (name.hasPrefix($0.1) || $0.1.hasPrefix(name)) }.map(\.0)
  }

  /// The placement of a box in a window; nil if it doesn't match.
  mutating func fit(_ box: AccessibleNode.Box, _ window: Int) -> Placement? {
    if isRelative { return relative(box, window) }
    if let placement = exact(box, window) { return placement }
    guard lacksABar(box, window) else { return nil }
    let misfit = Misfit(window: windows[window], box: box)
    misfits.insert(misfit)
    return knownMisfits.contains(misfit) ? Placement(window: window, scale: 1, x: 0, y: 0) : nil
  }

  // MARK: Boxes relative to the screen

  /// Tolerance of an edge in pixels, for rounding and for a frame's line.
  private static let slack = 2.0

  private func exact(_ box: AccessibleNode.Box, _ window: Int) -> Placement? {
    let edges = WindowPlacement.edges(of: box)
    let outlines = outlines(window)
    let isOnLines = (0..<4).allSatisfy { side in
      outlines.contains { abs(edges[side] - $0[side]) <= WindowPlacement.slack }
    }
    if isOnLines { return Placement(window: window, scale: 1, x: 0, y: 0) }
    for outline in outlines {
      for scale in scales(of: box, outline) {
        let isRight = zip(edges, outline).allSatisfy {
          abs($0 * scale - $1) <= WindowPlacement.slack * max(scale, 1)
        }
        if isRight { return Placement(window: window, scale: scale, x: 0, y: 0) }
      }
    }
    return nil
  }

  /// Whether three edges match the window and the fourth is off by at most a quarter of that length.
  private func lacksABar(_ box: AccessibleNode.Box, _ window: Int) -> Bool {
    let edges = WindowPlacement.edges(of: box)
    let outlines = outlines(window)
    let off = (0..<4).filter { side in
      !outlines.contains { abs(edges[side] - $0[side]) <= WindowPlacement.slack }
    }
    guard off.count == 1, let side = off.first else { return false }
    let client = outlines[0]
    let length = side % 2 == 0 ? client[2] - client[0] : client[3] - client[1]
    return abs(edges[side] - client[side]) <= length / 4
  }

  private static func edges(of box: AccessibleNode.Box) -> [Double] {
    [box.x, box.y, box.x + box.width, box.y + box.height].map { Double($0) }
  }

  /// The outlines that toolkits report for a window: left, top, right, bottom in pixels. The client area is
  /// the first.
  private func outlines(_ index: Int) -> [[Double]] {
    let window = windows[index].window
    let client = [window.x, window.y, window.x + window.width, window.y + window.height]
    var outlines = [client]
    for frame in [window.frameExtents, windows[index].claimedFrame].compactMap(\.self) {
      outlines.append([
        client[0] - Double(frame.left), client[1] - Double(frame.top), client[2] + Double(frame.right),
        client[3] + Double(frame.bottom),
      ])
    }
    if let shadow = window.shadowExtents {
      outlines.append([
        client[0] + Double(shadow.left), client[1] + Double(shadow.top), client[2] - Double(shadow.right),
        client[3] - Double(shadow.bottom),
      ])
    }
    return outlines
  }

  /// The scales to try: 1, and the one that makes the widths agree.
  private func scales(of box: AccessibleNode.Box, _ outline: [Double]) -> [Double] {
    let ratio = ((outline[2] - outline[0]) / Double(box.width) * 4).rounded() / 4
    return canBeScaled && (1.25...4).contains(ratio) ? [1, ratio] : [1]
  }

  // MARK: Boxes that are relative to their window

  private func relative(_ box: AccessibleNode.Box, _ index: Int) -> Placement? {
    let window = windows[index].window
    for outline in outlines(index) {
      for scale in scales(of: box, outline) {
        // GTK 4 reports the size of a window's content, without the border that its style draws on every
        // side.
        let borderX = (outline[2] - outline[0] - Double(box.width) * scale) / 2
        let borderY = (outline[3] - outline[1] - Double(box.height) * scale) / 2
        let limit = window.shadowExtents == nil ? 32.0 : 8.0
        guard (-1...limit).contains(borderX), (-1...limit).contains(borderY), abs(borderX - borderY) <= 2
        else {
          continue
        }
        return Placement(
          window: index, scale: scale, x: (outline[0] + borderX).rounded(.down) - Double(box.x) * scale,
          y: (outline[1] + borderY).rounded(.down) - Double(box.y) * scale)
      }
    }
    return nil
  }

  /// Everything that a window can show: left, top, right, bottom.
  static func outline(of window: Window) -> [Double] {
    let frame = window.frameExtents ?? Window.Extents(left: 0, right: 0, top: 0, bottom: 0)
    return [
      window.x - Double(frame.left), window.y - Double(frame.top),
      window.x + window.width + Double(frame.right), window.y + window.height + Double(frame.bottom),
    ]
  }
}
