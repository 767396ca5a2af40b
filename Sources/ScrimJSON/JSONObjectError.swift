/// An error in a JSON object or in one of its members. Callers convert it to their own errors
/// (``JSONContext``).
package enum JSONObjectError: Error, Hashable, Sendable {
  /// A value of this kind instead of an object.
  case notAnObject(kind: String)
  case missing(String)
  case wrongType(String, expected: String, kind: String)
  /// NaN or infinite.
  case notFinite(String)
  /// Larger than the context's ``JSONContext/numberLimit``.
  case outOfRange(String)
  /// A negative number for a size.
  case negative(String)
  case repeated(String)
  /// An unknown key, in a context that accepts known keys only.
  case unknownKey(String)
  /// Two members that contradict each other.
  case contradiction(String, String)
}

/// Where an object is located, and how its faults become the errors of its reader.
package protocol JSONContext {
  associatedtype Failure: Error

  /// Largest accepted magnitude of a number.
  var numberLimit: Double { get }
  func error(_ fault: JSONObjectError) -> Failure
}

extension JSONContext {
  package var numberLimit: Double { .infinity }
}
