/// Syntax tree of a pattern.
indirect enum PatternNode {
  case scalar(ScalarSet)
  case start
  case end
  case boundary(Bool)
  case sequence([PatternNode])
  case choice([PatternNode])
  case repeated(PatternNode, Int, Int?)
}

/// Parses a regular expression: literals, `.`, `[…]`, `\d \w \s \b` and their negations, `^ $`, groups,
/// `|`, and `* + ? {m,n}` (a lazy `?` after them has no effect, since only the existence of a match
/// matters).
struct PatternParser {
  private let scalars: [Unicode.Scalar]
  private var at = 0
  private var depth = 0

  init(_ scalars: [Unicode.Scalar]) { self.scalars = scalars }

  mutating func parse() throws(PatternError) -> PatternNode {
    let node = try parseChoice()
    guard at == scalars.count else {
      throw PatternError("a ) has no matching ( before it; write \\) for the character")
    }
    return node
  }

  private var next: Unicode.Scalar? { at < scalars.count ? scalars[at] : nil }

  private mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
    guard next == scalar else { return false }
    at += 1
    return true
  }

  private mutating func parseChoice() throws(PatternError) -> PatternNode {
    var choices = [try parseSequence()]
    while skip("|") { choices.append(try parseSequence()) }
    return choices.count == 1 ? choices[0] : .choice(choices)
  }

  private mutating func parseSequence() throws(PatternError) -> PatternNode {
    var nodes: [PatternNode] = []
    while let scalar = next, scalar != "|", scalar != ")" {
      let atom = try parseAtom()
      nodes.append(try parseRepeats(of: atom))
    }
    return .sequence(nodes)
  }

  private mutating func parseRepeats(of atom: PatternNode) throws(PatternError) -> PatternNode {
    let bounds: (Int, Int?)
    switch next {
    case "*": bounds = (0, nil)
    case "+": bounds = (1, nil)
    case "?": bounds = (0, 1)
    case "{":
      guard let counted = try parseCount() else { return atom }
      bounds = counted
      at -= 1
    default: return atom
    }
    at += 1
    _ = skip("?")
    if let scalar = next, "*+?{".unicodeScalars.contains(scalar) {
      throw PatternError("a repetition follows another; put the first in parentheses")
    }
    return .repeated(atom, bounds.0, bounds.1)
  }

  /// Parses `{m}`, `{m,}` or `{m,n}`; nil if the brace is not a count but a character.
  private mutating func parseCount() throws(PatternError) -> (Int, Int?)? {
    guard let close = scalars[at...].firstIndex(of: "}") else { return nil }
    let parts = String(String.UnicodeScalarView(scalars[(at + 1)..<close]))
      .split(separator: ",", omittingEmptySubsequences: false)
    guard let first = parts.first, let least = Int(first), least >= 0, parts.count <= 2 else { return nil }
    var most: Int? = least
    if parts.count == 2 {
      most = Int(parts[1])
      guard most != nil || parts[1].isEmpty else { return nil }
    }
    guard least <= 1000, most ?? least <= 1000, most ?? least >= least else {
      throw PatternError("a repetition {m,n} needs m ≤ n ≤ 1000")
    }
    at = close + 1
    return (least, most)
  }

  private mutating func parseAtom() throws(PatternError) -> PatternNode {
    let scalar = scalars[at]
    if scalar == "{", try parseCountIsThere() {
      throw PatternError("{ repeats nothing; write \\{ for the character")
    }
    at += 1
    switch scalar {
    case ".": return .scalar(.any)
    case "^": return .start
    case "$": return .end
    case "[": return .scalar(try parseSet())
    case "(": return try parseGroup()
    case "*", "+", "?": throw PatternError("\(scalar) repeats nothing; write \\\(scalar) for the character")
    case "\\": return try parseEscape()
    default: return .scalar(ScalarSet(scalar))
    }
  }

  private func parseCountIsThere() throws(PatternError) -> Bool {
    var copy = self
    return try copy.parseCount() != nil
  }

  private mutating func parseGroup() throws(PatternError) -> PatternNode {
    depth += 1
    guard depth <= 50 else { throw PatternError("parentheses are nested deeper than 50") }
    if skip("?"), !skip(":") {
      throw PatternError(
        "of the groups with ?, only (?:…) is supported; look-around and named groups are not")
    }
    let node = try parseChoice()
    guard skip(")") else { throw PatternError("a ( has no matching ) after it; write \\( for the character") }
    depth -= 1
    return node
  }

  private mutating func parseEscape() throws(PatternError) -> PatternNode {
    guard let scalar = next else { throw PatternError("a \\ ends the pattern; write \\\\ for the character") }
    if scalar == "b" || scalar == "B" {
      at += 1
      return .boundary(scalar == "b")
    }
    return .scalar(try parseEscapedSet())
  }

  private mutating func parseEscapedSet() throws(PatternError) -> ScalarSet {
    guard let scalar = next else { throw PatternError("a \\ ends the pattern; write \\\\ for the character") }
    at += 1
    switch scalar {
    case "d": return .digits
    case "w": return .word
    case "s": return .space
    case "D": return ScalarSet(ScalarSet.digits.ranges, negated: true)
    case "W": return ScalarSet(ScalarSet.word.ranges, negated: true)
    case "S": return ScalarSet(ScalarSet.space.ranges, negated: true)
    case "n": return ScalarSet("\n")
    case "r": return ScalarSet("\r")
    case "t": return ScalarSet("\t")
    default:
      guard !scalar.properties.isAlphabetic, scalar.properties.numericType == nil else {
        throw PatternError(
          "\\\(scalar) is not supported; the supported letters are \\b \\d \\n \\r \\s \\t \\w and the capitals B D S W"
        )
      }
      return ScalarSet(scalar)
    }
  }

  private mutating func parseSet() throws(PatternError) -> ScalarSet {
    var set = ScalarSet([], negated: skip("^"))
    var isFirst = true
    while let scalar = next, scalar != "]" || isFirst {
      isFirst = false
      at += 1
      guard scalar != "\\" else {
        let escaped = try parseEscapedSet()
        guard !escaped.isNegated else { throw PatternError("\\D, \\S and \\W are not supported inside [ ]") }
        set.ranges += escaped.ranges
        continue
      }
      guard next == "-", at + 1 < scalars.count, scalars[at + 1] != "]" else {
        set.ranges.append(scalar.value...scalar.value)
        continue
      }
      at += 1
      var last = scalars[at]
      at += 1
      if last == "\\" {
        let escaped = try parseEscapedSet()
        guard escaped.ranges.count == 1, escaped.ranges[0].count == 1, !escaped.isNegated,
          let scalar = Unicode.Scalar(escaped.ranges[0].lowerBound)
        else { throw PatternError("a range in [ ] needs a character at its end") }
        last = scalar
      }
      guard scalar <= last else { throw PatternError("a range in [ ] has its ends in the wrong order") }
      set.ranges.append(scalar.value...last.value)
    }
    guard skip("]") else { throw PatternError("a [ has no ] after it; write \\[ for the character") }
    return set
  }
}

