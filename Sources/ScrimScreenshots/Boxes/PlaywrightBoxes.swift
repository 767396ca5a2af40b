import ScrimImage
import ScrimJSON
import ScrimRedact

/// Nodes with a role and a box from Playwright's `boundingBox()` or `getBoundingClientRect()`, in a list or
/// a tree.
enum PlaywrightBoxes {
  static func read(_ json: JSON, for request: SidecarRequest) throws(BoxesError) -> Sidecar {
    var list = WidgetList(.playwright)
    var page = PageScale()
    var isTree = false
    if case .array(let nodes) = json {
      isTree = try append(nodes, at: "node", under: nil, to: &list)
    } else {
      let root = try BoxObject(json, .playwright, "the outermost object")
      page = try PageScale(root)
      if root["role"] != nil {
        // A page without elements is a page.
        isTree = try append([json], at: "node", under: nil, to: &list) || root["children"] != nil
      } else {
        isTree = try append(try root.list("nodes") ?? [], at: "node", under: nil, to: &list)
      }
    }
    guard !list.widgets.isEmpty else {
      throw BoxesError(.playwright, "the file", .malformed("it lists no node; give the nodes of the page"))
    }
    let scale = try page.scale(for: request, .playwright)
    if isTree {
      try page.checkRoot(of: list.widgets, scale, request, .playwright)
      list.emptyHelpers(screen: page.screen(for: request, at: scale))
    }
    return try page.sidecar(list.tree(scale: scale), scale, request, .playwright, isTree: isTree)
  }

  /// - Returns: whether any node has children: a tree describes a page, a list describes some places in
  ///   it.
  private static func append(
    _ nodes: [JSON], at place: String, under parent: Int?, to list: inout WidgetList
  ) throws(BoxesError) -> Bool {
    var isTree = false
    for (number, json) in nodes.enumerated() {
      let node = try BoxObject(json, .playwright, "\(place) \(number)")
      guard let role = try node.string("role") else { throw node.fault(.missing("role")) }
      let box = list.settled(try box(of: node), under: parent)
      let isHidden =
        try node.boolean("visible") == false
        || ["opacity", "alpha"].contains { node[$0] == .number(0) || node[$0] == .string("0") }
      let widget = Widget(
        id: try node.string("id"), role: role, name: try node.string("name") ?? "", x: box[0], y: box[1],
        width: box[2], height: box[3], parent: parent.map(Widget.Parent.index), states: try states(node),
        text: try text(node), mark: try node.boolean("mask").map { Mark(masks: $0) })
      let index = try list.append(widget, from: node.place, isHidden: isHidden)
      guard let children = try node.list("children"), !children.isEmpty else { continue }
      isTree = true
      _ = try append(children, at: "\(node.place).", under: index, to: &list)
    }
    return isTree
  }

  /// Whether a JSON value has keys of a node.
  static func isNode(_ json: JSON) -> Bool {
    json["role"] != nil || boxKeys.contains { json[$0] != nil }
  }

  private static let boxKeys = ["boundingBox", "box", "bounds", "rect"]

  /// `boundingBox()` gives `null` for an element that isn't visible: it has no pixels.
  private static func box(of node: BoxObject) throws(BoxesError) -> [Double] {
    let given = boxKeys.filter { node[$0] != nil || node.isNull($0) }
    guard let key = given.first else { throw node.fault(.missing("boundingBox")) }
    guard given.count == 1 else { throw node.fault(.repeated("the box")) }
    guard let box = try node.object(key) else { return [0, 0, 0, 0] }
    return [
      try box.required("x"), try box.required("y"), try box.required("width"), try box.required("height"),
    ]
  }

  private static let stateKeys = [
    "checked", "disabled", "editable", "expanded", "focused", "modal", "multiline", "multiselectable",
    "password",
    "pressed", "protected", "readonly", "required", "selected",
  ]

  private static func states(_ node: BoxObject) throws(BoxesError) -> [String] {
    var states: [String] = []
    for item in try node.list("states") ?? [] {
      guard case .string(let state) = item else {
        throw node.fault(.wrongType("states", expected: "a list of strings"))
      }
      states.append(state)
    }
    for key in stateKeys {
      switch node[key] {
      case nil, .bool(false): break
      case .bool(true), .string("mixed"): states.append(key)
      default: throw node.fault(.wrongType(key, expected: "true or false"))
      }
    }
    // The `type` of an input.
    if try node.string("type")?.lowercased() == "password" { states.append("password") }
    return states
  }

