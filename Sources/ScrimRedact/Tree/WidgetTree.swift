public import ScrimImage
import ScrimJSON

/// All widgets and windows of one moment, validated: every number is usable and the parents form a forest.
public struct WidgetTree: Sendable {
  public let widgets: [Widget]
  public let windows: [Window]
  /// Pixels of the image per unit of a widget's box.
  public let boxScale: Double
  /// The box of each widget in whole pixels, rounded outward; neither padded nor clipped to the picture.
  public let rects: [Rect]
  /// The client area of each window in whole pixels, rounded outward.
  public let windowRects: [Rect]
  /// Indices of the widgets, each after its parent.
  let order: [Int]
  /// The index of each widget's parent, -1 for none.
  private let parents: [Int]
  private let childCounts: [Int]

  /// Plausible box scales of a screen; another one would move every mask off the picture.
  public static let boxScales: ClosedRange<Double> = 0.0625...64
  /// Pixels; a long page may extend far below the screen, and areas must fit an Int.
  public static let coordinateLimit = 1 << 30
  /// Maximum width of a window's frame in pixels.
  public static let extentLimit = 1 << 14
  public static let widgetLimit = 1 << 20
  public static let windowLimit = 1 << 10

  /// A tree without widgets.
  public static let empty = WidgetTree()

  private init() {
    widgets = []
    windows = []
    boxScale = 1
    rects = []
    windowRects = []
    order = []
    parents = []
    childCounts = []
  }

  /// - Parameters:
  ///   - widgets: in any order; a widget whose parent is not among them is a top-level widget.
  ///   - windows: bottom to top, in pixels of the image.
  ///   - boxScale: `pixel = box × boxScale`.
  ///   - idsRepeat: whether widgets may share an id, as the rows of an Android list do. Parents are then
  ///     given by index.
  /// - Throws: ``WidgetError`` for the first invalid widget or window.
  public init(
    widgets: [Widget], windows: [Window] = [], boxScale: Double = 1, idsRepeat: Bool = false
  ) throws(WidgetError) {
    guard WidgetTree.boxScales.contains(boxScale) else { throw WidgetError(.tree, .boxScale) }
    guard widgets.count <= WidgetTree.widgetLimit else {
      throw WidgetError(.tree, .tooMany("widgets", limit: WidgetTree.widgetLimit))
    }
    guard windows.count <= WidgetTree.windowLimit else {
      throw WidgetError(.tree, .tooMany("windows", limit: WidgetTree.windowLimit))
    }
    var rects: [Rect] = []
    rects.reserveCapacity(widgets.count)
    for (index, widget) in widgets.enumerated() {
      rects.append(
        try WidgetTree.rect(
          x: widget.x, y: widget.y, width: widget.width, height: widget.height, scale: boxScale,
          of: .widget(id: widget.id, index: index)))
    }
    var windowRects: [Rect] = []
    for (index, window) in windows.enumerated() {
      let culprit = WidgetError.Culprit.window(xid: window.xid, index: index)
      windowRects.append(
        try WidgetTree.rect(
          x: window.x, y: window.y, width: window.width, height: window.height, scale: 1, of: culprit))
      try WidgetTree.check(window.frameExtents, "frame_extents", of: culprit)
      try WidgetTree.check(window.shadowExtents, "gtk_frame_extents", of: culprit)
    }
    let parents = try WidgetTree.parents(of: widgets, idsRepeat: idsRepeat)
    let forest = try WidgetTree.forest(widgets, parents: parents)
    self.widgets = widgets
    self.windows = windows
    self.boxScale = boxScale
    self.rects = rects
    self.windowRects = windowRects
    self.parents = parents
    childCounts = forest.childCounts
    order = forest.order
  }

  /// The index of a widget's parent; nil for a top-level widget.
  public func parent(of index: Int) -> Int? { parents[index] < 0 ? nil : parents[index] }

  /// Whether it has listed children.
  public func hasChildren(_ index: Int) -> Bool { childCounts[index] > 0 }

