/// The members of one JSON object, read strictly by key. A `null` counts as absent.
///
/// Keys are compared by their bytes: `é` in one code point is another key than `é` in two.
package struct JSONObject<Context: JSONContext> {
  package var context: Context
  package let members: [JSON.Member]
  /// The first member of each key, where there are so many that looking through them takes too long.
  private let places: [JSONKey: Int]

  /// - Throws: the context's error, where the value is no object.
  package init(_ json: JSON, in context: Context) throws(Context.Failure) {
    guard case .object(let members) = json else {
      throw context.error(.notAnObject(kind: json.kind))
    }
    self.members = members
    self.context = context
    var places: [JSONKey: Int] = [:]
    if members.count > JSONObject.scanLimit {
      places.reserveCapacity(members.count)
      for (index, member) in members.enumerated() where places[JSONKey(member.key)] == nil {
        places[JSONKey(member.key)] = index
      }
    }
    self.places = places
  }

  /// Members up to which a look through all of them is faster than a table.
  private static var scanLimit: Int { 24 }

  private func member(_ key: String) -> JSON.Member? {
    if members.count > JSONObject.scanLimit { return places[JSONKey(key)].map { members[$0] } }
    for member in members where member.key.hasSameBytes(as: key) { return member }
    return nil
  }

  package var keys: [String] { members.map(\.key) }

  /// The value of the first member of that key; nil where there is none, or `null`.
  package subscript(key: String) -> JSON? {
    guard let value = member(key)?.value else { return nil }
    if case .null = value { return nil }
    return value
  }

  /// Whether the key is there with the value `null`.
  package func isNull(_ key: String) -> Bool {
    if case .null? = member(key)?.value { return true }
    return false
  }

  package func field(_ key: String) -> JSONField<Context>? {
    self[key].map { JSONField(key: key, value: $0, context: context) }
  }

  package func string(_ key: String) throws(Context.Failure) -> String? { try field(key)?.string() }
  package func boolean(_ key: String) throws(Context.Failure) -> Bool? { try field(key)?.boolean() }
  package func number(_ key: String) throws(Context.Failure) -> Double? { try field(key)?.number() }
  package func integer(_ key: String) throws(Context.Failure) -> Int? { try field(key)?.integer() }
  package func list(_ key: String) throws(Context.Failure) -> [JSON]? { try field(key)?.list() }

  package func required(_ key: String) throws(Context.Failure) -> Double {
    guard let value = try number(key) else { throw context.error(.missing(key)) }
    return value
  }

  /// A number of zero or more.
  package func size(_ key: String) throws(Context.Failure) -> Double {
    let value = try required(key)
    guard value >= 0 else { throw context.error(.negative(key)) }
    return value
  }

  /// A number that has two names, of which one may be given, or both if they agree.
  package func required(_ short: String, or long: String) throws(Context.Failure) -> Double {
    let one = try number(short)
    let other = try number(long)
    if let one, let other, one != other { throw context.error(.contradiction(short, long)) }
    guard let value = one ?? other else { throw context.error(.missing(short)) }
    return value
  }

  package func numbers(_ key: String) throws(Context.Failure) -> [Double]? { try field(key)?.numbers() }

  package func strings(_ key: String) throws(Context.Failure) -> [String]? {
    guard let field = field(key) else { return nil }
    guard case .array(let items) = field.value else { throw field.wrongType("a list of strings") }
    var strings: [String] = []
    strings.reserveCapacity(items.count)
    for item in items {
      guard case .string(let string) = item else { throw field.wrongType("a list of strings") }
      strings.append(string)
    }
    return strings
  }

  /// Refuses every key that is given twice.
  package func checkKeysDiffer() throws(Context.Failure) {
    for (index, member) in members.enumerated() {
      let isFirst =
        members.count > JSONObject.scanLimit
        ? places[JSONKey(member.key)] == index
        : !members[..<index].contains { $0.key.hasSameBytes(as: member.key) }
      guard isFirst else { throw context.error(.repeated(member.key)) }
    }
  }

  /// Refuses keys other than the known ones, and those that are given twice.
  package func checkKeys(among known: [String]) throws(Context.Failure) {
    for (index, member) in members.enumerated() {
      guard known.contains(where: { $0.hasSameBytes(as: member.key) }) else {
        throw context.error(.unknownKey(member.key))
      }
      guard !members[..<index].contains(where: { $0.key.hasSameBytes(as: member.key) }) else {
        throw context.error(.repeated(member.key))
      }
    }
  }

  /// Refuses a known key given twice, and a number that is NaN or infinite under any other. At most 64 known keys.
  package func checkRest(_ known: [String]) throws(Context.Failure) {
    precondition(known.count <= 64, "a bit of a word stands for each key")
    var seen: UInt64 = 0
    for member in members {
      if let index = known.firstIndex(where: { $0.hasSameBytes(as: member.key) }) {
        guard seen & 1 << index == 0 else { throw context.error(.repeated(member.key)) }
        seen |= 1 << index
      } else if member.value.holdsNonFinite {
        throw context.error(.notFinite(member.key))
      }
    }
  }
}

/// A value with its key, or its place in a list, for messages.
package struct JSONField<Context: JSONContext> {
  /// As in `bbox`, or `role[0]`.
  package let key: String
  package let value: JSON
  package let context: Context

  package init(key: String, value: JSON, context: Context) {
    self.key = key
    self.value = value
    self.context = context
  }

  package func wrongType(_ expected: String) -> Context.Failure {
    context.error(.wrongType(key, expected: expected, kind: value.kind))
  }

  package func string() throws(Context.Failure) -> String {
    guard case .string(let value) = value else { throw wrongType("a string") }
    return value
  }

  package func boolean() throws(Context.Failure) -> Bool {
    guard case .bool(let value) = value else { throw wrongType("true or false") }
    return value
  }

  package func number() throws(Context.Failure) -> Double {
    guard case .number(let value) = value else { throw wrongType("a number") }
    guard value.isFinite else { throw context.error(.notFinite(key)) }
    guard abs(value) <= context.numberLimit else { throw context.error(.outOfRange(key)) }
    return value
  }

  package func integer() throws(Context.Failure) -> Int {
    let value = try number()
    guard abs(value) < 0x1p53, let whole = Int(exactly: value) else { throw wrongType("a whole number") }
    return whole
  }

  package func list() throws(Context.Failure) -> [JSON] {
    guard case .array(let items) = value else { throw wrongType("a list") }
    return items
  }

  /// The items of a list, each with its place: `rules[2]`.
  package func items() throws(Context.Failure) -> [JSONField] {
    try list().enumerated().map { JSONField(key: "\(key)[\($0)]", value: $1, context: context) }
  }

  /// A list of numbers; what is wrong with one of them is said of the list.
  package func numbers() throws(Context.Failure) -> [Double] {
    var numbers: [Double] = []
    for item in try list() {
      numbers.append(try JSONField(key: key, value: item, context: context).number())
    }
    return numbers
  }
}

/// A key or an id by its bytes. Swift compares strings by what they look like: `é` is equal to `e` with an accent behind it.
package struct JSONKey: Hashable, Sendable {
  package let text: String

  package init(_ text: String) { self.text = text }

  package static func == (a: JSONKey, b: JSONKey) -> Bool { a.text.hasSameBytes(as: b.text) }

  /// Equal bytes make strings that Swift calls equal too, so their hashes are.
  package func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

extension String {
  /// Whether both are the same bytes of UTF-8.
  package func hasSameBytes(as other: String) -> Bool {
    self == other && utf8.count == other.utf8.count && (utf8.count < 2 || utf8.elementsEqual(other.utf8))
  }
}
