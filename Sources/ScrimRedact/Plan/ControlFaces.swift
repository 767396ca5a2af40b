import ScrimImage

/// What the controls of one tree look like, as far as boxes and roles say: a rule by role alone shows what a control looks like, not
/// what its user keeps in it (Masking.md, section 4). Never looks at a pixel, a name or a text.
struct ControlFaces {
  /// Pixels, times the scale of a control, that its face has at most. Real controls of five toolkits are up to 47 pixels high; where a screen
  /// of two device pixels per logical one says nothing of its scale, up to 92.
  static let largestWidth = 480.0
  static let largestHeight = 96.0
  /// The height above which a face has one text at most, and how many it has below that: a label, and what abbreviates it.
  static let lowHeight = 64.0
  static let mostTexts = 2
  /// Pixels, times the scale, that a picture in a control has at most on each side to be its icon.
  static let largestIcon = 64.0
  /// Widgets of a page of a document at most.
  private static let documentLimit = 1000
  /// The width of a phone's screen in its own units, for pictures that come without windows and without a scale.
  private static let phoneWidth = 480.0

  private let tree: WidgetTree
  private let phoneScale: Double
  /// Controls whose label is content: tabs of documents, folders of a path bar.
  private var content: Set<Int> = []
  private var children: [Int: [Int]] = [:]

  /// - Parameter findsContent: whether any rule asks for it.
  init(_ tree: WidgetTree, picture: Rect, findsContent: Bool) {
    self.tree = tree
    let isPhone = picture.height > picture.width && tree.windows.isEmpty
    phoneScale = isPhone ? max(Double(picture.width) / ControlFaces.phoneWidth, 1) : 1
    guard findsContent else { return }
    for index in tree.order {
      if let parent = tree.parent(of: index) { children[parent, default: []].append(index) }
    }
    for (parent, row) in children {
      noteTabs(row, of: parent)
      notePath(row)
    }
    noteByPlace()
  }

  /// Whether the control's label is its user's content.
  func isContent(_ index: Int) -> Bool {
    content.contains(index) || tree.widgets[index].states.contains(Widget.contentState)
  }

  /// Whether it is larger than a control's face: a card, which may show anything.
  func isCard(_ index: Int) -> Bool {
    let (width, height) = (Double(tree.rects[index].width), Double(tree.rects[index].height))
    let scale = scale(of: index)
    if width > ControlFaces.largestWidth * scale || height > ControlFaces.largestHeight * scale {
      return true
    }
    return texts(in: index) > (height > ControlFaces.lowHeight * scale ? 1 : ControlFaces.mostTexts)
  }

  /// Texts without children of their own that are listed under a control and lie in its box; no more than matter are counted.
  private func texts(in control: Int) -> Int {
    var (count, waiting) = (0, children[control] ?? [])
    while let next = waiting.popLast(), count <= ControlFaces.mostTexts {
      let below = children[next] ?? []
      let isText = below.isEmpty && tree.nature(of: next) == .text
      count += isText && tree.rects[control].holds(tree.rects[next]) ? 1 : 0
      waiting += below
    }
    return count
  }

  /// Whether a picture is small enough to be a control's icon.
  func isIcon(_ index: Int) -> Bool {
    let rect = tree.rects[index]
    return Double(max(rect.width, rect.height)) <= ControlFaces.largestIcon * scale(of: index)
  }

  private func scale(of index: Int) -> Double {
    max(tree.boxScale * tree.widgets[index].scale, phoneScale)
  }

  private func role(_ index: Int) -> String { tree.widgets[index].role.name }

  /// Tabs of documents: one of the row holds a button, to close it, or a page is mostly one text, terminal or document. Pages are listed
  /// under their tabs (GTK) or beside the row (Qt).
  private mutating func noteTabs(_ row: [Int], of list: Int) {
    let tabs = row.filter { role($0) == "page tab" }
    guard !tabs.isEmpty else { return }
    let buttons = row.filter { role($0) == "push button" }.map { tree.rects[$0] }
    let beside = tree.parent(of: list).flatMap { children[$0] } ?? []
    let hasPage = beside.contains { $0 != list && isDocument($0) }
    let isOfDocuments = tabs.contains { tab in
      let box = tree.rects[tab]
      return buttons.contains { box.holds($0) } || holdsButton(tab, box, depth: 3)
        || (children[tab] ?? []).contains { !box.holds(tree.rects[$0]) && isDocument($0) }
    }
    if isOfDocuments || hasPage { content.formUnion(tabs) }
  }

  private func holdsButton(_ index: Int, _ box: Rect, depth: Int) -> Bool {
    guard depth > 0 else { return false }
    return (children[index] ?? []).contains { child in
      box.holds(tree.rects[child])
        && (role(child) == "push button" || holdsButton(child, box, depth: depth - 1))
    }
  }

  private func isDocument(_ page: Int) -> Bool {
    var all = [page]
    var next = 0
    while next < all.count {
      all += children[all[next]] ?? []
      next += 1
      // A page of so many widgets is no page of one text.
      guard all.count <= ControlFaces.documentLimit else { return false }
    }
    return all.contains { index in
      let isText =
        tree.widgets[index].states.contains("multiline") || role(index) == "terminal"
        || role(index).hasPrefix("document")
      return isText && 2 * tree.rects[index].area >= tree.rects[page].area
    }
  }

  /// A path bar: nothing but buttons in a row, of which one is pressed.
  private mutating func notePath(_ row: [Int]) {
    guard row.count > 1, row.allSatisfy({ ["toggle button", "push button"].contains(role($0)) }) else {
      return
    }
    let pressed = row.filter {
      tree.widgets[$0].states.contains("pressed") || tree.widgets[$0].states.contains("checked")
    }
    if pressed.count == 1 { content.formUnion(row) }
  }

  /// What can be pressed in a file chooser is a folder; what opens and closes a part of a document bears that part's title (`<summary>`).
  private mutating func noteByPlace() {
    var isInChooser = [Bool](repeating: false, count: tree.widgets.count)
    var isInDocument = isInChooser
    for index in tree.order {
      let above = tree.parent(of: index)
      isInChooser[index] = role(index) == "file chooser" || above.map { isInChooser[$0] } ?? false
      isInDocument[index] = role(index).hasPrefix("document") || above.map { isInDocument[$0] } ?? false
      if isInChooser[index], role(index) == "toggle button" { content.insert(index) }
      let opens = ["expandable", "expanded", "collapsed"].contains(where: tree.widgets[index].states.contains)
      if isInDocument[index], opens, ["toggle button", "push button"].contains(role(index)) {
        content.insert(index)
      }
    }
  }
}

extension Rect {
  /// Whether all of `other`, which is not empty, lies inside.
  func holds(_ other: Rect) -> Bool {
    !other.isEmpty && other.x >= x && other.y >= y && other.maxX <= maxX && other.maxY <= maxY
  }
}
