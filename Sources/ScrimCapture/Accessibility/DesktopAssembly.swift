import ScrimImage
import ScrimRedact

/// Maps the applications' accessibility trees to the pixels of the screen.
///
/// Pixels belong to the process that drew them: a window has the tree of its own process, if a top-level
/// node matches the window's position and size (``WindowPlacement``), or none. A node that an application
/// lists for another process (an embedded plug) describes that process's window. A window that is not on
/// the screen describes nothing.
///
/// A window without a tree is listed as a widget of the role `unknown` with the id `window:…` and its title
/// as name: masked unless a rule names it. A window of a hung application, one with an incomplete tree, and
/// one that may be another window is masked whatever the policy shows.
struct DesktopAssembly {
  /// Origin of reported boxes.
  enum Origin: Sendable { case screen, window }

  typealias Placement = WindowPlacement.Placement

  /// Result of assembling one snapshot.
  struct Outcome {
    var widgets: [Widget]
    /// Every window on the screen, bottom to top.
    var records: [WindowRecord]
    /// Windows that a tree matches except for a bar: accepted if the next snapshot agrees.
    var misfits: Set<WindowPlacement.Misfit>
  }

  let windows: [DesktopWindow]
  let origin: Origin
  let knownMisfits: Set<WindowPlacement.Misfit>
  /// Process id of each connection to the bus.
  let processes: [String: Int]
  private var widgets: [Widget] = []
  /// Indices of widgets that are the list of an input, with the id of that input.
  private var lists: [(widget: Int, input: String)] = []
  /// Windows that a tree describes, with the index of their application.
  private var described: [Int: Int] = [:]
  /// Windows drawn by a browser's helper process for a window with a tree: their pixels belong to that
  /// window.
  private var merged: Set<Int> = []
  /// Windows whose tree can't be trusted, and why.
  private var closed: [Int: SourceWindow.Reason] = [:]
  /// Process ids of the applications that were read.
  private var readProcesses: Set<Int> = []
  private var nodeCounts: [Int: Int] = [:]
  private var misfits: Set<WindowPlacement.Misfit> = []
  private var ids: Set<String> = []
  /// Window and pixels of widgets that the policy may show because of their role.
  private var leaves: [(window: Int, rect: Rect)] = []
  /// Pixels that a popup of unknown position may cover.
  private var reach: [Rect] = []

  init(
    windows: [DesktopWindow], origin: Origin, processes: [String: Int],
    knownMisfits: Set<WindowPlacement.Misfit>
  ) {
    self.windows = windows
    self.origin = origin
    self.processes = processes
    self.knownMisfits = knownMisfits
  }

  /// The widgets of all applications and windows.
  static func outcome(
    of readings: [ApplicationReading], windows: [DesktopWindow], origin: Origin,
    knownMisfits: Set<WindowPlacement.Misfit> = []
  ) -> Outcome {
    var processes: [String: Int] = [:]
    for reading in readings { processes[reading.application.root.owner] = reading.application.pid }
    var assembly = DesktopAssembly(
      windows: windows, origin: origin, processes: processes, knownMisfits: knownMisfits)
    for (number, (reading, prefix)) in zip(readings, prefixes(of: readings)).enumerated() {
      assembly.add(reading, number: number, prefix: prefix)
    }
    if origin == .window { assembly.closeWhatPopupsReach() }
    for (widget, input) in assembly.lists { assembly.widgets[widget].parent = .id(input) }
    assembly.closeWindows()
    assembly.coverWidgets()
    return Outcome(
      widgets: assembly.widgets, records: assembly.records(), misfits: assembly.misfits)
  }

  /// The applications' names, made unique.
  private static func prefixes(of readings: [ApplicationReading]) -> [String] {
    let names = readings.map { $0.application.name.isEmpty ? "application" : $0.application.name }
    var counts: [String: Int] = [:]
    for name in names { counts[name, default: 0] += 1 }
    return zip(readings, names).map { reading, name in
      guard counts[name, default: 0] > 1 else { return name }
      return "\(name)@\(reading.application.pid.map { String($0) } ?? reading.application.root.owner)"
    }
  }

