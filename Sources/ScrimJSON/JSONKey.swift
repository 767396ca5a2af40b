/// A key or an id by its bytes. Swift compares strings by what they look like: `é` is equal to `e` with an accent behind it.
package struct JSONKey: Hashable, Sendable {
  package let text: String

  @inlinable package init(_ text: String) { self.text = text }

  @inlinable package static func == (a: JSONKey, b: JSONKey) -> Bool { a.text.hasSameBytes(as: b.text) }

  /// Equal bytes make strings that Swift calls equal too, so their hashes are.
  @inlinable package func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

extension String {
  /// Whether both are the same bytes, where the other is of ASCII: what Swift calls equal to it and isn't is longer (U+212A KELVIN SIGN
  /// and K), so nothing has to be looked at twice.
  @inlinable package func hasSameBytes(asASCII other: String) -> Bool {
    self == other && utf8.count == other.utf8.count
  }

  /// Whether both are the same bytes of UTF-8.
  @inlinable package func hasSameBytes(as other: String) -> Bool {
    self == other && utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
  }
}