/// Compiles a syntax tree to a program.
struct PatternCompiler {
  private(set) var program: [NamePattern.Instruction] = []
  /// Number of visited nodes: a repetition of nothing adds no step, and could otherwise loop for ever.
  private var visits = 0

  mutating func emit(_ instruction: NamePattern.Instruction) throws(PatternError) {
    guard program.count < NamePattern.programLimit else { throw PatternCompiler.tooLarge }
    program.append(instruction)
  }

  private static let tooLarge = PatternError(
    "a pattern is too large; shorten it or lower its repetitions {m,n}")

  mutating func append(_ node: PatternNode) throws(PatternError) {
    visits += 1
    guard visits <= 10 * NamePattern.programLimit else { throw PatternCompiler.tooLarge }
    switch node {
    case .scalar(let set): try emit(.scalar(set))
    case .start: try emit(.start)
    case .end: try emit(.end)
    case .boundary(let wanted): try emit(.boundary(wanted))
    case .sequence(let nodes): for node in nodes { try append(node) }
    case .choice(let choices): try appendChoice(choices[...])
    case .repeated(let node, let least, let most):
      for _ in 0..<least { try append(node) }
      if let most {
        for _ in least..<most { try appendOptional(node, loops: false) }
      } else {
        try appendOptional(node, loops: true)
      }
    }
  }

  private mutating func appendChoice(_ choices: ArraySlice<PatternNode>) throws(PatternError) {
    var ends: [Int] = []
    for (index, choice) in choices.enumerated() {
      guard index < choices.count - 1 else {
        try append(choice)
        break
      }
      let split = program.count
      try emit(.split(0, 0))
      try append(choice)
      ends.append(program.count)
      try emit(.jump(0))
      program[split] = .split(split + 1, program.count)
    }
    for end in ends { program[end] = .jump(program.count) }
  }

  private mutating func appendOptional(_ node: PatternNode, loops: Bool) throws(PatternError) {
    let split = program.count
    try emit(.split(0, 0))
    try append(node)
    if loops { try emit(.jump(split)) }
    program[split] = .split(split + 1, program.count)
  }
}
