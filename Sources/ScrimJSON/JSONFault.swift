/// What is wrong with an object of JSON or with a member of it. Callers make their own errors of it (``JSONContext``).
package enum JSONFault: Error, Hashable, Sendable {
  /// A value of this kind where an object should be.
  case notAnObject(kind: String)
  case missing(String)
  case wrongType(String, expected: String, kind: String)
  /// NaN or infinite.
  case notFinite(String)
  /// Larger than the context's ``JSONContext/numberLimit``.
  case outOfRange(String)
  /// Below zero where a size is meant.
  case negative(String)
  case repeated(String)
  /// A key that the context doesn't have, where it takes no others.
  case unknownKey(String)
  /// Two members that say different things of one matter.
  case contradiction(String, String)
}

/// Where an object stands, and how its faults become the errors of its reader.
package protocol JSONContext {
  associatedtype Failure: Error

  /// Numbers are refused beyond it, on both sides of zero.
  var numberLimit: Double { get }
  func error(_ fault: JSONFault) -> Failure
}

extension JSONContext {
  package var numberLimit: Double { .infinity }
}
