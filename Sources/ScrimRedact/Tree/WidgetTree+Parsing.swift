package import ScrimJSON

extension WidgetTree {
  /// Reads `{"widgets":[…],"windows":[…],"box_scale":…}`; other keys are informative.
  ///
  /// - Throws: ``WidgetError`` for the first widget at fault, or with culprit `tree`.
  public init(json: [UInt8]) throws(WidgetError) {
    let object: JSON
    do {
      object = try JSON(json, acceptingNonFinite: true)
    } catch {
      throw WidgetError(.tree, .notJSON(error.description))
    }
    try self.init(object)
  }

  package init(_ json: JSON) throws(WidgetError) {
    let fields = try WidgetObject(json, in: .tree)
    guard let list = fields["widgets"] else { throw WidgetError(.tree, .missing("widgets")) }
    let widgets = try Widget.list(list)
    let windows = try fields["windows"].map(Window.list) ?? []
    try self.init(widgets: widgets, windows: windows, boxScale: fields.number("box_scale") ?? 1)
    try fields.checkRest(["widgets", "windows", "box_scale"])
  }
}

extension Widget {
  /// Reads a list of widgets, flat (`parent`) or nested (`children`); parents come before their children in the result.
  package static func list(_ json: JSON) throws(WidgetError) -> [Widget] {
    guard case .array(let items) = json else {
      throw WidgetError(.tree, .wrongType("widgets", expected: "a list"))
    }
    var widgets: [Widget] = []
    widgets.reserveCapacity(items.count)
    try append(items, under: nil, to: &widgets)
    return widgets
  }

  private static func append(
    _ items: [JSON], under parent: Int?, to widgets: inout [Widget]
  ) throws(WidgetError) {
    for item in items {
      let index = widgets.count
      var fields = try WidgetObject(item, in: .widget(id: nil, index: index))
      let id = try fields.string("id")
      fields.context = .widget(id: id, index: index)
      widgets.append(try Widget(fields, id: id, under: parent, of: widgets))
      switch fields["children"] {
      case nil: break
      case .array(let children): try append(children, under: index, to: &widgets)
      default: throw WidgetError(fields.context, .wrongType("children", expected: "a list"))
      }
    }
  }

  private init(
    _ fields: WidgetObject, id: String?, under enclosing: Int?, of widgets: [Widget]
  ) throws(WidgetError) {
    let named = try fields.string("parent")
    var parent = named.map(Parent.id)
    if let enclosing {
      if let named, widgets[enclosing].id?.hasSameBytes(as: named) != true {
        throw WidgetError(fields.context, .contradiction("parent", "the widget around it"))
      }
      parent = .index(enclosing)
    }
    guard let role = try fields.string("role") else { throw WidgetError(fields.context, .missing("role")) }
    self.init(
      id: id, role: role, name: try fields.string("name") ?? "",
      x: try fields.required("x"), y: try fields.required("y"),
      width: try fields.required("w", or: "width"), height: try fields.required("h", or: "height"),
      parent: parent, states: try fields.strings("states") ?? [], text: try fields.string("text"),
      mask: try fields.boolean("mask"))
    try fields.checkRest(Widget.keys)
  }

  private static let keys = [
    "id", "role", "name", "x", "y", "w", "h", "width", "height", "parent", "states", "text", "mask",
    "children",
  ]
}

extension Window {
  package static func list(_ json: JSON) throws(WidgetError) -> [Window] {
    guard case .array(let items) = json else {
      throw WidgetError(.tree, .wrongType("windows", expected: "a list"))
    }
    var windows: [Window] = []
    for (index, item) in items.enumerated() {
      var fields = try WidgetObject(item, in: .window(xid: nil, index: index))
      let xid = try fields.integer("xid")
      fields.context = .window(xid: xid, index: index)
      windows.append(
        Window(
          xid: xid, x: try fields.required("x"), y: try fields.required("y"),
          width: try fields.required("w", or: "width"), height: try fields.required("h", or: "height"),
          frameExtents: try fields.extents("frame_extents"),
          shadowExtents: try fields.extents("gtk_frame_extents"),
          isManaged: try fields.boolean("managed") ?? true))
      try fields.checkRest(keys)
    }
    return windows
  }

  private static let keys = [
    "xid", "x", "y", "w", "h", "width", "height", "frame_extents", "gtk_frame_extents", "managed",
  ]
}

/// What a widget, a window or a line of a capture is read from.
typealias WidgetObject = JSONObject<WidgetError.Culprit>

extension WidgetError.Culprit: JSONContext {
  package func error(_ fault: JSONFault) -> WidgetError {
    WidgetError(self, WidgetError.Fault(fault))
  }
}

extension WidgetError.Fault {
  fileprivate init(_ fault: JSONFault) {
    switch fault {
    case .notAnObject: self = .wrongType("it", expected: "an object")
    case .missing(let key): self = .missing(key)
    case .wrongType(let key, let expected, _): self = .wrongType(key, expected: expected)
    case .notFinite(let key): self = .notFinite(WidgetError.printable(key))
    case .outOfRange(let key): self = .outOfRange(key)
    case .negative(let key): self = .negative(key)
    case .repeated(let key), .unknownKey(let key): self = .repeatedKey(key)
    case .contradiction(let one, let other): self = .contradiction(one, other)
    }
  }
}

extension JSONObject<WidgetError.Culprit> {
  fileprivate func extents(_ key: String) throws(WidgetError) -> Window.Extents? {
    guard let field = field(key) else { return nil }
    let expected = "four whole numbers: left, right, top, bottom"
    guard case .array(let items) = field.value, items.count == 4 else { throw field.wrongType(expected) }
    var sides: [Int] = []
    for item in items {
      guard case .number(let side) = item else { throw field.wrongType(expected) }
      guard side.isFinite else { throw context.error(.notFinite(key)) }
      guard abs(side) < 0x1p53, let whole = Int(exactly: side) else { throw field.wrongType(expected) }
      sides.append(whole)
    }
    return Window.Extents(left: sides[0], right: sides[1], top: sides[2], bottom: sides[3])
  }
}
