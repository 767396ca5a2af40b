import ScrimImage
import ScrimRedact

/// The XML of Android's `uiautomator dump`, and of Appium's UiAutomator2 driver, which names elements by their class.
enum UIAutomatorDump {
  /// What `uiautomator dump /dev/tty` prints behind the document; the first is Android's own spelling.
  static let afterword = ["UI hierchary dumped to", "UI hierarchy dumped to"]

  static func read(_ root: Markup.Element, for request: SidecarRequest) throws(BoxesError) -> Sidecar {
    var list = WidgetList(.uiautomator)
    for child in root.children { try append(child, under: nil, to: &list) }
    guard !root.children.isEmpty else {
      throw BoxesError(.uiautomator, root.place, .malformed("it lists no node; dump the screen again"))
    }
    let tree = try list.tree(scale: request.boxScale ?? 1)
    try checkFit(tree, root, request)
    return Sidecar(
      tree: tree, size: nil, describesWholeWindows: true, format: BoxFormat.uiautomator.rawValue)
  }

  private static func append(
    _ element: Markup.Element, under parent: Int?, to list: inout WidgetList
  ) throws(BoxesError) {
    guard let type = element["class"] ?? (element.name == "node" ? nil : element.name) else {
      throw BoxesError(.uiautomator, element.place, .missing("class"))
    }
    guard let bounds = element["bounds"] else {
      throw BoxesError(.uiautomator, element.place, .missing("bounds"))
    }
    guard let edges = edges(bounds) else {
      throw BoxesError(
        .uiautomator, element.place, .wrongType("bounds", expected: "[left,top][right,bottom]"))
    }
    let id = element["resource-id"].flatMap { $0.isEmpty ? nil : $0 }
    let widget = Widget(
      id: id, role: type, name: element["content-desc"] ?? "", x: edges[0], y: edges[1],
      width: edges[2] - edges[0], height: edges[3] - edges[1], parent: parent.map(Widget.Parent.index),
      states: try states(element), text: element["text"])
    let index = try list.append(widget, from: element.place)
    for child in element.children { try append(child, under: index, to: &list) }
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

  /// Android's boxes are pixels of the screen. Windows may be smaller than it, but a dump that begins in the corner and ends before both of
  /// the picture's far edges is one of another screen.
  private static func checkFit(
    _ tree: WidgetTree, _ root: Markup.Element, _ request: SidecarRequest
  ) throws(BoxesError) {
    let tops = tree.widgets.indices.filter { tree.parent(of: $0) == nil }.map { tree.rects[$0] }
    let right = tops.map(\.maxX).max() ?? 0
    let bottom = tops.map(\.maxY).max() ?? 0
    let isInCorner = tops.contains { $0.x <= 0 && $0.y <= 0 }
    let isShort = right < request.displayed.width && bottom < request.displayed.height
    guard right <= request.displayed.width, bottom <= request.displayed.height, !(isInCorner && isShort)
    else {
      throw BoxesError(
        .uiautomator, root.place, .otherSize(claimed: "\(right)x\(bottom)", picture: request.displayed))
    }
  }
}
