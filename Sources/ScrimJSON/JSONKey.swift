/// A key or an id, compared by its bytes. Swift compares strings by canonical equivalence: `é` equals `e`
/// with a combining accent.
package struct JSONKey: Hashable, Sendable {
  package let text: String

  @inlinable package init(_ text: String) { self.text = text }

  @inlinable package static func == (a: JSONKey, b: JSONKey) -> Bool { a.text.hasSameBytes(as: b.text) }

  /// Strings with equal bytes are equal in Swift too, so their hashes agree.
  @inlinable package func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

extension String {
  /// Whether both have the same bytes, if the other is ASCII. A string that Swift calls equal to an ASCII
  /// string but that differs is longer (U+212A KELVIN SIGN and K), so no byte has to be compared twice.
  @inlinable package func hasSameBytes(asASCII other: String) -> Bool {
    self == other && utf8.count == other.utf8.count
  }

  /// Whether both have the same UTF-8 bytes.
  @inlinable package func hasSameBytes(as other: String) -> Bool {
    self == other && utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
  }
}
