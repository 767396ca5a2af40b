import ScrimImage
import ScrimRedact

/// Puts what applications told of themselves onto the pixels of the screen.
///
/// Boxes lie in ways that can be known, for every window of an application has its box from the window system as well:
/// - A box of a top-level node that agrees with a window's client area, with its frame, or with it less its shadow, is right, and so
///   are those under it.
/// - One that agrees by a constant factor is told in logical pixels (`GDK_SCALE`, `QT_SCALE_FACTOR`): all boxes under it are
///   multiplied. Browsers mix both kinds in one tree, so theirs are not.
/// - GTK 4, and every toolkit under Wayland, tells boxes relative to the window: they are moved to the window of that process
///   and size.
/// - All else (a window that is being dragged, a tree that is older than its window) is not to be known: the window is masked whole.
///
/// A window of a hung application or one whose tree could be read in part is masked whole too. So is one that no tree describes, unless
/// a rule names it: it is listed as a widget of the role `unknown` with the id `window:…` and its title for a name.
struct DesktopAssembly {
  /// What boxes are told relative to.
  enum Origin: Sendable { case screen, window }

  let windows: [DesktopWindow]
  let origin: Origin
  private(set) var widgets: [Widget] = []
  /// Windows that a tree describes.
  private var described: Set<Int> = []
  /// Windows of which the tree can't be believed.
  private var closed: Set<Int> = []
  private var ids: Set<String> = []
  /// Of widgets that the policy may show for what they are, rather than for how they look: the window and the pixels.
  private var leaves: [(window: Int, rect: Rect)] = []

  /// How boxes of a window become pixels: `box × scale + offset`.
  struct Placement: Equatable {
    var window: Int
    var scale: Double
    var x: Double
    var y: Double
  }

  init(windows: [DesktopWindow], origin: Origin) {
    self.windows = windows
    self.origin = origin
  }

  /// The widgets of all applications and windows.
  static func widgets(
    of readings: [ApplicationReading], windows: [DesktopWindow], origin: Origin
  ) -> [Widget] {
    var assembly = DesktopAssembly(windows: windows, origin: origin)
    for (reading, prefix) in zip(readings, prefixes(of: readings)) {
      assembly.add(reading, prefix: prefix)
    }
    assembly.closeWindows()
    assembly.coverWidgets()
    return assembly.widgets
  }

  /// The names of applications, told apart where several have the same.
  private static func prefixes(of readings: [ApplicationReading]) -> [String] {
    let names = readings.map { $0.application.name.isEmpty ? "application" : $0.application.name }
    var counts: [String: Int] = [:]
    for name in names { counts[name, default: 0] += 1 }
    return zip(readings, names).map { reading, name in
      guard counts[name, default: 0] > 1 else { return name }
      return "\(name)@\(reading.application.pid.map { String($0) } ?? reading.application.root.owner)"
    }
  }

