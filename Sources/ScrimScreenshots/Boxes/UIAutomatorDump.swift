import ScrimImage
import ScrimRedact

/// The XML of Android's `uiautomator dump` (a window dump), and of Appium's UiAutomator2 driver, which
/// names elements by their class.
enum UIAutomatorDump {
  /// Text that `uiautomator dump /dev/tty` prints after the document; the first is Android's own spelling.
  static let afterword = ["UI hierchary dumped to", "UI hierarchy dumped to"]

  /// Possible beginnings of a document, after output of a shell.
  static let starts = ["<?xml", "<hierarchy", "<displays", "<AppiumAUT", "<XCUIElementType"]

  static func read(_ root: Markup.Element, for request: SidecarRequest) throws(BoxesError) -> Sidecar {
    let scale = request.boxScale ?? 1
    let screen = PointSize(
      width: Double(request.displayed.width) / scale, height: Double(request.displayed.height) / scale)
    var list = WidgetList(.uiautomator)
    if root.name == "displays" {
      try append(windowsOf: root, screen, to: &list)
    } else {
      for child in root.children { try append(child, under: nil, screen, to: &list) }
    }
    guard !list.widgets.isEmpty else {
      throw BoxesError(.uiautomator, root.place, .malformed("it lists no node; run uiautomator dump again"))
    }
    list.emptyHelpers(screen: screen)
    let tree = try list.tree(scale: scale)
    let fit = ScreenFit(
      tree: tree, screen: screenSize(root), picture: request.displayed, isVouchedFor: request.boxScale != nil)
    var sidecar = Sidecar(
      tree: tree, size: nil, describesWholeWindows: true, format: BoxFormat.uiautomator.rawValue)
    switch fit {
    case .whole: break
    case .probable: sidecar.notes.append(ScreenFit.note)
    case .none(let claimed):
      throw BoxesError(
        .uiautomator, root.place, .otherScreen(claimed: claimed, picture: request.displayed))
    }
    if scale != 1 { sidecar.notes.append(Sidecar.scaleNote(scale)) }
    return sidecar
  }

  /// `uiautomator dump --windows`: each `display` has `window`s, each with a `hierarchy`; sorted from the
  /// lowest layer up.
  private static func append(
    windowsOf root: Markup.Element, _ screen: PointSize, to list: inout WidgetList
  ) throws(BoxesError) {
    guard root.children.count == 1, let display = root.children.first, display.name == "display" else {
      throw BoxesError(
        .uiautomator, root.place, .unsupported("a file of several displays; keep one"))
    }
    var windows: [(layer: Double, element: Markup.Element)] = []
    for window in display.children {
      guard window.name == "window" else {
        throw BoxesError(
          .uiautomator, window.place, .unsupported("an element of a display that is not a window"))
      }
      windows.append((window["layer"]?.plainNumber ?? 0, window))
    }
    for (_, window) in windows.sorted(by: { ($0.layer, $1.element.number) < ($1.layer, $0.element.number) }) {
      let box = try box(of: window, under: nil, isHidden: false, in: list)
      let index = try list.append(
        Widget(role: "window", x: box[0], y: box[1], width: box[2], height: box[3]), from: window.place)
      for hierarchy in window.children {
        guard hierarchy.name == "hierarchy" else {
          throw BoxesError(
            .uiautomator, hierarchy.place, .unsupported("an element of a window that is not a hierarchy"))
        }
        for child in hierarchy.children { try append(child, under: index, screen, to: &list) }
      }
    }
  }

  private static func append(
    _ element: Markup.Element, under parent: Int?, _ screen: PointSize, to list: inout WidgetList
  ) throws(BoxesError) {
    guard let type = element["class"] ?? (element.name == "node" ? nil : element.name) else {
      throw BoxesError(.uiautomator, element.place, .missing("class"))
    }
    let isHidden = ["displayed", "visible-to-user"].contains { element[$0] == "false" }
    let box = try box(of: element, under: parent, isHidden: isHidden, in: list)
    let isTitled = isTitled(element, type, box, screen)
    let id = element["resource-id"].flatMap { $0.isEmpty ? nil : $0 }
    let widget = Widget(
      id: id, role: type, name: element["content-desc"] ?? (isTitled ? element["text"] : nil) ?? "",
      x: box[0], y: box[1], width: box[2], height: box[3], parent: parent.map(Widget.Parent.index),
      states: try states(element), text: isTitled ? nil : element["text"])
    let index = try list.append(widget, from: element.place, isHidden: isHidden)
    for child in element.children { try append(child, under: index, screen, to: &list) }
  }

  /// Share of the screen from which the text of a container with described children is a title, as a web
  /// view has that of its page and a landmark its name, and is not painted over all of it.
  private static let titledShare = 0.5

  private static func isTitled(
    _ element: Markup.Element, _ type: String, _ box: [Double], _ screen: PointSize
  ) -> Bool {
    guard element["text"]?.isEmpty == false, let role = Role(named: type),
      role.nature == .container || role == .unknown
    else { return false }
    let isLarge = box[2] * box[3] >= titledShare * screen.width * screen.height
    return isLarge && element.children.contains(where: isDescribed)
  }

