import ScrimRedact
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
