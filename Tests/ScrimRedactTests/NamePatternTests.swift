import ScrimRedact
import ScrimTestSupport
import Testing

struct NamePatternTests {
  @Test(arguments: [
    ("checkout:*", "checkout:12", true), ("checkout:*", "a checkout:12", false), ("a?c", "abc", true),
    ("a?c", "ac", false), ("*", "", true), ("", "", true), ("", "a", false), ("a.c", "abc", false),
    ("*card*", "my card no", true), ("*card*", "my Card no", false), ("[x]", "[x]", true),
    ("/card|iban/i", "Your IBAN", true), ("/card|iban/", "Your IBAN", false),
    ("/card|iban/i", "discard", true),
    ("/^card$/", "card", true), ("/^card$/", "cards", false), ("/\\bcard\\b/", "a card.", true),
    ("/\\bcard\\b/", "discard", false), ("/\\Bcard/", "discard", true), ("/a{2,3}b/", "aab", true),
    ("/^a{2,3}$/", "aaaa", false), ("/^a{2}$/", "aa", true), ("/^a{2,}$/", "aaaaa", true),
    ("/^a{2,}$/", "a", false),
    ("/^(ab)+$/", "ababab", true), ("/^(?:ab|c)*?$/", "abcab", true), ("/^[a-c\\d_-]+$/", "b7-_", true),
    ("/^[^a-c]+$/", "xyz", true), ("/^[^a-c]+$/", "xbz", false), ("/^[]x]$/", "]", true),
    ("/\\d{4}/", "no 1234", true),
    ("/\\D/", "123", false), ("/\\S\\s\\S/", "a b", true), ("/\\//", "a/b", true), ("/a/b/", "a/b", true),
    ("/x{/", "x{", true), ("/(|a)b/", "b", true), ("/(a*)*b/", "aab", true), ("/ÄÖ/i", "äö", true),
    ("/[^ä]/i", "Ä", false), ("/./", "\n", true), ("//", "anything", true), ("/^$/", "", true),
    ("/a|/", "b", true),
  ])
  func matches(_ pattern: String, _ text: String, _ expected: Bool) throws {
    #expect(try NamePattern(pattern).matches(text) == expected)
  }

  @Test(arguments: [
    "/a", "/a/x", "/a/im", "/", "/(/", "/)/", "/[a/", "/[b-a]/", "/*a/", "/a**/", "/a{3,2}/", "/a{1,2000}/",
    "/\\1/",
    "/(?=a)/", "/(?<n>a)/", "/\\p{L}/", "/\\/", "/[\\D]/", "/{2}/", "/((a{1000}){1000}){1000}/",
    "/(((){1000}){1000}){1000}/", String(repeating: "a", count: 2000),
    "/" + String(repeating: "(", count: 200) + String(repeating: ")", count: 200) + "/",
  ])
  func refused(_ pattern: String) {
    #expect(throws: PatternError.self) { try NamePattern(pattern) }
  }

  /// Patterns that take a backtracking engine exponential time.
  @Test(arguments: ["/^(a+)+$/", "/^(a|a)*$/", "/^(a|aa)+$/", "/(a*)*c/", "/(.*)(.*)(.*)(.*)(.*)(.*)x/"])
  func noPatternHangs(_ pattern: String) throws {
    let pattern = try NamePattern(pattern)
    let clock = ContinuousClock()
    let text = String(repeating: "a", count: NamePattern.textLimit - 1) + "!"
    let time = clock.measure { #expect(pattern.matches(text) == false) }
    print("pattern \(pattern.source) over 1000 characters: \(time)")
    #expect(pattern.matches(text + "aa") == nil)
  }
}

extension NamePatternTests {
  /// Compares the table with the program from which it was made, over random patterns and texts.
  @Test func tablesAgreeWithTheProgram() throws {
    var random = SeededGenerator(seed: 31)
    let atoms = [
      "a", "b", "B", "[ab]", "[^a]", ".", "\\d", "\\W", "ä", "(a|bc)", "(?:b|)", "^", "$", "1", "_", "\\b",
    ]
    let repeats = ["", "", "", "*", "+", "?", "{2}", "{0,2}"]
    let letters = Array("aAbBcC1_ .ä\n")
    var matches = 0
    for _ in 0..<2000 {
      var source = "/"
      for _ in 0..<Int.random(in: 0...5, using: &random) {
        let atom = atoms.randomElement(using: &random) ?? ""
        let times = ["^", "$", "\\b"].contains(atom) ? "" : repeats.randomElement(using: &random) ?? ""
        source += atom + times
        if Int.random(in: 0...6, using: &random) == 0 { source += "|" }
      }
      let pattern = try NamePattern(source + (Bool.random(using: &random) ? "/i" : "/"))
      for _ in 0..<10 {
        let text = String(
          (0..<Int.random(in: 0...7, using: &random)).map { _ in letters.randomElement(using: &random) ?? "a"
          })
        #expect(
          pattern.matches(text) == pattern.simulated(text), "\(pattern.source) over \(text.debugDescription)")
        if pattern.simulated(text) { matches += 1 }
      }
    }
    #expect(matches > 2000 && matches < 18000)
  }
}
