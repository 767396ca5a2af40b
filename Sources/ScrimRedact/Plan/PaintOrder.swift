import ScrimImage

/// Finds the parts of widgets that a container covers which is painted after them.
///
/// Toolkits paint siblings in the order in which they list them. So a container that is listed later lies above, and may
/// show content that has no node: an overlay that paints itself, a window inside a window. The boxes alone
/// would assign its pixels to the button below it.
struct PaintOrder {
  private let tree: WidgetTree
  /// Positions of each widget and its descendants in the order of painting.
  private var spans: [Range<Int>]
  /// The top-level widget of each: applications are not painted in the order in which they are listed.
  private var tops: [Int]

  /// The visible part of each box: a page that is scrolled reaches out of its viewport.
  private var boxes: [Rect]

  /// Minimum pixels, both ways, that a container shares with a widget that it covers: boxes are rounded, or
  /// drawn with a margin.
  static let leastOverlap = 5
  /// Pixels of a side of the squares by which covering containers are looked up.
  private static let side = 128
  /// Maximum number of containers that are compared; with more, every widget counts as covered completely.
  static let limit = 20_000

  init(_ tree: WidgetTree) {
    self.tree = tree
    let count = tree.widgets.count
    var children = [[Int]](repeating: [], count: count)
    var pending: [(widget: Int, top: Int)] = []
    for index in tree.widgets.indices.reversed() {
      if let parent = tree.parent(of: index) {
        // The last child first, so that the first is taken first.
        children[parent].append(index)
      } else {
        pending.append((index, index))
      }
    }
    spans = [Range<Int>](repeating: 0..<0, count: count)
    tops = [Int](repeating: 0, count: count)
    var next = 0
    while let (widget, top) = pending.popLast() {
      spans[widget] = next..<next + 1
      tops[widget] = top
      next += 1
      for child in children[widget] { pending.append((child, top)) }
    }
    boxes = tree.rects
    var clips = [Rect?](repeating: nil, count: count)
    for index in tree.order {
      let above = tree.parent(of: index).flatMap { clips[$0] }
      if let above { boxes[index] = boxes[index].intersection(above) }
      clips[index] = tree.widgets[index].role.isScroller ? boxes[index] : above
    }
    // Children before their parents.
    for index in tree.order.reversed() {
      guard let parent = tree.parent(of: index) else { continue }
      spans[parent] = spans[parent].lowerBound..<max(spans[parent].upperBound, spans[index].upperBound)
    }
  }

  /// The pixels of widgets that other widgets cover.
  ///
  /// - Parameters:
  ///   - widgets: indices into the tree.
  ///   - layers: the possibly covering ones; those that are above a widget in the tree or below it don't cover it.
  ///   - padding: pixels by which layers are larger than their boxes, as masks are.
  ///   - picture: the pixels that matter.
  /// - Returns: covered pixels by widget, without those that are not covered.
  func covered(_ widgets: [Int], by layers: [Int], padding: Int, in picture: Rect) -> [Int: Region] {
    if widgets.isEmpty || layers.isEmpty { return [:] }
    if layers.count > PaintOrder.limit {
      return Dictionary(uniqueKeysWithValues: widgets.map { ($0, Region(tree.rects[$0])) })
    }
    let columns = (picture.width - 1) / PaintOrder.side + 1
    let rows = (picture.height - 1) / PaintOrder.side + 1
    var squares = [[Int]](repeating: [], count: columns * rows)
    for layer in layers.sorted(by: { spans[$0].lowerBound < spans[$1].lowerBound }) {
      PaintOrder.forEachSquare(of: boxes[layer].intersection(picture), columns) {
        squares[$0].append(layer)
      }
    }
    var above = widgets.map { layersAbove($0, in: squares, columns, padding: 0, picture) }
    // Only a container that covers part of some widget is a layer; others lie beside widgets and may touch them.
    let real = above.reduce(into: Set<Int>()) { $0.formUnion($1) }
    if real.isEmpty { return [:] }
    if padding > 0 {
      for square in squares.indices { squares[square].removeAll { !real.contains($0) } }
      above = widgets.map { layersAbove($0, in: squares, columns, padding: padding, picture) }
    }
    var covered: [Int: Region] = [:]
    for (widget, layers) in zip(widgets, above) where !layers.isEmpty {
      covered[widget] =
        Region(union: layers.map { boxes[$0].padded(by: padding) })
        .intersection(Region(tree.rects[widget].intersection(picture)))
    }
    return covered
  }

  private func layersAbove(
    _ widget: Int, in squares: [[Int]], _ columns: Int, padding: Int, _ picture: Rect
  ) -> Set<Int> {
    var above: Set<Int> = []
    let near = tree.rects[widget].padded(by: padding).intersection(picture)
    PaintOrder.forEachSquare(of: near, columns) { square in
      for layer in squares[square].reversed() {
        if spans[layer].lowerBound < spans[widget].upperBound { break }
        let shared = boxes[layer].intersection(near)
        let least = padding > 0 ? 1 : PaintOrder.leastOverlap
        if tops[layer] == tops[widget], min(shared.width, shared.height) >= least { above.insert(layer) }
      }
    }
    return above
  }

  private static func forEachSquare(of rect: Rect, _ columns: Int, _ body: (Int) -> Void) {
    if rect.isEmpty { return }
    for row in rect.y / side...(rect.maxY - 1) / side {
      for column in rect.x / side...(rect.maxX - 1) / side { body(row * columns + column) }
    }
  }
}
