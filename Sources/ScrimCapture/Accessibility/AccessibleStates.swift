/// The state set of a node: one bit per AT-SPI state.
struct AccessibleStates: OptionSet, Hashable, Sendable {
  let rawValue: UInt64

  static let defunct = AccessibleStates(bit: 6)
  static let sensitive = AccessibleStates(bit: 24)
  static let showing = AccessibleStates(bit: 25)
  static let visible = AccessibleStates(bit: 30)
  static let managesDescendants = AccessibleStates(bit: 31)

  /// The states that are passed on to widgets.
  private static let current: [(bit: UInt64, name: String)] = [
    (1, "active"), (3, "busy"), (4, "checked"), (7, "editable"), (9, "expandable"), (10, "expanded"),
    (11, "focusable"),
    (12, "focused"), (16, "modal"), (17, "multi-line"), (20, "pressed"), (23, "selected"),
    (38, "selectable-text"),
  ]

  init(rawValue: UInt64) { self.rawValue = rawValue }

  private init(bit: UInt64) { rawValue = 1 << bit }

  var names: [String] {
    var names = AccessibleStates.current.filter { rawValue >> $0.bit & 1 == 1 }.map(\.name)
    if !contains(.sensitive) { names.append("insensitive") }
    return names
  }
}
