import ScrimImage
import ScrimRedact

/// The XML page source of Appium's XCUITest driver (WebDriverAgent). Its boxes are in points.
enum XCUITestSource {
  static func read(_ root: Markup.Element, for request: SidecarRequest) throws(BoxesError) -> Sidecar {
    let tops = root.name == "AppiumAUT" ? root.children : [root]
    guard let application = tops.first else {
      throw BoxesError(.xcuitest, root.place, .malformed("it lists no element; read the source again"))
    }
    var list = WidgetList(.xcuitest)
    for top in tops { try append(top, under: nil, to: &list) }
    let size = PointSize(width: list.widgets[0].width, height: list.widgets[0].height)
    let isAtOrigin = list.widgets[0].x == 0 && list.widgets[0].y == 0
    guard tops.count == 1 || request.boxScale != nil else {
      throw BoxesError(
        .xcuitest, tops[1].place,
        .unsupported("a source of several applications; keep the one that the picture shows"))
    }
    guard
      let scale = request.boxScale
        ?? (tops.count == 1 && isAtOrigin ? size.scale(to: request.displayed) : nil)
    else {
      throw BoxesError(
        .xcuitest, application.place,
        .otherSize(claimed: "an application of \(size) points", picture: request.displayed))
    }
    list.emptyHelpers(screen: size)
    let tree = try list.tree(scale: scale)
    guard tree.rects[0].maxX <= request.displayed.width + 1,
      tree.rects[0].maxY <= request.displayed.height + 1
    else {
      throw BoxesError(
        .xcuitest, application.place,
        .otherSize(claimed: "an application of \(size) points at the scale given", picture: request.displayed)
      )
    }
    var sidecar = Sidecar(
      tree: tree, size: nil, describesWholeWindows: true, format: BoxFormat.xcuitest.rawValue)
    if scale != 1 { sidecar.notes.append(Sidecar.scaleNote(scale)) }
    return sidecar
  }

  private static func append(
    _ element: Markup.Element, under parent: Int?, to list: inout WidgetList
  ) throws(BoxesError) {
    guard element.name.hasPrefix("XCUIElementType"), element["type"] ?? element.name == element.name else {
      throw BoxesError(
        .xcuitest, element.place, .unsupported("an element that is not an XCUIElementType, or has two types"))
    }
    // `name` is the identifier if the element has one, otherwise it repeats the label, which is text.
    let label = element["label"]
    let name = element["name"]
    // An empty label is not written; the name of a plain container is then its identifier.
    let mayLackLabel = ["XCUIElementTypeOther", "XCUIElementTypeWindow", "XCUIElementTypeGroup"].contains(
      element.name)
    let isIdentifier =
      name != nil && name != "" && name != label && name != element["value"] && (label != nil || mayLackLabel)
    let isHidden = ["false", "0"].contains(element["visible"])
    let box = try box(of: element, under: parent, isHidden: isHidden, in: list)
    let widget = Widget(
      id: isIdentifier ? name : nil, role: element.name, name: label ?? (isIdentifier ? nil : name) ?? "",
      x: box[0], y: box[1], width: box[2], height: box[3],
      parent: parent.map(Widget.Parent.index), states: try states(element), text: element["value"])
    let index = try list.append(widget, from: element.place, isHidden: isHidden)
    for child in element.children { try append(child, under: index, to: &list) }
  }

  private static func states(_ element: Markup.Element) throws(BoxesError) -> [String] {
    var states: [String] = []
    for name in ["enabled", "visible", "accessible", "focused", "selected", "hittable"] {
      switch element[name] {
      case "true", "1": states.append(name)
      case nil, "false", "0": break
      default: throw BoxesError(.xcuitest, element.place, .wrongType(name, expected: "true or false"))
      }
    }
    return states
  }

  /// Left, top, width, height. Elements that are scrolled out may have infinite or negative values.
  private static func box(
    of element: Markup.Element, under parent: Int?, isHidden: Bool, in list: WidgetList
  ) throws(BoxesError) -> [Double] {
    var box: [Double] = []
    for key in ["x", "y", "width", "height"] {
      guard let text = element[key] else { throw BoxesError(.xcuitest, element.place, .missing(key)) }
      if ["nan", "inf", "-inf", "infinity", "-infinity"].contains(text.lowercased()) { continue }
      // The largest number of a system stands for no number.
      if let number = Double(text), WidgetList.isEndless(number) { continue }
      guard let number = text.plainNumber else {
        throw BoxesError(.xcuitest, element.place, .badNumber(key, "is not a plain number"))
      }
      box.append(number)
    }
    guard box.count == 4 else {
      return try list.boxWithoutNumbers(under: parent, isHidden: isHidden, at: element.place)
    }
    guard parent != nil || box[2] >= 0 && box[3] >= 0 else {
      throw BoxesError(.xcuitest, element.place, .badNumber("its box", "has a negative size"))
    }
    return list.settled(box, under: parent)
  }
}
