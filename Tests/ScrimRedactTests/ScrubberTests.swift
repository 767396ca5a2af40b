import Testing

@testable import ScrimRedact

@Suite struct ScrubberTests {
  private let scrubber = Scrubber()

  @Test(arguments: [
    ("mail to ann.b+c@mail.example.org now", "mail to [mail] now"),
    ("<ann@example.org>, bob@x.io.", "<[mail]>, [mail]."),
    ("user=ann@example.org", "user=[mail]"),
    ("paid with 4012 8888 8888 1881 today", "paid with [card] today"),
    ("4111-1111-1111-1111,378282246310005", "[card],[card]"),
    ("\"card\":4111111111111111}", "\"card\":[card]}"),
    ("to DE89 3704 0044 0532 0130 00, thanks", "to [account], thanks"),
    ("iban gb82west12345698765432", "iban [account]"),
    (
      "t eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl end", "t [token] end"
    ),
    ("Authorization: Bearer abc.DEF-123", "Authorization: [secret] [token]"),
    ("curl -H 'basic dXNlcjpwYXNz'", "curl -H 'basic [token]'"),
    ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nok", "[key]\nok"),
    ("-----BEGIN PRIVATE KEY-----\nMIIE", "[key]"),
    (
      "GET https://u:p@h.example/a?card=1&x=%20#frag done",
      "GET https://[secret]@h.example/a?card=[value]&x=[value]#[value] done"
    ),
    ("postgres://app:hunter2@db/main", "postgres://[secret]@db/main"),
    ("key ghp_0123456789abcdefghijABCDEFGHIJ012345 leaked", "key [token] leaked"),
    ("AKIAIOSFODNN7EXAMPLE", "[token]"),
    ("password=hunter2; next", "password=[secret]; next"),
    (#"{"apiKey": "xyz", "n": 1}"#, #"{"apiKey": "[secret]", "n": 1}"#),
    (#"{\"token\":\"a b\"}"#, #"{\"token\":\"[secret]\"}"#),
    ("db_password : s3cret", "db_password : [secret]"),
  ])
  func removedText(_ text: String, _ scrubbed: String) {
    #expect(scrubber.scrubbed(text) == scrubbed)
  }

  @Test(arguments: [
    "took 87 ms", "1700000000123 started", "order 4012888888881882", "2026-11-29 12:34:56.789012", "ab12",
    "v1.2.3-rc1 at 0x7fff", "DE89 3704 0044 0532 0130 02", "the bearer of news", "basic training",
    "user@localhost",
    "@media screen", "a@b", "https://example.org/path/4/x", "eyJ.not.token", "sk-short", "pinned: yes",
    "author: Ann",
    "0000000000000000", "127.0.0.1:8080", "550e8400-e29b-41d4-a716-446655440000", "tokenizer: bpe",
    "passed: 12, failed: 0", "1-800-555-0199",
  ])
  func keptText(_ text: String) {
    #expect(scrubber.scrubbed(text) == text)
  }

  @Test func scrubbingTwiceChangesNothingMore() {
    for text in ["a ann@example.org", "password=x", "https://a:b@c/?d=e", "4111 1111 1111 1111"] {
      let once = scrubber.scrubbed(text)
      #expect(scrubber.scrubbed(once) == once)
    }
  }

  @Test func ownPatterns() throws {
    let own = Scrubber(patterns: [try NamePattern("/^EMP-[0-9]+$/")])
    #expect(own.scrubbed("by EMP-1234 and EMP-x") == "by [hidden] and EMP-x")
  }

  @Test func bodies() {
    #expect(
      scrubber.scrubbed(
        body: #"{"user":{"password":{"a":[1]},"mail":"ann@example.org"},"n":[4111111111111111]}"#)
        == #"{"n":["[card]"],"user":{"mail":"[mail]","password":"[secret]"}}"#)
    #expect(scrubber.scrubbed(body: "a=1&password=x&b=2") == "a=1&password=[secret]&b=2")
    #expect(scrubber.scrubbed(body: String(repeating: "x", count: 200_000)).utf8.count == 150_000)
  }

  /// Texts on which a backtracking scrubber would take long.
  @Test(
    .timeLimit(.minutes(1)),
    arguments: ["a.", "eyJhIjoxfQ.", "1 ", "@", "a@b.", "://", "=", "-----BEGIN ", "DE89"])
  func timeGrowsWithLength(_ part: String) {
    let text = String(repeating: part, count: 100_000 / part.utf8.count)
    _ = scrubber.scrubbed(text)
  }
}