  private static func text(_ node: BoxObject) throws(BoxesError) -> String? {
    if let text = try node.string("text") { return text }
    if case .string(let value) = node["value"] { return value }
    return nil
  }
}

/// A page's size and its number of pixels per CSS pixel.
struct PageScale {
  var viewport: PointSize?
  var deviceScale: Double?

  init() {}

  init(_ root: BoxObject) throws(BoxesError) {
    if let viewport = try root.object("viewport") {
      self.viewport = PointSize(width: try viewport.size("width"), height: try viewport.size("height"))
    }
    deviceScale = try root.number("deviceScaleFactor")
    guard deviceScale ?? 1 > 0 else {
      throw root.fault(.badNumber("deviceScaleFactor", "must be above zero"))
    }
  }

  /// The scale given by the user, the file, or the viewport's size. At that scale a viewport must fit the
  /// picture.
  func scale(for request: SidecarRequest, _ format: BoxFormat) throws(BoxesError) -> Double {
    let said = request.boxScale ?? deviceScale
    guard let viewport else {
      guard let said else { throw BoxesError(format, "the file", .scaleUnknown) }
      return said
    }
    let found =
      said.map { viewport.isViewport(of: request.displayed, at: $0) ? $0 : nil }
      ?? viewport.scale(to: request.displayed)
    guard let found else {
      let suffix = said.map { " at \($0) pixels each" } ?? ""
      throw BoxesError(
        format, "viewport",
        .otherSize(
          claimed: "\(viewport) CSS pixels\(suffix) (of a full-page picture give the page's size)",
          picture: request.displayed))
    }
    return found
  }

  /// In CSS pixels.
  func screen(for request: SidecarRequest, at scale: Double) -> PointSize {
    viewport
      ?? PointSize(
        width: Double(request.displayed.width) / scale, height: Double(request.displayed.height) / scale)
  }

  /// Width of a scroll bar in CSS pixels, which a page's root may lack.
  private static let scrollBar = 20.0

  /// Without a viewport, the size of the tree shows whether it is of a picture of this size: a page's root
  /// spans the picture's width, and the bounds of all boxes don't fit the picture at another scale.
  func checkRoot(
    of widgets: [Widget], _ scale: Double, _ request: SidecarRequest, _ format: BoxFormat
  ) throws(BoxesError) {
    guard viewport == nil, request.boxScale == nil else { return }
    let roots = widgets.filter { widget in
      widget.parent == nil && widget.width > 0 && widget.height > 0
        && (widget.role.name.hasPrefix("document") || widget.role.name == "application")
    }
    var bounds = Extent()
    for widget in widgets where widget.width > 0 && widget.height > 0 {
      bounds.add(x: widget.x, y: widget.y, width: widget.width, height: widget.height)
    }
    let all = PointSize(width: bounds.isEmpty ? 0 : bounds.maxX, height: bounds.isEmpty ? 0 : bounds.maxY)
    let other = all.scale(to: request.displayed)
    let isAtOther = other.map { abs($0 - scale) > 0.02 * scale } ?? false
    let width = Double(request.displayed.width) / scale - PageScale.scrollBar
    guard !isAtOther, roots.isEmpty || roots.contains(where: { $0.x + $0.width >= width }) else {
      let root = roots.first.map { PointSize(width: $0.width, height: $0.height) } ?? all
      throw BoxesError(
        format, "the file",
        .otherSize(
          claimed: "a page of \(root) CSS pixels at \(scale) pixels each", picture: request.displayed))
    }
  }

  /// - Parameter scale: at which the viewport fits, so that boxes refer to the picture itself.
  func sidecar(
    _ tree: WidgetTree, _ scale: Double, _ request: SidecarRequest, _ format: BoxFormat, isTree: Bool
  ) throws(BoxesError) -> Sidecar {
    if let fault = tree.mismatch(with: request.displayed, isList: !isTree) {
      throw BoxesError(format, "the file", fault)
    }
    var sidecar = Sidecar(
      tree: tree, size: viewport == nil ? nil : request.displayed, describesWholeWindows: isTree,
      format: format.rawValue)
    if scale != 1 { sidecar.notes.append(Sidecar.scaleNote(scale)) }
    return sidecar
  }
}
