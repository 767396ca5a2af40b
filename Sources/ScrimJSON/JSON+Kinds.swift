/// Typed access to a value. Faults name it by its key, or by its place in a list (`role[0]`).
extension JSON {
  package func fault(at key: String, expected: String) -> JSONObjectError {
    .wrongType(key, expected: expected, kind: kind)
  }

  package func string(at key: String) throws(JSONObjectError) -> String {
    guard case .string(let value) = self else { throw fault(at: key, expected: "a string") }
    return value
  }

  package func boolean(at key: String) throws(JSONObjectError) -> Bool {
    guard case .bool(let value) = self else { throw fault(at: key, expected: "true or false") }
    return value
  }

  /// A finite number.
  ///
  /// - Parameter limit: largest magnitude that is accepted.
  package func number(at key: String, limit: Double = .infinity) throws(JSONObjectError) -> Double {
    guard case .number(let value) = self else { throw fault(at: key, expected: "a number") }
    guard value.isFinite else { throw .notFinite(key) }
    guard abs(value) <= limit else { throw .outOfRange(key) }
    return value
  }

  package func integer(at key: String) throws(JSONObjectError) -> Int {
    let value = try number(at: key)
    guard abs(value) < 0x1p53, let whole = Int(exactly: value) else {
      throw fault(at: key, expected: "a whole number")
    }
    return whole
  }

  package func list(at key: String) throws(JSONObjectError) -> [JSON] {
    guard case .array(let items) = self else { throw fault(at: key, expected: "a list") }
    return items
  }

  /// A list of numbers; a fault in one of them is reported for the list.
  package func numbers(at key: String, limit: Double = .infinity) throws(JSONObjectError) -> [Double] {
    try list(at: key).map { item throws(JSONObjectError) in try item.number(at: key, limit: limit) }
  }

  package func strings(at key: String) throws(JSONObjectError) -> [String] {
    let expected = "a list of strings"
    guard case .array(let items) = self else { throw fault(at: key, expected: expected) }
    var strings: [String] = []
    strings.reserveCapacity(items.count)
    for item in items {
      guard case .string(let string) = item else { throw fault(at: key, expected: expected) }
      strings.append(string)
    }
    return strings
  }
}
