import ScrimJSON

/// Events of rrweb's format, as its players read them: type, time in whole milliseconds, data.
enum RRWebEvent {
  /// Node ids in the page of pictures.
  enum Node {
    static let body = 5
    /// The whole picture.
    static let picture = 6
    /// The first of the pictures laid over it.
    static let first = 7
  }

  /// The kinds of mouse and touch interaction.
  enum Interaction: Int {
    case mouseUp = 0
    case mouseDown = 1
    case click = 2
    case touchStart = 7
    case touchEnd = 9
  }

  static func meta(at time: Int64, width: Int, height: Int) -> JSON {
    event(4, at: time, ["href": "", "width": .integer(width), "height": .integer(height)])
  }

  /// A page that shows one picture.
  static func snapshot(at time: Int64, picture: JSON) -> JSON {
    let doctype: JSON = .members([
      "type": 1, "name": "html", "publicId": "", "systemId": "", "id": 2,
    ])
    let body = element(
      "body", Node.body, ["style": "margin:0;position:relative"], [picture])
    let html = element("html", 3, [:], [element("head", 4, [:], []), body])
    let document: JSON = .members(["type": 0, "childNodes": .array([doctype, html]), "id": 1])
    return event(2, at: time, ["node": document, "initialOffset": .members(["left": 0, "top": 0])])
  }

  /// A picture at its position over the earlier ones.
  static func image(_ id: Int, _ source: String, x: Int, y: Int, width: Int, height: Int) -> JSON {
    element(
      "img", id,
      [
        "src": .string(source), "width": .string(String(width)), "height": .string(String(height)),
        "style": .string("position:absolute;left:\(x)px;top:\(y)px;max-width:none"),
      ], [])
  }

  /// Adds a picture over the others.
  static func addition(of image: JSON, at time: Int64) -> JSON {
    let addition: JSON = .members(["parentId": .integer(Node.body), "nextId": .null, "node": image])
    return mutation(at: time, adds: [addition])
  }

  /// Replaces the whole picture, and removes the pictures over it.
  static func replacement(by source: String, removing ids: Range<Int>, at time: Int64) -> JSON {
    mutation(
      at: time,
      attributes: [
        .members(["id": .integer(Node.picture), "attributes": .members(["src": .string(source)])])
      ],
      removes: ids.map { .members(["parentId": .integer(Node.body), "id": .integer($0)]) })
  }

  private static func mutation(
    at time: Int64, attributes: [JSON] = [], removes: [JSON] = [], adds: [JSON] = []
  ) -> JSON {
    event(
      3, at: time,
      [
        "source": 0, "texts": .array([]), "attributes": .array(attributes), "removes": .array(removes),
        "adds": .array(adds),
      ])
  }

  /// Movements of the pointer, or of a finger, to a point.
  static func move(at time: Int64, x: Double, y: Double, isTouch: Bool, node: Int = Node.body) -> JSON {
    let point: JSON = .members([
      "x": .number(x), "y": .number(y), "id": .integer(node), "timeOffset": 0,
    ])
    return event(3, at: time, ["source": isTouch ? 6 : 1, "positions": .array([point])])
  }

  static func interaction(
    _ interaction: Interaction, at time: Int64, x: Double, y: Double, node: Int = Node.body
  ) -> JSON {
    event(
      3, at: time,
      [
        "source": 2, "type": .integer(interaction.rawValue), "id": .integer(node), "x": .number(x),
        "y": .number(y), "pointerType": interaction.rawValue >= 7 ? 2 : 0,
      ])
  }

  /// A custom event that players mark on their timeline, or that a special viewer reads.
  static func custom(_ tag: String, at time: Int64, _ payload: JSON) -> JSON {
    event(5, at: time, ["tag": .string(tag), "payload": payload])
  }

  private static func event(_ type: Int, at time: Int64, _ data: KeyValuePairs<String, JSON>) -> JSON {
    .members(["type": .integer(type), "timestamp": .integer(Int(time)), "data": .members(data)])
  }

  private static func element(
    _ tag: String, _ id: Int, _ attributes: KeyValuePairs<String, JSON>, _ children: [JSON]
  ) -> JSON {
    .members([
      "type": 2, "tagName": .string(tag), "attributes": .members(attributes),
      "childNodes": .array(children), "id": .integer(id),
    ])
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
  package init(stringLiteral value: String) { self = .string(value) }
  package init(integerLiteral value: Int) { self = .integer(value) }

  static func integer(_ value: Int) -> JSON { .number(Double(value)) }

  static func members(_ members: KeyValuePairs<String, JSON>) -> JSON {
    .object(members.map { Member($0.key, $0.value) })
  }
}
