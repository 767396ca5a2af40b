/// A JSON value that keeps what Foundation's decoder hides but masking needs: repeated keys, and numbers
/// that are not finite (Python writes a bare `NaN`), so that an error can name the widget that holds one.
///
/// Members keep their order and repetitions. Strings hold no lone surrogates: U+FFFD replaces one.
package enum JSON: Equatable, Sendable {
  case null
  case bool(Bool)
  case number(Double)
  /// A number with all its digits, if the reader was asked to keep them: a `Double` holds 15 to 17.
  case digits(String)
  case string(String)
  case array([JSON])
  case object([Member])

  package struct Member: Equatable, Sendable {
    package var key: String
    package var value: JSON

    package init(_ key: String, _ value: JSON) {
      self.key = key
      self.value = value
    }
  }

  /// Maximum nesting depth, so that no input can exhaust the stack.
  package static let depthLimit = 512

  /// Reads one value; nothing may follow it.
  ///
  /// - Parameter acceptingNonFinite: accepts `NaN`, `Infinity` and numbers too large for a `Double`; the
  ///   caller must refuse them itself.
  /// - Parameter keepingDigits: returns each number as ``digits(_:)``.
  package init(
    _ bytes: [UInt8], acceptingNonFinite: Bool = false, keepingDigits: Bool = false
  ) throws(JSONError) {
    var reader = JSONReader(
      bytes: bytes, acceptingNonFinite: acceptingNonFinite, keepingDigits: keepingDigits)
    self = try reader.readDocument()
  }

  /// The value of the key's first member.
  package subscript(key: String) -> JSON? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key == key }?.value
  }

  /// Whether the value contains a number that is NaN or infinite.
  package var holdsNonFinite: Bool {
    switch self {
    case .null, .bool, .string, .digits: false
    case .number(let value): !value.isFinite
    case .array(let items): items.contains { $0.holdsNonFinite }
    case .object(let members): members.contains { $0.value.holdsNonFinite }
    }
  }

  /// The kind of value, for messages.
  package var kind: String {
    switch self {
    case .null: "null"
    case .bool: "a boolean"
    case .number, .digits: "a number"
    case .string: "a string"
    case .array: "a list"
    case .object: "an object"
    }
  }
}

/// Why bytes are not JSON, and where.
package struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
  package var offset: Int
  package var expected: String

  package var description: String { "not JSON at byte \(offset): \(expected)" }
}