  private mutating func close(_ window: Int, _ reason: SourceWindow.Reason) {
    if closed[window] == nil { closed[window] = reason }
  }

  private mutating func add(_ reading: ApplicationReading, number: Int, prefix: String) {
    guard let pid = reading.application.pid else { return }
    readProcesses.insert(pid)
    let own = windows.indices.filter { windows[$0].pid == pid }
    guard reading.outcome == .whole else {
      for window in own { close(window, .unreadable) }
      return
    }
    let tops = reading.nodes.indices.filter { reading.nodes[$0].parent == nil }
    let placed = place(tops.map { reading.nodes[$0] }, of: reading.application.toolkit, own)
    for window in placed.ambiguous { close(window, .ambiguous) }
    for window in placed.placements.compactMap({ $0?.window }) {
      describe(window, by: number)
      guard reading.application.toolkit == .browser else { continue }
      merged.formUnion(
        windows.indices.filter { windows[$0].isHelper && windows[$0].parent == windows[window].window.xid })
    }
    noteReach(of: zip(tops, placed.placements).filter { $1 == nil }.map { reading.nodes[$0.0] }, own)
    addNodes(of: reading, number: number, prefix: prefix, tops: tops, placed)
  }

  private mutating func describe(_ window: Int, by reading: Int) {
    if let other = described[window], other != reading { close(window, .ambiguous) }
    described[window] = reading
  }

  private mutating func place(
    _ tops: [AccessibleNode], of toolkit: AccessibleApplication.Toolkit, _ own: [Int]
  ) -> WindowPlacement.Outcome {
    var placement = WindowPlacement(
      windows: windows, isRelative: origin == .window || toolkit == .gtk4, canBeScaled: toolkit != .browser,
      knownMisfits: knownMisfits)
    defer { misfits.formUnion(placement.misfits) }
    return placement.place(tops, among: own)
  }

  // MARK: Nodes

  /// Placement of a node, inherited by its children.
  private struct Context {
    var placement: Placement?
    var id: String?
    var clip: AccessibleNode.Box?
    /// Whether it lies in a frame that is not a window.
    var isHelper = false
    var isDropped = false
  }

  private mutating func addNodes(
    of reading: ApplicationReading, number: Int, prefix: String, tops: [Int],
    _ placed: WindowPlacement.Outcome
  ) {
    let nodes = reading.nodes
    let toolkit = reading.application.toolkit
    var contexts = [Context](repeating: Context(), count: nodes.count)
    // Frames that are not windows of their own lie in a window of the application.
    let home = placed.placements.compactMap { $0 }.first
    for (index, top) in tops.enumerated() {
      contexts[top].placement = placed.placements[index] ?? home
      contexts[top].isHelper = placed.placements[index] == nil
      contexts[top].isDropped = placed.isHidden[index]
    }
    let bare = NodeTraits.loneScrollBars(of: nodes)
    let documents = NodeTraits.documentTabs(
      of: nodes, isBrowser: toolkit == .browser,
      titles: windows.filter { $0.pid == reading.application.pid }.map(\.title))
    let cited = zip(CitedContent.controls(in: nodes), CitedContent.buttonsOfTitles(in: nodes)).map {
      $0 || $1
    }
    let displaced = NodeTraits.displacedRoots(of: nodes)
    let popovers = toolkit == .gtk4 ? popovers(of: nodes, reading.application.pid) : []
    var widgetIDs = [String?](repeating: nil, count: nodes.count)
    var inputs: [(widget: Int, node: Int)] = []
    for (index, node) in nodes.enumerated() {
      if let parent = node.parent { contexts[index] = contexts[parent] }
      if bare[index] || node.parent.map(displaced.contains) == true { contexts[index].isDropped = true }
      if popovers.contains(index) { contexts[index].isHelper = true }
      let owner = node.object.owner
      if owner != reading.application.root.owner,
        node.parent.map({ nodes[$0].object.owner }) != owner
      {
        embed(node, &contexts[index], number: number)
      }
      guard let placement = contexts[index].placement, !contexts[index].isDropped else { continue }
      guard let box = node.box else {
        if node.isTorn { close(placement.window, .torn) }
        continue
      }
      if toolkit == .gtk4 {
        if let clip = contexts[index].clip, !NodeTraits.touch(clip, box) {
          contexts[index].isDropped = true
          continue
        }
        if ["scroll pane", "viewport"].contains(node.role) { contexts[index].clip = box }
      }
      let id = id(of: node.object, prefix: prefix, application: reading.application)
      let isContainer = NodeTraits.isContainer(node.role)
      let isMarked = node.isTorn || displaced.contains(index) || contexts[index].isHelper && !isContainer
      let left = Double(box.x) * placement.scale + placement.x
      let top = Double(box.y) * placement.scale + placement.y
      let size = (Double(box.width) * placement.scale, Double(box.height) * placement.scale)
      var widget = Widget(
        id: id, role: node.role, name: node.name, x: left, y: top, width: size.0, height: size.1,
        parent: contexts[index].id.map { .id($0) },
        states: node.states.names + (documents[index] || cited[index] ? [Widget.contentState] : []),
        text: node.hasText ? "x" : nil, mark: isMarked ? .unreadable : nil)
      widget.scale = placement.scale
      widget.value = node.value
      widgets.append(widget)
      widgetIDs[index] = id
      if let input = node.listOf { inputs.append((widgets.count - 1, input)) }
      contexts[index].id = id
      nodeCounts[placement.window, default: 0] += 1
      if !isContainer {
        leaves.append(
          (placement.window, DesktopAssembly.rect(left, top, left + size.0, top + size.1)))
      }
    }
    for (widget, node) in inputs { if let id = widgetIDs[node] { lists.append((widget, id)) } }
  }

