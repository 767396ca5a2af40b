import ScrimRedact

/// Collects widgets while a file is read, with the place from which each was read.
struct WidgetList {
  let format: BoxFormat
  private(set) var widgets: [Widget] = []
  private var places: [String] = []
  /// Whether the source reports each as invisible.
  private var isHidden: [Bool] = []

  init(_ format: BoxFormat) { self.format = format }

  /// - Parameter isHidden: whether the source reports it as invisible. This alone hides nothing: sources
  ///   make errors.
  /// - Returns: the widget's index, by which children refer to their parent.
  mutating func append(
    _ widget: Widget, from place: String, isHidden: Bool = false
  ) throws(BoxesError) -> Int {
    guard widgets.count < WidgetTree.widgetLimit else {
      throw BoxesError(format, place, .tooMany("boxes", limit: WidgetTree.widgetLimit))
    }
    widgets.append(widget)
    places.append(place)
    self.isHidden.append(isHidden)
    return widgets.count - 1
  }

  /// Repairs a box that its source clipped to nothing: edges in the wrong order (a row below the fold of an
  /// Android list), or a negative size. Anything it shows lies between these edges and inside its parent.
  ///
  /// - Parameter box: left, top, width, height.
  func settled(_ box: [Double], under parent: Int?) -> [Double] {
    guard box[2] < 0 || box[3] < 0 else { return box }
    var (left, right) = (min(box[0], box[0] + box[2]), max(box[0], box[0] + box[2]))
    var (top, bottom) = (min(box[1], box[1] + box[3]), max(box[1], box[1] + box[3]))
    if let parent {
      let around = widgets[parent]
      (left, right) = (max(left, around.x), min(right, around.x + around.width))
      (top, bottom) = (max(top, around.y), min(bottom, around.y + around.height))
    }
    return [left, top, max(0, right - left), max(0, bottom - top)]
  }

  /// Whether a coordinate is one of the largest numbers of 32 or 64 bits, or of a floating type, which
  /// systems write for what is scrolled out. Other numbers beyond any screen are errors.
  static func isEndless(_ number: Double) -> Bool {
    let size = abs(number)
    return size >= 1e30 || [0x1p31 - 1, 0x1p31, 0x1p32 - 1, 0x1p63].contains(size)
  }

  /// The box for a widget with invalid numbers (NaN, infinite): that of its parent, since it may be
  /// anywhere there; an empty one for a widget that is invisible and has no text.
  func boxWithoutNumbers(under parent: Int?, isHidden: Bool, at place: String) throws(BoxesError) -> [Double]
  {
    guard let parent else { throw BoxesError(format, place, .badNumber("its box", "is NaN or infinite")) }
    let around = widgets[parent]
    return isHidden ? [around.x, around.y, 0, 0] : [around.x, around.y, around.width, around.height]
  }

  /// The validated tree. Ids may repeat, because parents are given by index.
  func tree(scale: Double = 1) throws(BoxesError) -> WidgetTree {
    do {
      return try WidgetTree(widgets: widgets, boxScale: scale, idsRepeat: true)
    } catch {
      var place = "the file"
      if case .widget(_, let index) = error.culprit { place = places[index] }
      throw BoxesError(format, place, BoxesError.Fault(error.fault))
    }
  }
}

// Helper windows and views: empty containers that systems put over or under a screen for a keyboard, an
// alert or a shade.
extension WidgetList {
  /// Share of the screen from which an empty container counts as covering it; and share from which an empty
  /// container may be the background of a page.
  private static let fullShare = 0.9
  private static let largeShare = 0.5

  /// Roles that contain others and draw nothing; not those of web views, lists, cards, maps.
  private static let plainRoles: Set<String> = [
    "panel", "filler", "frame", "window", "internal frame", "layered pane", "glass pane", "root pane",
    "section", "grouping", "landmark",
  ]

  /// Share of an empty container that widgets with content must cover, so that it is the background of a
  /// described page and not a view that draws its own content, with a bar of buttons on it.
  private static let describedShare = 0.15

  /// Removes the pixels of subtrees without content: if the source reports them as invisible; if they cover
  /// the screen and widgets with content lie under them; and if they cover much of it and many such widgets
  /// lie over or under them. Otherwise a container without children is masked, and such a container would
  /// make the whole screen black. The pixels under it still belong to their own widgets and to the gap
  /// guard.
  ///
  /// - Parameter screen: in units of the boxes.
  mutating func emptyHelpers(screen: PointSize) {
    var isPlain = widgets.map { WidgetList.isPlain($0) }
    var parents = [Int](repeating: -1, count: widgets.count)
    // Children come after their parents, so one walk from the end visits each after all its descendants.
    for index in widgets.indices.reversed() {
      guard case .index(let parent)? = widgets[index].parent else { continue }
      parents[index] = parent
      if !isPlain[index] { isPlain[parent] = false }
    }
    let contents = widgets.indices.filter { WidgetList.isContent(widgets[$0]) }
    var isTaken = [Bool](repeating: false, count: widgets.count)
    for index in widgets.indices where isPlain[index] {
      let isBelowTaken = parents[index] >= 0 && isTaken[parents[index]]
      isTaken[index] = isBelowTaken || isHelper(index, screen, among: contents)
    }
    for index in widgets.indices where isTaken[index] {
      widgets[index].width = 0
      widgets[index].height = 0
    }
  }

  private func isHelper(_ index: Int, _ screen: PointSize, among contents: [Int]) -> Bool {
    if isHidden[index] { return true }
    let widget = widgets[index]
    let own = shared(widget, 0, 0, screen.width, screen.height)
    let share = own / (screen.width * screen.height)
    guard share >= (widget.nature == .container ? WidgetList.largeShare : WidgetList.fullShare) else {
      return false
    }
    var described = 0.0
    for content in contents {
      let other = widgets[content]
      let area = shared(widget, other.x, other.y, other.width, other.height)
      if area > 0, content < index, share >= WidgetList.fullShare { return true }
      described += area
    }
    return described >= WidgetList.describedShare * own
  }

  /// The common area of a widget and a box.
  private func shared(
    _ widget: Widget, _ x: Double, _ y: Double, _ width: Double, _ height: Double
  ) -> Double {
    let sideX = min(widget.x + widget.width, x + width) - max(widget.x, x)
    let sideY = min(widget.y + widget.height, y + height) - max(widget.y, y)
    return sideX > 0 && sideY > 0 ? sideX * sideY : 0
  }

  /// Whether it is a container that draws nothing and has no text.
  private static func isPlain(_ widget: Widget) -> Bool {
    guard widget.mark == nil, !widget.hasText, widget.name.isEmpty else { return false }
    if widget.nature == .unknown { return widget.isRoleKnown && widget.role == .unknown }
    return widget.nature == .container && plainRoles.contains(widget.role.name)
  }

  private static func isContent(_ widget: Widget) -> Bool {
    guard widget.width > 0, widget.height > 0 else { return false }
    switch widget.nature {
    case .text, .input, .password, .image: return true
    case .decoration, .container, .unknown: return widget.hasText || !widget.name.isEmpty
    }
  }
}