  /// Whether it, or an element in it, has text.
  private static func isDescribed(_ element: Markup.Element) -> Bool {
    ["text", "content-desc"].contains { element[$0]?.isEmpty == false }
      || element.children.contains(where: isDescribed)
  }

  /// Left, top, width, height. A node outside its scrolling parent is clipped so that its edges are in the
  /// wrong order.
  private static func box(
    of element: Markup.Element, under parent: Int?, isHidden: Bool, in list: WidgetList
  ) throws(BoxesError) -> [Double] {
    guard let bounds = element["bounds"] else {
      throw BoxesError(.uiautomator, element.place, .missing("bounds"))
    }
    guard let edges = edges(bounds) else {
      throw BoxesError(
        .uiautomator, element.place, .wrongType("bounds", expected: "[left,top][right,bottom]"))
    }
    if edges.contains(where: WidgetList.isEndless) {
      return try list.boxWithoutNumbers(under: parent, isHidden: isHidden, at: element.place)
    }
    return list.settled(
      [edges[0], edges[1], edges[2] - edges[0], edges[3] - edges[1]], under: parent)
  }

  /// The display's size without its bars, as Appium writes it.
  private static func screenSize(_ root: Markup.Element) -> PixelSize? {
    guard let width = root["width"]?.plainNumber.flatMap({ Int(exactly: $0) }), width > 0,
      let height = root["height"]?.plainNumber.flatMap({ Int(exactly: $0) }), height > 0
    else { return nil }
    return PixelSize(width: width, height: height)
  }

  private static func states(_ element: Markup.Element) throws(BoxesError) -> [String] {
    var states: [String] = []
    for name in [
      "checkable", "checked", "clickable", "enabled", "focusable", "focused", "scrollable", "long-clickable",
      "password", "selected",
    ] {
      switch element[name] {
      case "true": states.append(name)
      case nil, "false": break
      default: throw BoxesError(.uiautomator, element.place, .wrongType(name, expected: "true or false"))
      }
    }
    return states
  }

  /// The four numbers of `[left,top][right,bottom]`.
  private static func edges(_ bounds: String) -> [Double]? {
    guard bounds.hasPrefix("["), bounds.hasSuffix("]") else { return nil }
    let corners = bounds.dropFirst().dropLast().split(separator: "][", omittingEmptySubsequences: false)
    guard corners.count == 2 else { return nil }
    let numbers = corners.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }
      .compactMap { $0.contains(".") ? nil : String($0).plainNumber }
    let counts = corners.map { $0.split(separator: ",", omittingEmptySubsequences: false).count }
    return counts == [2, 2] && numbers.count == 4 ? numbers : nil
  }
}

/// Whether a window dump can belong to the screen in a picture. Android's boxes are pixels of a display,
/// and devices may have several, so file and picture may be of different ones.
private enum ScreenFit {
  /// A window spans the screen, except for system bars.
  case whole
  /// The content is centred, or spans the width at the lower edge, as dialogs and sheets do.
  case probable
  /// Nothing shows that it is of this screen; with the screen that it may be of.
  case none(claimed: String)

  static let note = "a dialog's boxes alone: that they are of this screen is likely and not certain"

  /// Maximum share of the longer side that system bars take at one edge: 48 of 480 units, on the smallest
  /// phones.
  private static let barShare = 0.1

  /// - Parameters:
  ///   - screen: if the file contains it.
  ///   - isVouchedFor: whether the user gave the scale.
  init(tree: WidgetTree, screen: PixelSize?, picture: PixelSize, isVouchedFor: Bool) {
    let tops = tree.widgets.indices.filter { tree.parent(of: $0) == nil }.map { tree.rects[$0] }
      .filter { !$0.isEmpty }
    let right = max(tops.map(\.maxX).max() ?? 0, screen?.width ?? 0)
    let bottom = max(tops.map(\.maxY).max() ?? 0, screen?.height ?? 0)
    self = .none(claimed: "\(right)x\(bottom)")
    guard !tops.isEmpty, right <= picture.width, bottom <= picture.height else { return }
    if isVouchedFor {
      self = .whole
      return
    }
    let left = screen == nil ? tops.map(\.x).min() ?? 0 : 0
    let top = screen == nil ? tops.map(\.y).min() ?? 0 : 0
    let bar = Int(ScreenFit.barShare * Double(max(picture.width, picture.height)))
    let spansWidth = left <= 0 && right == picture.width
    // A bar lies at one side: what ends before both is another screen.
    let endsEarly = right < picture.width && bottom < picture.height
    let isNear = left <= bar && picture.width - right <= bar && picture.height - bottom <= bar
    if isNear, top <= bar, !endsEarly || left > 0 {
      self = .whole
    } else if left <= 0, top <= 0 || isNear && endsEarly {
      // From the corner to far before an edge: a smaller screen's.
      return
    } else if spansWidth ? isNear : abs(left + right - picture.width) <= max(2, picture.width / 50) {
      self = .probable
    } else {
      self = .none(claimed: "\(left + right)x\(top + bottom), if they are a dialog's")
    }
  }
}