  private mutating func popovers(of nodes: [AccessibleNode], _ pid: Int?) -> Set<Int> {
    let own = windows.indices.filter { windows[$0].isVisible && windows[$0].pid == pid }
    let found = NodeTraits.popovers(
      of: nodes, popups: own.map { windows[$0].window }.filter { !$0.isManaged },
      areListed: origin == .screen)
    noteReach(of: found.map { nodes[$0] }, own)
    return Set(found)
  }

  /// A node of another process's connection describes that process's window, which must lie in the
  /// surrounding window and match the node.
  private mutating func embed(_ node: AccessibleNode, _ context: inout Context, number: Int) {
    guard let around = context.placement, let pid = processes[node.object.owner],
      pid != windows[around.window].pid
    else { return }
    let inside = windows.indices.filter {
      windows[$0].isVisible && windows[$0].pid == pid && isInside($0, around.window)
    }
    guard !inside.isEmpty else { return }
    var placement = WindowPlacement(
      windows: windows, isRelative: false, canBeScaled: false, knownMisfits: [])
    let fits = node.box.map { box in inside.compactMap { placement.fit(box, $0) } } ?? []
    guard origin == .screen, around.scale == 1, fits.count == 1 else {
      context.placement = nil
      return
    }
    context.placement = fits[0]
    describe(fits[0].window, by: number)
  }

  private func isInside(_ window: Int, _ outer: Int) -> Bool {
    var next = windows[window].parent
    for _ in windows.indices {
      guard let parent = next else { return false }
      if parent == windows[outer].window.xid { return true }
      next = windows.first { $0.window.xid == parent }?.parent
    }
    return false
  }

  /// Rounded outward.
  private static func rect(_ left: Double, _ top: Double, _ right: Double, _ bottom: Double) -> Rect {
    Rect(
      minX: Int(left.rounded(.down)), minY: Int(top.rounded(.down)), maxX: Int(right.rounded(.up)),
      maxY: Int(bottom.rounded(.up)))
  }

  /// `application:last part of the path`, or the whole path if that is not unique.
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

  // MARK: Popups that the compositor does not list

