/// The members of one JSON object, read strictly by key. A `null` counts as absent.
///
/// Keys are compared by their bytes: `é` as one code point differs from `é` as two. Callers ask for ASCII
/// keys only.
package struct JSONMembers: Sendable {
  package let all: [JSON.Member]
  /// Table of the first member of each key, if there are too many members for a linear search.
  private let places: [JSONKey: Int]

  /// Maximum number of members for which a linear search is faster than a table.
  private static let scanLimit = 24

  /// - Throws: if the value is not an object.
  package init(_ json: JSON) throws(JSONObjectError) {
    guard case .object(let members) = json else { throw .notAnObject(kind: json.kind) }
    all = members
    var places: [JSONKey: Int] = [:]
    if members.count > JSONMembers.scanLimit {
      places.reserveCapacity(members.count)
      for (index, member) in members.enumerated() where places[JSONKey(member.key)] == nil {
        places[JSONKey(member.key)] = index
      }
    }
    self.places = places
  }

  private func member(_ key: String) -> JSON.Member? {
    if all.count > JSONMembers.scanLimit { return places[JSONKey(key)].map { all[$0] } }
    for member in all where member.key.hasSameBytes(asASCII: key) { return member }
    return nil
  }

  /// The value of the key's first member; nil if it is absent or `null`.
  package subscript(key: String) -> JSON? {
    guard let value = member(key)?.value else { return nil }
    if case .null = value { return nil }
    return value
  }

  /// Whether the key is present with the value `null`.
  package func isNull(_ key: String) -> Bool {
    if case .null? = member(key)?.value { return true }
    return false
  }

  package func string(_ key: String) throws(JSONObjectError) -> String? { try self[key]?.string(at: key) }
  package func boolean(_ key: String) throws(JSONObjectError) -> Bool? { try self[key]?.boolean(at: key) }
  package func integer(_ key: String) throws(JSONObjectError) -> Int? { try self[key]?.integer(at: key) }
  package func list(_ key: String) throws(JSONObjectError) -> [JSON]? { try self[key]?.list(at: key) }
  package func strings(_ key: String) throws(JSONObjectError) -> [String]? { try self[key]?.strings(at: key) }

  package func number(_ key: String, limit: Double = .infinity) throws(JSONObjectError) -> Double? {
    try self[key]?.number(at: key, limit: limit)
  }

  package func numbers(_ key: String, limit: Double = .infinity) throws(JSONObjectError) -> [Double]? {
    try self[key]?.numbers(at: key, limit: limit)
  }

  package func required(_ key: String, limit: Double = .infinity) throws(JSONObjectError) -> Double {
    guard let value = try number(key, limit: limit) else { throw .missing(key) }
    return value
  }

  /// A number with two names, of which one may be given, or both if they agree.
  package func required(_ short: String, or long: String) throws(JSONObjectError) -> Double {
    let one = try number(short)
    let other = try number(long)
    if let one, let other, one != other { throw .contradiction(short, long) }
    guard let value = one ?? other else { throw .missing(short) }
    return value
  }

  /// Refuses repeated keys.
  package func checkKeysDiffer() throws(JSONObjectError) {
    for (index, member) in all.enumerated() {
      let isFirst =
        all.count > JSONMembers.scanLimit
        ? places[JSONKey(member.key)] == index
        : !all[..<index].contains { $0.key.hasSameBytes(as: member.key) }
      guard isFirst else { throw .repeated(member.key) }
    }
  }

  /// Refuses unknown keys and repeated keys.
  package func checkKeys(among known: [String]) throws(JSONObjectError) {
    for (index, member) in all.enumerated() {
      guard known.contains(where: { member.key.hasSameBytes(asASCII: $0) }) else {
        throw .unknownKey(member.key)
      }
      guard !all[..<index].contains(where: { $0.key.hasSameBytes(as: member.key) }) else {
        throw .repeated(member.key)
      }
    }
  }

  /// Refuses a repeated known key, and a NaN or infinite number under an unknown key. At most 64 known
  /// keys.
  package func checkRest(_ known: [String]) throws(JSONObjectError) {
    precondition(known.count <= 64, "each key takes one bit of a 64-bit word")
    var seen: UInt64 = 0
    for member in all {
      if let index = known.firstIndex(where: { member.key.hasSameBytes(asASCII: $0) }) {
        guard seen & 1 << index == 0 else { throw .repeated(member.key) }
        seen |= 1 << index
      } else if member.value.holdsNonFinite {
        throw .notFinite(member.key)
      }
    }
  }
}
