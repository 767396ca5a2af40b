import ScrimJSON
import ScrimRedact

/// The nodes of DevTools' `Accessibility.getFullAXTree` with the results of `DOM.getBoxModel`, keyed by
/// `backendDOMNodeId`.
enum ChromeTree {
  static func read(_ json: JSON, for request: SidecarRequest) throws(BoxesError) -> Sidecar {
    let root = try BoxObject(json, .chrome, "the outermost object")
    let page = try PageScale(root)
    guard let items = try root.list("nodes"), !items.isEmpty else { throw root.fault(.missing("nodes")) }
    guard let boxes = try root.object("boxes") else { throw root.fault(.missing("boxes")) }
    var nodes: [Node] = []
    // Chromium lists the text boxes of ::before and the like twice, identically.
    var listed: [String: JSON] = [:]
    for (index, item) in items.enumerated() {
      let node = try Node(try BoxObject(item, .chrome, "node \(index)"), boxes: boxes)
      if let same = listed.updateValue(item, forKey: node.id) {
        guard same == item else { throw BoxesError(.chrome, node.place, .repeated("nodeId")) }
      } else {
        nodes.append(node)
      }
    }
    var list = WidgetList(.chrome)
    try append(nodes, to: &list)
    guard !list.widgets.isEmpty else {
      throw root.fault(.malformed("none of its nodes has a box; give the boxes of all that are shown"))
    }
    let scale = try page.scale(for: request, .chrome)
    try page.checkRoot(of: list.widgets, scale, request, .chrome)
    list.emptyHelpers(screen: page.screen(for: request, at: scale))
    return try page.sidecar(list.tree(scale: scale), scale, request, .chrome, isTree: true)
  }

  /// Converts the nodes to widgets, each after its parent. The children of a node without a box get its
  /// parent.
  private static func append(_ nodes: [Node], to list: inout WidgetList) throws(BoxesError) {
    var byID: [String: Int] = [:]
    for (index, node) in nodes.enumerated() { byID[node.id] = index }
    var parents = [Int?](repeating: nil, count: nodes.count)
    for (index, node) in nodes.enumerated() {
      for id in node.childIDs {
        guard let child = byID[id] else {
          throw BoxesError(.chrome, node.place, .missing("one of the nodes that childIds names"))
        }
        guard parents[child] == nil || parents[child] == index else {
          throw BoxesError(.chrome, nodes[child].place, .malformed("it is the child of two nodes"))
        }
        parents[child] = index
      }
    }
    for (index, node) in nodes.enumerated() {
      // The parent of a subtree's root may be absent; a listed parent must list its child.
      guard let id = node.parentID, let parent = byID[id], parents[index] != parent else { continue }
      throw BoxesError(.chrome, node.place, .malformed("parentId and childIds contradict each other"))
    }
    // Breadth first from the roots: nodes that are never reached are on or below a cycle.
    var waiting: [(node: Int, parent: Int?, box: [Double]?)] = []
    for index in nodes.indices where parents[index] == nil { waiting.append((index, nil, nil)) }
    var next = 0
    while next < waiting.count {
      let (index, parent, around) = waiting[next]
      next += 1
      let node = nodes[index]
      var widget = parent
      let box = if let own = node.box { own } else { try node.boxWithout(around) }
      if let box {
        widget = try list.append(node.widget(box, under: parent), from: node.place)
      }
      var given: Set<Int> = []
      for id in node.childIDs {
        // A repeated child is in its parent's list as often as it is listed.
        if let child = byID[id], given.insert(child).inserted {
          waiting.append((child, widget, box ?? around))
        }
      }
    }
    guard waiting.count == nodes.count else {
      let reached = Set(waiting.map(\.node))
      let lost = nodes.indices.first { !reached.contains($0) } ?? 0
      throw BoxesError(.chrome, nodes[lost].place, .malformed("it is its own ancestor"))
    }
  }

  private struct Node {
    var place: String
    var id: String
    var childIDs: [String] = []
    var parentID: String?
    var isIgnored: Bool
    /// Whether it has no element of the page: columns of a table, parts of a control, text.
    var isVirtual = false
    var role: String
    var name: String
    var value: String?
    var states: [String] = []
    /// Nil if `boxes` has none for it.
    var box: [Double]?