  /// Wayland: compositors don't list menus and tool tips as windows, so their position is unknown. A popup
  /// touches its window: no pixel of it is further away than the sizes of all open popups, with their
  /// shadows.
  private mutating func noteReach(of popups: [AccessibleNode], _ own: [Int]) {
    let boxes = popups.compactMap(\.box)
    guard origin == .window, !boxes.isEmpty else { return }
    let shadow = 64.0
    let width = boxes.reduce(0) { $0 + Double($1.width) + shadow }
    let height = boxes.reduce(0) { $0 + Double($1.height) + shadow }
    for window in own where windows[window].isVisible {
      close(window, .popup)
      let edges = WindowPlacement.outline(of: windows[window].window)
      reach.append(
        DesktopAssembly.rect(edges[0] - width, edges[1] - height, edges[2] + width, edges[3] + height))
    }
  }

  /// Wayland: a program without a tree may have a menu or tool tip open anywhere while it has the focus.
  private mutating func closeWhatPopupsReach() {
    let visible = windows.indices.filter { windows[$0].isVisible }
    let focused = visible.filter { windows[$0].hasFocus }
    // If no window has the focus, a surface that is not listed has it.
    let isKnown = focused.allSatisfy { window in
      described[window] != nil && (closed[window] == nil || closed[window] == .popup)
    }
    if focused.isEmpty || !isKnown {
      for window in visible where described[window] != nil { close(window, .popup) }
    }
    for (number, rect) in reach.enumerated() {
      widgets.append(
        Widget(
          id: "popup:\(number)", role: "unknown", x: Double(rect.x), y: Double(rect.y),
          width: Double(rect.width), height: Double(rect.height), mark: .unreadable))
    }
  }

  // MARK: Windows

  private func reason(_ window: Int) -> SourceWindow.Reason? {
    if let reason = closed[window] { return reason }
    if described[window] != nil { return nil }
    guard let pid = windows[window].pid else { return .noProcess }
    return readProcesses.contains(pid) ? .noFit : .noTree
  }

  /// Windows on the screen, bottom to top, without those that are part of another.
  private var drawn: [Int] { windows.indices.filter { windows[$0].isVisible && !merged.contains($0) } }

  private func records() -> [WindowRecord] {
    drawn.map { window in
      WindowRecord(
        window: windows[window].window.xid ?? window, pid: windows[window].pid,
        nodes: nodeCounts[window] ?? 0, reason: reason(window))
    }
  }

  /// Lists the windows without a tree, minus the windows of other processes inside them.
  private mutating func closeWindows() {
    for index in drawn {
      let window = windows[index]
      let isClosed = closed[index] != nil
      guard isClosed || described[index] == nil else { continue }
      let id = "window:\(window.window.xid.map { String($0) } ?? "\(index)")"
      guard ids.insert(id).inserted else { continue }
      let inside = windows.lazy.filter { $0.isVisible && $0.parent != nil && $0.parent == window.window.xid }
        .map { DesktopAssembly.whole($0) }
      let own = Region(DesktopAssembly.whole(window)).subtracting(Region(union: inside))
      for (number, part) in own.rects.enumerated() {
        widgets.append(
          Widget(
            id: number == 0 ? id : "\(id).\(number)", role: "unknown", name: window.title,
            x: Double(part.x), y: Double(part.y), width: Double(part.width), height: Double(part.height),
            mark: isClosed ? .unreadable : nil))
      }
    }
  }

  private static func whole(_ window: DesktopWindow) -> Rect {
    let edges = WindowPlacement.outline(of: window.window)
    return rect(edges[0], edges[1], edges[2], edges[3])
  }

  /// Masks the parts of a window that lie over a widget of a lower window and that no widget of this or a
  /// higher window describes: otherwise the policy might show the lower widget, and with it the pixels
  /// above it.
  private mutating func coverWidgets() {
    var (above, described) = (Region(), Region())
    for index in drawn.reversed() {
      let open = above.subtracting(described)
      let own = leaves.lazy.filter { $0.window == index }.map(\.rect)
      for part in Region(union: own).intersection(open).rects {
        widgets.append(
          Widget(
            id: "covered:\(part.x),\(part.y)", role: "unknown", x: Double(part.x), y: Double(part.y),
            width: Double(part.width), height: Double(part.height), mark: .unreadable))
      }
      above = above.union(Region(DesktopAssembly.whole(windows[index])))
      described = described.union(Region(union: own))
    }
  }
}
