import ScrimRedact

/// Properties of an application's nodes that follow from the surrounding nodes, not from the nodes
/// themselves.
enum NodeTraits {
  /// For each node, whether it is a scroll bar whose scroller lists nothing else: the scroller's content is
  /// then unknown.
  static func loneScrollBars(of nodes: [AccessibleNode]) -> [Bool] {
    let filled = Set(nodes.lazy.filter { $0.role != "scroll bar" }.compactMap(\.parent))
    return nodes.map { node in
      guard node.role == "scroll bar", let parent = node.parent else { return false }
      return nodes[parent].role == "scroll pane" && !filled.contains(parent)
    }
  }

  /// Nodes that list a root pane which doesn't lie in them: one toolkit embeds another there, whose boxes are
  /// displaced. LibreOffice counts them from the window's corner until the window is moved.
  static func displacedRoots(of nodes: [AccessibleNode]) -> Set<Int> {
    let slack = 2
    var found: Set<Int> = []
    for node in nodes where node.role == "root pane" {
      guard let parent = node.parent, let box = node.box, let around = nodes[parent].box else { continue }
      let isInside =
        box.x >= around.x - slack && box.y >= around.y - slack
        && box.x + box.width <= around.x + around.width + slack
        && box.y + box.height <= around.y + around.height + slack
      if !isInside { found.insert(parent) }
    }
    return found
  }

  /// For each node, whether it is a tab named after a document: in a row of which a window's title repeats
  /// a name, or in a browser's own interface, outside of the page.
  static func documentTabs(
    of nodes: [AccessibleNode], isBrowser: Bool, titles: [String]
  ) -> [Bool] {
    var isInDocument = [Bool](repeating: false, count: nodes.count)
    var rows: Set<Int> = []
    for (index, node) in nodes.enumerated() {
      isInDocument[index] = node.role == "document web" || node.parent.map { isInDocument[$0] } ?? false
      guard node.role == "page tab", let row = node.parent else { continue }
      let isRepeated = node.name.count >= 3 && titles.contains { $0.contains(node.name) }
      if isRepeated || isBrowser && !isInDocument[index] { rows.insert(row) }
    }
    return nodes.map { $0.role == "page tab" && $0.parent.map(rows.contains) ?? false }
  }

  /// GTK 4 lists popovers among their owner's widgets, with boxes relative to themselves, so their content
  /// lies elsewhere. Under X11 each is a window of its own, of about its size; it extends beyond the box of
  /// its parent node, or its position is unknown.
  ///
  /// - Parameters:
  ///   - popups: windows of the process that no window manager manages.
  ///   - areListed: whether the window system lists such windows; Wayland compositors don't.
  static func popovers(
    of nodes: [AccessibleNode], popups: [Window], areListed: Bool
  ) -> [Int] {
    var found: [Int] = []
    for (index, node) in nodes.enumerated() {
      guard let box = node.box, let parent = node.parent, let around = nodes[parent].box,
        !["scroll pane", "viewport"].contains(nodes[parent].role)
      else { continue }
      let isWindow = popups.contains {
        abs($0.width - Double(box.width)) <= 64 && abs($0.height - Double(box.height)) <= 64
      }
      let isBeyond =
        box.x < around.x - 2 || box.y < around.y - 2 || box.x + box.width > around.x + around.width + 2
        || box.y + box.height > around.y + around.height + 2
      guard isBeyond && (!areListed || isWindow) || isWindow && box.x == around.x && box.y == around.y
      else { continue }
      found.append(index)
    }
    return found
  }

  static func isContainer(_ role: String) -> Bool {
    switch Role(named: role)?.nature {
    case .container, .decoration: true
    default: false
    }
  }

  static func touch(_ a: AccessibleNode.Box, _ b: AccessibleNode.Box) -> Bool {
    a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
  }
}
