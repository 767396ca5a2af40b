/// A pattern for ids, names and role names: a glob or, between slashes, a regular expression.
///
/// Names come from applications, so a match must never take long: a backtracking engine (Foundation's,
/// Swift's own) needs exponential time for some patterns, and would hang a recorder. This one follows all
/// alternatives at once (Thompson's simulation): a match takes at most `text × program` steps. In return,
/// back-references and look-around are not supported; they are refused.
public struct NamePattern: Hashable, Sendable {
  /// As it was written.
  public let source: String
  let program: [Instruction]
  private let automaton: PatternAutomaton?
  let ignoresCase: Bool

  /// Maximum characters (Unicode scalars) of a pattern and of a text, and steps of a program.
  public static let sourceLimit = 1000
  public static let textLimit = 1000
  static let programLimit = 2000

  enum Instruction: Hashable, Sendable {
    case scalar(ScalarSet)
    case split(Int, Int)
    case jump(Int)
    case start
    case end
    case boundary(Bool)
    case match
  }

  /// - Parameter source: `/…/` or `/…/i` is a regular expression that may match anywhere; anything else is a glob
  ///   (`*` any characters, `?` one character) that must match the whole text.
  public init(_ source: String) throws(PatternError) {
    guard source.unicodeScalars.count <= NamePattern.sourceLimit else {
      throw PatternError("a pattern is longer than \(NamePattern.sourceLimit) characters")
    }
    self.source = source
    var scalars = Array(source.unicodeScalars)
    let node: PatternNode
    if scalars.first == "/" {
      ignoresCase = scalars.last == "i"
      scalars.removeFirst()
      guard let end = scalars.lastIndex(of: "/"), scalars.count - end - 1 == (ignoresCase ? 1 : 0) else {
        throw PatternError("a pattern that begins with a slash must end with one: /…/ or /…/i")
      }
      var parser = PatternParser(Array(scalars[..<end]))
      node = try parser.parse()
    } else {
      ignoresCase = false
      node = .sequence([.start] + scalars.map(NamePattern.globNode) + [.end])
    }
    var compiler = PatternCompiler()
    try compiler.append(node)
    try compiler.emit(.match)
    program = compiler.program
    automaton = PatternAutomaton(program, ignoresCase: ignoresCase)
  }

  private static func globNode(_ scalar: Unicode.Scalar) -> PatternNode {
    switch scalar {
    case "*": .repeated(.scalar(.any), 0, nil)
    case "?": .scalar(.any)
    default: .scalar(ScalarSet(scalar))
    }
  }

  public static func == (a: NamePattern, b: NamePattern) -> Bool { a.source == b.source }
  public func hash(into hasher: inout Hasher) { hasher.combine(source) }

  /// Whether the text matches; nil if it is longer than ``textLimit`` and therefore not searched.
  public func matches(_ text: String) -> Bool? {
    // Most texts are ASCII and short, so the number of bytes is sufficient.
    guard text.utf8.count <= NamePattern.textLimit || text.unicodeScalars.count <= NamePattern.textLimit
    else {
      return nil
    }
    if let answer = automaton?.matches(text.utf8) { return answer }
    return simulated(text)
  }

  /// Simulates the program step by step: for texts and patterns that ``PatternAutomaton`` doesn't support,
  /// and for the tests.
  package func simulated(_ text: String) -> Bool {
    var run = PatternRun(program: program, ignoresCase: ignoresCase)
    return run.search(Array(text.unicodeScalars))
  }
}

/// Why a pattern can't be used.
public struct PatternError: Error, Equatable, Sendable, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }
}

/// Set of characters that one step of a program accepts.
struct ScalarSet: Hashable, Sendable {
  var ranges: [ClosedRange<UInt32>]
  var isNegated = false

  init(_ ranges: [ClosedRange<UInt32>], negated: Bool = false) {
    self.ranges = ranges
    isNegated = negated
  }

  init(_ scalar: Unicode.Scalar) { ranges = [scalar.value...scalar.value] }

  static let any = ScalarSet([], negated: true)
  static let digits = ScalarSet([48...57])
  static let word = ScalarSet([48...57, 65...90, 95...95, 97...122])
  static let space = ScalarSet([9...13, 32...32, 0x85...0x85, 0xA0...0xA0, 0x2000...0x200A, 0x2028...0x2029])

  func accepts(_ scalar: Unicode.Scalar, ignoringCase: Bool) -> Bool {
    if ranges.isEmpty { return isNegated }
    if holds(scalar.value) { return !isNegated }
    guard ignoringCase else { return isNegated }
    return [
      ScalarSet.only(scalar.properties.lowercaseMapping), ScalarSet.only(scalar.properties.uppercaseMapping),
    ]
    .contains { $0.map(holds) ?? false } != isNegated
  }

  private func holds(_ value: UInt32) -> Bool { ranges.contains { $0.contains(value) } }

  private static func only(_ text: String) -> UInt32? {
    text.unicodeScalars.count == 1 ? text.unicodeScalars.first?.value : nil
  }
}

/// State of one search: the steps of the program that are reached.
private struct PatternRun {
  let program: [NamePattern.Instruction]
  let ignoresCase: Bool
  private var marks: [Int]
  private var current: [Int] = []
  private var following: [Int] = []
  private var stack: [Int] = []

  init(program: [NamePattern.Instruction], ignoresCase: Bool) {
    self.program = program
    self.ignoresCase = ignoresCase
    marks = [Int](repeating: -1, count: program.count)
  }

  mutating func search(_ text: [Unicode.Scalar]) -> Bool {
    for at in 0...text.count {
      // `current` holds the steps reached by the scalars so far; a match may also begin here.
      for step in following where reach(step, text, at) { return true }
      following.removeAll(keepingCapacity: true)
      if reach(0, text, at) { return true }
      guard at < text.count else { return false }
      for step in current {
        if case .scalar(let set) = program[step], set.accepts(text[at], ignoringCase: ignoresCase) {
          following.append(step + 1)
        }
      }
      current.removeAll(keepingCapacity: true)
    }
    return false
  }

  /// Follows the steps that consume no character; true if they lead to the end of the program.
  private mutating func reach(_ step: Int, _ text: [Unicode.Scalar], _ at: Int) -> Bool {
    stack.append(step)
    while let step = stack.popLast() {
      guard marks[step] < at else { continue }
      marks[step] = at
      switch program[step] {
      case .match:
        stack.removeAll(keepingCapacity: true)
        return true
      case .scalar: current.append(step)
      case .jump(let target): stack.append(target)
      case .split(let one, let other):
        stack.append(other)
        stack.append(one)
      case .start: if at == 0 { stack.append(step + 1) }
      case .end: if at == text.count { stack.append(step + 1) }
      case .boundary(let wanted):
        let before = at > 0 && ScalarSet.word.accepts(text[at - 1], ignoringCase: false)
        let after = at < text.count && ScalarSet.word.accepts(text[at], ignoringCase: false)
        if (before != after) == wanted { stack.append(step + 1) }
      }
    }
    return false
  }
}
