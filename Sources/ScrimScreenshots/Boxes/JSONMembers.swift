import ScrimJSON
import ScrimRedact

/// The members of one object, each at most once. A `null` counts as absent.
struct JSONMembers {
  let format: BoxFormat
  /// For messages: lists and indices, no names.
  let place: String
  private let members: [String: JSON]

  init(_ json: JSON, _ format: BoxFormat, _ place: String) throws(BoxesError) {
    guard case .object(let list) = json else {
      throw BoxesError(format, place, .wrongType("it", expected: "an object, not \(json.kind)"))
    }
    var members: [String: JSON] = [:]
    members.reserveCapacity(list.count)
    for member in list {
      guard members.updateValue(member.value, forKey: member.key) == nil else {
        throw BoxesError(format, place, .repeated(printable(member.key)))
      }
    }
    self.members = members
    self.format = format
    self.place = place
  }

  func fault(_ fault: BoxesError.Fault) -> BoxesError { BoxesError(format, place, fault) }

  var keys: [String] { members.keys.sorted() }

  /// Whether the key is there with the value `null`.
  func isNull(_ key: String) -> Bool { members[key] == .null }

  subscript(key: String) -> JSON? {
    let value = members[key]
    return value == .null ? nil : value
  }

  func string(_ key: String) throws(BoxesError) -> String? {
    switch self[key] {
    case nil: return nil
    case .string(let value): return value
    default: throw fault(.wrongType(key, expected: "a string"))
    }
  }

  func boolean(_ key: String) throws(BoxesError) -> Bool? {
    switch self[key] {
    case nil: return nil
    case .bool(let value): return value
    default: throw fault(.wrongType(key, expected: "true or false"))
    }
  }

  func number(_ key: String) throws(BoxesError) -> Double? {
    guard let value = self[key] else { return nil }
    return try JSONMembers.number(value, key, fault)
  }

  func required(_ key: String) throws(BoxesError) -> Double {
    guard let value = try number(key) else { throw fault(.missing(key)) }
    return value
  }

  /// A number of zero or more.
  func size(_ key: String) throws(BoxesError) -> Double {
    let value = try required(key)
    guard value >= 0 else { throw fault(.badNumber(key, "is negative")) }
    return value
  }

  /// A whole number of pixels, one or more.
  func pixels(_ key: String) throws(BoxesError) -> Int {
    guard let value = Int(exactly: try required(key)), value > 0 else {
      throw fault(.badNumber(key, "must be a whole number of pixels"))
    }
    return value
  }

  /// An id of a string or a whole number, as text.
  func id(_ key: String) throws(BoxesError) -> String {
    switch self[key] {
    case nil: throw fault(.missing(key))
    case .string(let text): return text
    case .number(let number):
      guard number.isFinite, abs(number) < 0x1p53, let whole = Int(exactly: number) else {
        throw fault(.badNumber(key, "must be a whole number"))
      }
      return String(whole)
    default: throw fault(.wrongType(key, expected: "a whole number or a string"))
    }
  }

  func list(_ key: String) throws(BoxesError) -> [JSON]? {
    switch self[key] {
    case nil: return nil
    case .array(let items): return items
    default: throw fault(.wrongType(key, expected: "a list"))
    }
  }

  func object(_ key: String) throws(BoxesError) -> JSONMembers? {
    guard let value = self[key] else { return nil }
    return try JSONMembers(value, format, "\(place), \(key)")
  }

  /// A list of numbers.
  func numbers(_ key: String) throws(BoxesError) -> [Double]? {
    guard let items = try list(key) else { return nil }
    return try JSONMembers.numbers(items, key, fault)
  }

  static func numbers(
    _ items: [JSON], _ key: String, _ fault: (BoxesError.Fault) -> BoxesError
  ) throws(BoxesError) -> [Double] {
    var numbers: [Double] = []
    for item in items { numbers.append(try number(item, key, fault)) }
    return numbers
  }

  private static func number(
    _ json: JSON, _ key: String, _ fault: (BoxesError.Fault) -> BoxesError
  ) throws(BoxesError) -> Double {
    guard case .number(let value) = json else { throw fault(.wrongType(key, expected: "a number")) }
    guard value.isFinite else { throw fault(.badNumber(key, "is NaN or infinite")) }
    guard abs(value) <= Double(WidgetTree.coordinateLimit) else {
      throw fault(.badNumber(key, "is larger than any screen"))
    }
    return value
  }
}