  /// The kind of content that a widget shows: its own nature; an unknown one with children counts as a
  /// container.
  public func nature(of index: Int) -> Nature {
    let nature = widgets[index].nature
    return nature == .unknown && hasChildren(index) ? .container : nature
  }

  private static func rect(
    x: Double, y: Double, width: Double, height: Double, scale: Double, of culprit: WidgetError.Culprit
  ) throws(WidgetError) -> Rect {
    for (key, value) in [("x", x), ("y", y), ("w", width), ("h", height)] {
      guard value.isFinite else { throw WidgetError(culprit, .notFinite(key)) }
      guard abs(value * scale) <= Double(coordinateLimit) else {
        throw WidgetError(culprit, .outOfRange(key))
      }
    }
    guard width >= 0 else { throw WidgetError(culprit, .negative("w")) }
    guard height >= 0 else { throw WidgetError(culprit, .negative("h")) }
    let left = (x * scale).rounded(.down)
    let top = (y * scale).rounded(.down)
    // Each edge is within twice the limit, which fits an Int easily. A sum may lose a size that is not 0.
    let right = width == 0 ? left : max(left + 1, ((x + width) * scale).rounded(.up))
    let bottom = height == 0 ? top : max(top + 1, ((y + height) * scale).rounded(.up))
    return Rect(minX: Int(left), minY: Int(top), maxX: Int(right), maxY: Int(bottom))
  }

  private static func check(
    _ extents: Window.Extents?, _ key: String, of culprit: WidgetError.Culprit
  ) throws(WidgetError) {
    guard let extents else { return }
    for value in [extents.left, extents.right, extents.top, extents.bottom] {
      guard value >= 0 else { throw WidgetError(culprit, .negative(key)) }
      guard value <= extentLimit else { throw WidgetError(culprit, .outOfRange(key)) }
    }
  }

  private static func parents(of widgets: [Widget], idsRepeat: Bool) throws(WidgetError) -> [Int] {
    // By bytes, since Swift treats canonically equivalent spellings as equal.
    var byID: [JSONKey: Int] = [:]
    byID.reserveCapacity(widgets.count)
    for (index, widget) in widgets.enumerated() {
      guard let id = widget.id else { continue }
      guard byID.updateValue(index, forKey: JSONKey(id)) == nil || idsRepeat else {
        throw WidgetError(.widget(id: id, index: index), .duplicateID)
      }
    }
    var parents: [Int] = []
    parents.reserveCapacity(widgets.count)
    for (index, widget) in widgets.enumerated() {
      switch widget.parent {
      case nil: parents.append(-1)
      case .id(let id):
        precondition(!idsRepeat, "an id that several widgets share can't identify a parent")
        parents.append(byID[JSONKey(id)] ?? -1)
      case .index(let parent):
        guard widgets.indices.contains(parent) else {
          throw WidgetError(.widget(id: widget.id, index: index), .noSuchParent)
        }
        parents.append(parent)
      }
    }
    return parents
  }

  /// The number of children of each widget, and an order in which parents come first.
  private static func forest(
    _ widgets: [Widget], parents: [Int]
  ) throws(WidgetError) -> (childCounts: [Int], order: [Int]) {
    var childCounts = [Int](repeating: 0, count: parents.count)
    for parent in parents where parent >= 0 { childCounts[parent] += 1 }
    // Removes leaf after leaf: widgets that remain at the end are on or above a cycle.
    var waiting = childCounts
    var order = parents.indices.filter { waiting[$0] == 0 }
    order.reserveCapacity(parents.count)
    var next = 0
    while next < order.count {
      let parent = parents[order[next]]
      next += 1
      guard parent >= 0 else { continue }
      waiting[parent] -= 1
      if waiting[parent] == 0 { order.append(parent) }
    }
    if order.count < parents.count, let culprit = waiting.firstIndex(where: { $0 > 0 }) {
      throw WidgetError(.widget(id: widgets[culprit].id, index: culprit), .parentCycle)
    }
    order.reverse()
    return (childCounts, order)
  }
}
