import ScrimRedact

/// Interpretation of answers.
extension TreeWalk {
  /// A box without a size, or with the extreme position by which toolkits mean "no box", is nil.
  static func box(_ numbers: [Int]) -> AccessibleNode.Box? {
    let far = 1 << 24
    let box = AccessibleNode.Box(x: numbers[0], y: numbers[1], width: numbers[2], height: numbers[3])
    guard box.width > 0, box.height > 0, numbers.allSatisfy({ abs($0) <= far }) else { return nil }
    return box
  }

  /// Whether a text is not blank. If only its beginning was read and that is blank, it counts as not blank.
  static func says(_ text: String) -> Bool {
    text.unicodeScalars.count >= Int(TreeReadingLimits.text)
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
