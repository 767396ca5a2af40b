import ScrimImage

/// Classifies the controls of one tree by their boxes and roles: a rule by role alone shows the typical
/// look of a control, not the user's content in it (Masking.md, section 4). Never reads a pixel, a name or
/// a text.
struct ControlFaces {
  /// Maximum size of a control's face, in pixels times its scale. Real controls of five toolkits are up to
  /// 47 pixels high; on a screen with two device pixels per logical one that doesn't report its scale, up
  /// to 92.
  static let largestWidth = 480.0
  static let largestHeight = 96.0
  /// Above this height a face may have one text, below it two: a label, and its abbreviation.
  static let lowHeight = 64.0
  static let mostTexts = 2
  /// Maximum side of an icon in a control, in pixels times the scale.
  static let largestIcon = 64.0
  /// Maximum number of widgets of a document's page.
  private static let documentLimit = 1000
  /// The width of a phone's screen in its own units, for pictures without windows and without a scale.
  private static let phoneWidth = 480.0

  private let tree: WidgetTree
  private let phoneScale: Double
  /// Controls whose label is content: tabs of documents, folders of a path bar.
  private var content: Set<Int> = []
  private var children: [Int: [Int]] = [:]

  /// - Parameter findsContent: whether any rule needs it.
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

  /// Counts the texts without children that are listed under a control and lie in its box; stops when more
  /// make no difference.
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

  /// Detects tabs of documents: one of the row contains a close button, or a page is mostly one text,
  /// terminal or document. Pages are listed under their tabs (GTK) or beside the row (Qt).
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
    if isOfDocuments || hasPage || liesBesideDocument(list) { content.formUnion(tabs) }
  }

  /// Whether a document lies beside one of the containers around a row of tabs, as around those of a
  /// spreadsheet's sheets.
  private func liesBesideDocument(_ list: Int) -> Bool {
    var around = list
    for _ in 0..<3 {
      guard let parent = tree.parent(of: around) else { return false }
      let siblings = children[parent] ?? []
      if siblings.contains(where: { $0 != around && role($0).hasPrefix("document") }) { return true }
      around = parent
    }
    return false
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
      // A page with that many widgets is not a page of one text.
      guard all.count <= ControlFaces.documentLimit else { return false }
    }
    return all.contains { index in
      let isText =
        tree.widgets[index].states.contains("multiline") || role(index) == "terminal"
        || role(index).hasPrefix("document")
      return isText && 2 * tree.rects[index].area >= tree.rects[page].area
    }
  }

  /// Detects a path bar: only buttons in a row, exactly one of them pressed.
  private mutating func notePath(_ row: [Int]) {
    guard row.count > 1, row.allSatisfy({ ["toggle button", "push button"].contains(role($0)) }) else {
      return
    }
    let pressed = row.filter {
      tree.widgets[$0].states.contains("pressed") || tree.widgets[$0].states.contains("checked")
    }
    if pressed.count == 1 { content.formUnion(row) }
  }

  /// A toggle button in a file chooser is a folder; a button that opens and closes a part of a document
  /// (`<summary>`) carries that part's title.
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
  /// Whether `other`, which is not empty, lies completely inside.
  func holds(_ other: Rect) -> Bool {
    !other.isEmpty && other.x >= x && other.y >= y && other.maxX <= maxX && other.maxY <= maxY
  }
}