    init(_ members: BoxObject, boxes: BoxObject) throws(BoxesError) {
      place = members.place
      id = try members.id("nodeId")
      parentID = try members.string("parentId")
      isIgnored = try members.boolean("ignored") ?? false
      guard let role = try Node.value("role", of: members) ?? (isIgnored ? "none" : nil) else {
        throw members.fault(.missing("role"))
      }
      self.role = role
      name = try Node.value("name", of: members) ?? ""
      value = try Node.value("value", of: members)
      for (index, item) in (try members.list("childIds") ?? []).enumerated() {
        guard case .string(let child) = item else {
          throw members.fault(.wrongType("childIds[\(index)]", expected: "a string"))
        }
        childIDs.append(child)
      }
      states = try Node.states(members)
      // For a password Chrome reports the length only.
      if let value, !value.isEmpty, value.unicodeScalars.allSatisfy({ $0 == "\u{2022}" }) {
        states.append("password")
      }
      isVirtual = members["backendDOMNodeId"] == nil
      guard !isVirtual else { return }
      let key = try members.id("backendDOMNodeId")
      if boxes.isNull(key) { box = [0, 0, 0, 0] }
      if let given = try boxes.object(key) { box = try Node.box(given) }
    }

    /// The text of an AXValue; values that are not strings (a slider's number) are ignored.
    private static func value(_ key: String, of members: BoxObject) throws(BoxesError) -> String? {
      guard let object = try members.object(key) else { return nil }
      if case .string(let value) = object["value"] { return value }
      return nil
    }

    private static func states(_ members: BoxObject) throws(BoxesError) -> [String] {
      var states: [String] = []
      for (index, item) in (try members.list("properties") ?? []).enumerated() {
        let property = try BoxObject(item, .chrome, "\(members.place), property \(index)")
        guard let name = try property.string("name") else { throw property.fault(.missing("name")) }
        guard let value = try property.object("value") else { continue }
        switch value["value"] {
        case .bool(true), .string("true"), .string("mixed"): states.append(name)
        case .string where name == "editable": states.append(name)
        default: break
        }
      }
      return states
    }

    /// The bounds of a box model's border quad, or a plain rectangle.
    private static func box(_ given: BoxObject) throws(BoxesError) -> [Double] {
      let model = try given.object("model") ?? given
      guard let quad = try model.numbers("border") else {
        return [
          try model.required("x"), try model.required("y"), try model.size("width"), try model.size("height"),
        ]
      }
      guard quad.count == 8 else { throw model.fault(.wrongType("border", expected: "eight numbers")) }
      let xs = stride(from: 0, to: 8, by: 2).map { quad[$0] }
      let ys = stride(from: 1, to: 8, by: 2).map { quad[$0] }
      let (left, top) = (xs.min() ?? 0, ys.min() ?? 0)
      return [left, top, (xs.max() ?? 0) - left, (ys.max() ?? 0) - top]
    }

    /// The box of a node without an entry: for text, which has no element of its own, that of its parent.
    func boxWithout(_ around: [Double]?) throws(BoxesError) -> [Double]? {
      if isIgnored { return nil }
      let isText = ["StaticText", "InlineTextBox", "LineBreak", "ListMarker"].contains(role)
      // A node without an element paints nothing itself, unless it has text and no children.
      if isVirtual, !isText, around != nil, name.isEmpty && value == nil || !childIDs.isEmpty { return nil }
      guard let around, isText || isVirtual else {
        throw BoxesError(
          .chrome, place,
          .missing("its box in boxes, by backendDOMNodeId, or null there if it isn't rendered;"))
      }
      return around
    }

    func widget(_ box: [Double], under parent: Int?) -> Widget {
      // In another node's box it must not count as a button that could be shown.
      let isPlaced = self.box != nil
      let role = isPlaced || Role(named: role)?.isControl != true ? role : "unknown"
      return Widget(
        role: role, name: name, x: box[0], y: box[1], width: box[2], height: box[3],
        parent: parent.map(Widget.Parent.index), states: states, text: value)
    }
  }
}
