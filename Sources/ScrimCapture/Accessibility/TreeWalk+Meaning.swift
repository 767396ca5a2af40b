import ScrimRedact

/// What answers mean.
extension TreeWalk {
  /// A box of no size, or one so far away that a toolkit means none by it, is none.
  static func box(_ numbers: [Int]) -> AccessibleNode.Box? {
    let far = 1 << 24
    let box = AccessibleNode.Box(x: numbers[0], y: numbers[1], width: numbers[2], height: numbers[3])
    guard box.width > 0, box.height > 0, numbers.allSatisfy({ abs($0) <= far }) else { return nil }
    return box
  }

  /// Whether a text says anything. One of which only the blank beginning was read counts as one that does.
  static func says(_ text: String) -> Bool {
    text.unicodeScalars.count >= Int(textLimit)
      || text.unicodeScalars.contains { $0 != "\u{FFFC}" && !$0.properties.isWhitespace }
  }

  static func isInput(_ role: String) -> Bool { Role(named: role)?.nature == .input }

  static func countsAsText(_ role: String) -> Bool {
    switch Role(named: role)?.nature {
    case .password, .input, .text: true
    default: false
    }
  }
}
