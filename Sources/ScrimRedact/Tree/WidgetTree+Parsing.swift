package import ScrimJSON

extension WidgetTree {
  /// Reads `{"widgets":[…],"windows":[…],"box_scale":…}`; other keys are informative.
  ///
  /// - Throws: ``WidgetError`` for the first invalid widget, or with culprit `tree`.
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
    let fields: JSONMembers
    let scale: Double
    do throws(JSONObjectError) { fields = try JSONMembers(json) } catch {
      throw WidgetError(.tree, reading: error)
    }
    guard let list = fields["widgets"] else { throw WidgetError(.tree, .missing("widgets")) }
    let widgets = try Widget.list(list)
    let windows = try fields["windows"].map(Window.list) ?? []
    do throws(JSONObjectError) {
      scale = try fields.number("box_scale") ?? 1
    } catch { throw WidgetError(.tree, reading: error) }
    try self.init(widgets: widgets, windows: windows, boxScale: scale)
    do throws(JSONObjectError) {
      try fields.checkRest(["widgets", "windows", "box_scale"])
    } catch { throw WidgetError(.tree, reading: error) }
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
      var culprit = WidgetError.Culprit.widget(id: nil, index: index)
      let fields: JSONMembers
      do throws(JSONObjectError) {
        fields = try JSONMembers(item)
        let id = try fields.string("id")
        culprit = .widget(id: id, index: index)
        widgets.append(try Widget(fields, id: id, under: parent, of: widgets))
      } catch { throw WidgetError(culprit, reading: error) }
      switch fields["children"] {
      case nil: break
      case .array(let children): try append(children, under: index, to: &widgets)
      default: throw WidgetError(culprit, .wrongType("children", expected: "a list"))
      }
    }
  }

  private init(
    _ fields: JSONMembers, id: String?, under enclosing: Int?, of widgets: [Widget]
  ) throws(JSONObjectError) {
    let named = try fields.string("parent")
    var parent = named.map(Parent.id)
    if let enclosing {
      if let named, widgets[enclosing].id?.hasSameBytes(as: named) != true {
        throw .contradiction("parent", "the widget around it")
      }
      parent = .index(enclosing)
    }
    guard let role = try fields.string("role") else { throw .missing("role") }
    self.init(
      id: id, role: role, name: try fields.string("name") ?? "",
      x: try fields.required("x"), y: try fields.required("y"),
      width: try fields.required("w", or: "width"), height: try fields.required("h", or: "height"),
      parent: parent, states: try fields.strings("states") ?? [], text: try fields.string("text"),
      mark: try fields.boolean("mask").map { Mark(masks: $0) })
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
      var culprit = WidgetError.Culprit.window(xid: nil, index: index)
      do throws(JSONObjectError) {
        let fields = try JSONMembers(item)
        let xid = try fields.integer("xid")
        culprit = .window(xid: xid, index: index)
        windows.append(
          Window(
            xid: xid, x: try fields.required("x"), y: try fields.required("y"),
            width: try fields.required("w", or: "width"), height: try fields.required("h", or: "height"),
            frameExtents: try extents("frame_extents", of: fields),
            shadowExtents: try extents("gtk_frame_extents", of: fields),
            isManaged: try fields.boolean("managed") ?? true))
        try fields.checkRest(keys)
      } catch { throw WidgetError(culprit, reading: error) }
    }
    return windows
  }

  private static let keys = [
    "xid", "x", "y", "w", "h", "width", "height", "frame_extents", "gtk_frame_extents", "managed",
  ]

  private static func extents(_ key: String, of fields: JSONMembers) throws(JSONObjectError) -> Extents? {
    guard let value = fields[key] else { return nil }
    let fault = value.fault(at: key, expected: "four whole numbers: left, right, top, bottom")
    guard case .array(let items) = value, items.count == 4 else { throw fault }
    var sides: [Int] = []
    for item in items {
      guard case .number(let side) = item else { throw fault }
      guard side.isFinite else { throw .notFinite(key) }
      guard abs(side) < 0x1p53, let whole = Int(exactly: side) else { throw fault }
      sides.append(whole)
    }
    return Extents(left: sides[0], right: sides[1], top: sides[2], bottom: sides[3])
  }
}

extension WidgetError {
  fileprivate init(_ culprit: Culprit, reading fault: JSONObjectError) { self.init(culprit, Fault(fault)) }
}

extension WidgetError.Fault {
  init(_ fault: JSONObjectError) {
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
