import ScrimRedact

/// Widgets in the making, with the place that each was read from.
struct WidgetList {
  let format: BoxFormat
  private(set) var widgets: [Widget] = []
  private var places: [String] = []
  /// Whether the source says of each that it isn't visible.
  private var isHidden: [Bool] = []

  init(_ format: BoxFormat) { self.format = format }

  /// - Parameter isHidden: whether the source says that it isn't visible. It alone hides nothing: sources err.
  /// - Returns: the widget's index, which children name as their parent.
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

  /// The edges of a box whose source clipped it to nothing: they stand the wrong way round (a row below the fold of an Android list), or
  /// a size is negative. What it shows, if anything, lies between them and inside the widget around it.
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

  /// The box for a widget whose numbers are none (NaN, infinite): that of the widget around it, since it can show anywhere there; nothing
  /// for one that isn't visible and says nothing.
  func boxWithoutNumbers(under parent: Int?, isHidden: Bool, at place: String) throws(BoxesError) -> [Double]
  {
    guard let parent else { throw BoxesError(format, place, .badNumber("its box", "is NaN or infinite")) }
    let around = widgets[parent]
    return isHidden ? [around.x, around.y, 0, 0] : [around.x, around.y, around.width, around.height]
  }

  /// The checked tree. Ids may repeat: parents are given by index.
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

// Helper windows and views: what systems lay over or under a screen to hold a keyboard, an alert, a shade, and that is empty.
extension WidgetList {
  /// The share of the screen from which what is empty fills it; and that from which a container that is empty can be the background
  /// of a page.
  private static let fullShare = 0.9
  private static let largeShare = 0.5

  /// Roles that hold others and draw nothing; not those of web views, lists, cards, maps.
  private static let plainRoles: Set<String> = [
    "panel", "filler", "frame", "window", "internal frame", "layered pane", "glass pane", "root pane",
    "section", "grouping", "landmark",
  ]

  /// The share of what is empty that widgets which say something must take, so that it is the background of a page that is described
  /// and not a view that draws by itself, with a bar of buttons on it.
  private static let describedShare = 0.15

  /// Takes the pixels from subtrees that hold nothing, where the source says that they aren't visible; where they fill the screen and
  /// widgets that say something lie under them; and where they take much of it and many lie over or under them. A container without children is masked otherwise, and such a
  /// one would make the screen black. What lies under it is still its own widgets' and the gap guard's.
  ///
  /// - Parameter screen: in units of the boxes.
  mutating func emptyHelpers(screen: PointSize) {
    var isPlain = widgets.map { WidgetList.isPlain($0) }
    var parents = [Int](repeating: -1, count: widgets.count)
    // Children stand behind their parents, so one walk from the end sees each after all below it.
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

  /// The area that a widget has in common with a box.
  private func shared(
    _ widget: Widget, _ x: Double, _ y: Double, _ width: Double, _ height: Double
  ) -> Double {
    let sideX = min(widget.x + widget.width, x + width) - max(widget.x, x)
    let sideY = min(widget.y + widget.height, y + height) - max(widget.y, y)
    return sideX > 0 && sideY > 0 ? sideX * sideY : 0
  }

  /// Whether it holds others, draws nothing and says nothing.
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