  private mutating func add(_ reading: ApplicationReading, prefix: String) {
    let own = windows.indices.filter { index in
      windows[index].pid == nil || reading.application.pid == nil
        || windows[index].pid == reading.application.pid
    }
    guard reading.outcome == .whole else {
      closed.formUnion(own.filter { windows[$0].pid != nil })
      return
    }
    // Of each node: how the window it is in lies, and its widget's id.
    var placements = [Placement?](repeating: nil, count: reading.nodes.count)
    var parents = [String?](repeating: nil, count: reading.nodes.count)
    var clips = [AccessibleNode.Box?](repeating: nil, count: reading.nodes.count)
    var isHelper = [Bool](repeating: false, count: reading.nodes.count)
    let tops = reading.nodes.indices.filter { reading.nodes[$0].parent == nil }
    let placed = place(tops.map { reading.nodes[$0] }, of: reading.application.toolkit, own)
    for (top, placement) in zip(tops, placed) { placements[top] = placement }
    described.formUnion(placed.compactMap { $0?.window })
    // Menus and tips are no windows that a Wayland compositor tells of: what lies under them is not known.
    if origin == .window, zip(tops, placed).contains(where: { reading.nodes[$0].box != nil && $1 == nil }) {
      closed.formUnion(own.filter { windows[$0].pid != nil })
    }
    // Frames that are no windows of their own lie in a window of the application.
    let home = placed.compactMap { $0 }.first
    for top in tops where placements[top] == nil {
      placements[top] = home
      isHelper[top] = true
    }
    var dropped = DesktopAssembly.loneScrollBars(of: reading.nodes)
    for (index, node) in reading.nodes.enumerated() {
      if let parent = node.parent {
        placements[index] = placements[parent]
        parents[index] = parents[parent]
        clips[index] = clips[parent]
        isHelper[index] = isHelper[parent]
        dropped[index] = dropped[index] || dropped[parent]
      }
      guard let placement = placements[index], !dropped[index] else { continue }
      guard let box = node.box else {
        if node.isTorn { closed.insert(placement.window) }
        continue
      }
      if reading.application.toolkit == .gtk4 {
        if let clip = clips[index], !DesktopAssembly.touch(clip, box) {
          dropped[index] = true
          continue
        }
        if ["scroll pane", "viewport"].contains(node.role) { clips[index] = box }
      }
      let id = id(of: node.object, prefix: prefix, application: reading.application)
      let isMarked = node.isTorn || isHelper[index] && !DesktopAssembly.isContainer(node.role)
      let left = Double(box.x) * placement.scale + placement.x
      let top = Double(box.y) * placement.scale + placement.y
      let size = (Double(box.width) * placement.scale, Double(box.height) * placement.scale)
      widgets.append(
        Widget(
          id: id, role: node.role, name: node.name, x: left, y: top, width: size.0, height: size.1,
          parent: parents[index].map { .id($0) }, states: node.states.names, text: node.hasText ? "x" : nil,
          mask: isMarked ? true : nil))
      parents[index] = id
      if !DesktopAssembly.isContainer(node.role) {
        leaves.append(
          (placement.window, DesktopAssembly.rect(left, top, left + size.0, top + size.1)))
      }
    }
  }

  /// Rounded outward.
  private static func rect(_ left: Double, _ top: Double, _ right: Double, _ bottom: Double) -> Rect {
    Rect(
      minX: Int(left.rounded(.down)), minY: Int(top.rounded(.down)), maxX: Int(right.rounded(.up)),
      maxY: Int(bottom.rounded(.up)))
  }

  /// Of each node, whether it is a scroll bar beside which its scroller lists nothing: that is then one of which nobody knows what it
  /// shows.
  private static func loneScrollBars(of nodes: [AccessibleNode]) -> [Bool] {
    let filled = Set(nodes.lazy.filter { $0.role != "scroll bar" }.compactMap(\.parent))
    return nodes.map { node in
      guard node.role == "scroll bar", let parent = node.parent else { return false }
      return nodes[parent].role == "scroll pane" && !filled.contains(parent)
    }
  }

  private static func isContainer(_ role: String) -> Bool {
    switch Role(named: role)?.nature {
    case .container, .decoration: true
    default: false
    }
  }

  private static func touch(_ a: AccessibleNode.Box, _ b: AccessibleNode.Box) -> Bool {
    a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
  }

  /// `application:last part of the path`, or the whole path where that would name two.
  private mutating func id(
    of object: BusObject, prefix: String, application: AccessibleApplication
  ) -> String {
    let tail = object.path.utf8.lastIndex(of: UInt8(ascii: "/")).map {
      String(object.path[object.path.utf8.index(after: $0)...])
    }
    var id = "\(prefix):\(tail ?? object.path)"
    if object.owner != application.root.owner || !ids.insert(id).inserted {
      id = "\(prefix):\(object.owner)\(object.path)"
      ids.insert(id)
    }
    return id
  }

  // MARK: Where a window's boxes lie

  /// How the top-level nodes of an application lie; nil for those that are no window, or of which that can't be known.
  private func place(
    _ tops: [AccessibleNode], of toolkit: AccessibleApplication.Toolkit, _ own: [Int]
  ) -> [Placement?] {
    let isRelative = origin == .window || toolkit == .gtk4
    var placed: [Placement?] = tops.map { top in
      guard let box = top.box else { return nil }
      if isRelative { return relative(box, name: top.name, own, isScaled: toolkit != .browser) }
      return own.lazy.compactMap { fit(box, $0, isScaled: toolkit != .browser) }.first
    }
    // Where boxes are relative, two windows of one size can't be current apart but by their titles.
    if isRelative {
      let counts = placed.compactMap { $0?.window }.reduce(into: [:]) { $0[$1, default: 0] += 1 }
      placed = placed.map { $0.flatMap { counts[$0.window] == 1 ? $0 : nil } }
    }
    return placed
  }

