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
    let fields = try Fields(json, of: .tree)
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
      var fields = try Fields(item, of: .widget(id: nil, index: index))
      let id = try fields.string("id")
      fields.culprit = .widget(id: id, index: index)
      widgets.append(try Widget(fields, id: id, under: parent, of: widgets))
      switch fields["children"] {
      case nil: break
      case .array(let children): try append(children, under: index, to: &widgets)
      default: throw WidgetError(fields.culprit, .wrongType("children", expected: "a list"))
      }
    }
  }

  private init(
    _ fields: Fields, id: String?, under enclosing: Int?, of widgets: [Widget]
  ) throws(WidgetError) {
    let named = try fields.string("parent")
    var parent = named.map(Parent.id)
    if let enclosing {
      if let named, named != widgets[enclosing].id {
        throw WidgetError(fields.culprit, .contradiction("parent", "the widget around it"))
      }
      parent = .index(enclosing)
    }
    guard let role = try fields.string("role") else { throw WidgetError(fields.culprit, .missing("role")) }
    self.init(
      id: id, role: role, name: try fields.string("name") ?? "",
      x: try fields.required("x"), y: try fields.required("y"),
      width: try fields.size("w", "width"), height: try fields.size("h", "height"),
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
      var fields = try Fields(item, of: .window(xid: nil, index: index))
      let xid = try fields.integer("xid")
      fields.culprit = .window(xid: xid, index: index)
      windows.append(
        Window(
          xid: xid, x: try fields.required("x"), y: try fields.required("y"),
          width: try fields.size("w", "width"), height: try fields.size("h", "height"),
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

/// The members of one object, read strictly. A `null` counts as absent.
struct Fields {
  var culprit: WidgetError.Culprit
  private let members: [JSON.Member]

  init(_ json: JSON, of culprit: WidgetError.Culprit) throws(WidgetError) {
    guard case .object(let members) = json else {
      throw WidgetError(culprit, .wrongType("it", expected: "an object"))
    }
    self.members = members
    self.culprit = culprit
  }

  subscript(key: String) -> JSON? {
    for member in members where member.key == key {
      if case .null = member.value { return nil }
      return member.value
    }
    return nil
  }

  private func fault(_ fault: WidgetError.Fault) -> WidgetError { WidgetError(culprit, fault) }

  func string(_ key: String) throws(WidgetError) -> String? {
    switch self[key] {
    case nil: return nil
    case .string(let value): return value
    default: throw fault(.wrongType(key, expected: "a string"))
    }
  }

  func boolean(_ key: String) throws(WidgetError) -> Bool? {
    switch self[key] {
    case nil: return nil
    case .bool(let value): return value
    default: throw fault(.wrongType(key, expected: "true or false"))
    }
  }

  func number(_ key: String) throws(WidgetError) -> Double? {
    switch self[key] {
    case nil: return nil
    case .number(let value):
      guard value.isFinite else { throw fault(.notFinite(key)) }
      return value
    default: throw fault(.wrongType(key, expected: "a number"))
    }
  }

  func integer(_ key: String) throws(WidgetError) -> Int? {
    guard let value = try number(key) else { return nil }
    guard abs(value) < 0x1p53, let whole = Int(exactly: value) else {
      throw fault(.wrongType(key, expected: "a whole number"))
    }
    return whole
  }

  func required(_ key: String) throws(WidgetError) -> Double {
    guard let value = try number(key) else { throw fault(.missing(key)) }
    return value
  }

  /// A number that has two names.
  func size(_ short: String, _ long: String) throws(WidgetError) -> Double {
    let one = try number(short)
    let other = try number(long)
    if let one, let other, one != other { throw fault(.contradiction(short, long)) }
    guard let value = one ?? other else { throw fault(.missing(short)) }
    return value
  }

  func strings(_ key: String) throws(WidgetError) -> [String]? {
    guard let value = self[key] else { return nil }
    let expected = WidgetError.Fault.wrongType(key, expected: "a list of strings")
    guard case .array(let items) = value else { throw fault(expected) }
    var strings: [String] = []
    strings.reserveCapacity(items.count)
    for item in items {
      guard case .string(let string) = item else { throw fault(expected) }
      strings.append(string)
    }
    return strings
  }

  func extents(_ key: String) throws(WidgetError) -> Window.Extents? {
    guard let value = self[key] else { return nil }
    let expected = WidgetError.Fault.wrongType(key, expected: "four whole numbers: left, right, top, bottom")
    guard case .array(let items) = value, items.count == 4 else { throw fault(expected) }
    var sides: [Int] = []
    for item in items {
      guard case .number(let side) = item else { throw fault(expected) }
      guard side.isFinite else { throw fault(.notFinite(key)) }
      guard abs(side) < 0x1p53, let whole = Int(exactly: side) else { throw fault(expected) }
      sides.append(whole)
    }
    return Window.Extents(left: sides[0], right: sides[1], top: sides[2], bottom: sides[3])
  }

  /// Refuses a known key given twice, and a number that is none under any other key.
  func checkRest(_ known: [String]) throws(WidgetError) {
    var seen: UInt64 = 0
    for member in members {
      if let index = known.firstIndex(of: member.key) {
        guard seen & 1 << index == 0 else { throw fault(.repeatedKey(member.key)) }
        seen |= 1 << index
      } else if member.value.holdsNonFinite {
        throw fault(.notFinite(WidgetError.printable(member.key)))
      }
    }
  }
}