  /// The outlines that toolkits take for a window's: left, top, right, bottom in pixels.
  private func outlines(_ index: Int) -> [[Double]] {
    let window = windows[index].window
    let client = [window.x, window.y, window.x + window.width, window.y + window.height]
    var outlines = [client]
    if let frame = window.frameExtents {
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

  /// Pixels by which an edge may be off: rounding, and a frame's line.
  private static let slack = 2.0

  private func fit(_ box: AccessibleNode.Box, _ window: Int, isScaled: Bool) -> Placement? {
    let edges = [box.x, box.y, box.x + box.width, box.y + box.height].map { Double($0) }
    for outline in outlines(window) {
      for scale in scales(of: box, outline, isScaled: isScaled) {
        let isRight = zip(edges, outline).allSatisfy {
          abs($0 * scale - $1) <= DesktopAssembly.slack * max(scale, 1)
        }
        if isRight { return Placement(window: window, scale: scale, x: 0, y: 0) }
      }
    }
    return nil
  }

  /// The factors to try: none, and the one that makes the widths agree.
  private func scales(of box: AccessibleNode.Box, _ outline: [Double], isScaled: Bool) -> [Double] {
    let ratio = ((outline[2] - outline[0]) / Double(box.width) * 4).rounded() / 4
    return isScaled && (1.25...4).contains(ratio) ? [1, ratio] : [1]
  }

  /// The window of that size whose title is the node's name, or the only one of that size.
  private func relative(
    _ box: AccessibleNode.Box, name: String, _ own: [Int], isScaled: Bool
  ) -> Placement? {
    let fits = own.compactMap { relativeFit(box, $0, isScaled: isScaled) }
    if fits.count == 1 { return fits[0] }
    let named = fits.filter { windows[$0.window].title == name }
    return named.count == 1 ? named[0] : nil
  }

  private func relativeFit(_ box: AccessibleNode.Box, _ index: Int, isScaled: Bool) -> Placement? {
    let window = windows[index].window
    for outline in outlines(index) {
      for scale in scales(of: box, outline, isScaled: isScaled) {
        // GTK 4 tells the size of a window's content, without the border that its style draws around it on every side.
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

  // MARK: Windows

  private mutating func closeWindows() {
    for (index, window) in windows.enumerated() {
      let isClosed = closed.contains(index)
      guard isClosed || !described.contains(index) else { continue }
      let outline = outline(index)
      let id = "window:\(window.window.xid.map { String($0) } ?? "\(index)")"
      guard ids.insert(id).inserted else { continue }
      widgets.append(
        Widget(
          id: id, role: "unknown", name: window.title, x: outline[0], y: outline[1],
          width: outline[2] - outline[0], height: outline[3] - outline[1], mask: isClosed ? true : nil))
    }
  }

  /// All that a window can show: left, top, right, bottom.
  private func outline(_ index: Int) -> [Double] {
    outlines(index).reduce(into: [Double.infinity, .infinity, -.infinity, -.infinity]) {
      $0 = [min($0[0], $1[0]), min($0[1], $1[1]), max($0[2], $1[2]), max($0[3], $1[3])]
    }
  }

  /// Masks what a window shows over a widget of a lower one, in so far as no widget of its own, or of one above it, describes it: the
  /// policy may show the lower widget, and it would show what lies over it.
  private mutating func coverWidgets() {
    var (above, described) = (Region(), Region())
    for index in windows.indices.reversed() {
      let open = above.subtracting(described)
      let own = leaves.lazy.filter { $0.window == index }.map(\.rect)
      for part in Region(union: own).intersection(open).rects {
        widgets.append(
          Widget(
            id: "covered:\(part.x),\(part.y)", role: "unknown", x: Double(part.x), y: Double(part.y),
            width: Double(part.width), height: Double(part.height), mask: true))
      }
      let edges = outline(index)
      above = above.union(Region(DesktopAssembly.rect(edges[0], edges[1], edges[2], edges[3])))
      described = described.union(Region(union: own))
    }
  }
}
