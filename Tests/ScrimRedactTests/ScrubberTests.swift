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
    ("Authorization: Bearer abc.DEF-123", "Authorization: [secret]"),
    ("sent Authorization: Bearer abc.DEF-123", "sent Authorization: [secret] [token]"),
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

  /// Values in every notation, with what would end them too early: nothing of `bcdef` may stay.
  @Test(arguments: [
    // JSON, and JSON in texts of JSON.
    (#"{"password":"a\"bcdef","n":1}"#, #"{"password":"[secret]","n":1}"#),
    (#"{"password":"a\\","n":"bcd"}"#, #"{"password":"[secret]","n":"bcd"}"#),
    (#"{\"password\":\"a\\\"bcdef\",\"n\":1}"#, #"{\"password\":\"[secret]\",\"n\":1}"#),
    (#"{\\\"pin\\\":\\\"a bcdef\\\"}"#, #"{\\\"pin\\\":\\\"[secret]\\\"}"#),
    (#"{"credentials":{"k":"bcdef"},"n":1}"#, #"{"credentials":[secret],"n":1}"#),
    (#"{"credentials":{"k":"}bcdef","l":[{"m":"\"}bcdef"}]},"n":1}"#, #"{"credentials":[secret],"n":1}"#),
    (#"{"tokens":1,"secret":["bcdef","]bcdef"]}"#, #"{"tokens":1,"secret":[secret]}"#),
    (#"{\"secret\":{\"k\":\"}bcdef\"},\"n\":1}"#, #"{\"secret\":[secret],\"n\":1}"#),
    ("{\n  \"password\":\n    \"a bcdef\"\n}", "{\n  \"password\":\n    \"[secret]\"\n}"),
    (#"cut off {"password":"a\"bcdef, bcdef"#, #"cut off {"password":"[secret]"#),
    (#"cut off {"secret":{"k":["bcdef"#, #"cut off {"secret":[secret]"#),
    (#"{"name":"password","value":"bcdef"}"#, #"{"name":"password","value":"[secret]"}"#),
    // Other quotes.
    ("{'password': 'a\"bcdef', 'n': 1}", "{'password': '[secret]', 'n': 1}"),
    ("set password='it''s bcdef' where", "set password='[secret]' where"),
    ("password=`a bcdef` x", "password=`[secret]` x"),
    (#""{""password"":""a bcdef"",""n"":1}""#, #""{""password"":""[secret]"",""n"":1}""#),
    ("password = \"\"\"a bcdef\"\"\"", "password = \"[secret]\"\"\""),
    // Assignments.
    (#"password="a bcdef" n=1"#, #"password="[secret]" n=1"#),
    (#"x=1 db_pass="a\"bcdef""#, #"x=1 db_pass="[secret]""#),
    (#"password=a"bcdef g"h next"#, "password=[secret] next"),
    ("password=a,bcdef, next", "password=[secret], next"),
    ("password=a&bcdef;bcdef&n=1", "password=[secret]&n=1"),
    ("(password=a)bcdef) next", "(password=[secret]) next"),
    ("password := \"a bcdef\"", "password := \"[secret]\""),
    ("let password: String = \"a bcdef\"", "let password: [secret]\""),
    (#"params["password"] = "a bcdef""#, #"params["password"] = "[secret]""#),
    ("password: Optional(\"a bcdef\") next", "password: [secret]"),
    ("x password: Optional(\"a bcdef\") next", "x password: [secret] next"),
    ("login --password bcdef --verbose", "login --password [secret] --verbose"),
    (#"{"cmd":"login --password=bcdef","n":1}"#, #"{"cmd":"login --password=[secret]","n":1}"#),
    // Lines, blocks, headers.
    ("user: x\npassword: a bcdef\nnext: 1", "user: x\npassword: [secret]\nnext: 1"),
    ("- password: 'a bcdef'\n- n: 1", "- password: '[secret]'\n- n: 1"),
    ("credentials:\n  user: bcdef\n\n  key: bcdef\nn: 1", "credentials:\n  [secret]\nn: 1"),
    ("a:\n  pins: 1\n  pin:\n  - bcdef\n  - bcdef\n  n: 1", "a:\n  pins: 1\n  pin:\n  [secret]\n  n: 1"),
    ("  secret: |-\n    bcdef\n    bcdef\n  n: 1", "  secret: [secret]\n  n: 1"),
    ("GET /\r\nCookie: a=bcdef; b=bcdef\r\nHost: x", "GET /\r\nCookie: [secret]\r\nHost: x"),
    ("curl -H 'Cookie: a=bcdef; b=bcdef' x", "curl -H 'Cookie: [secret]' x"),
    (
      "form-data; name=\"pin\"\r\n\r\na bcdef\r\n--x", "form-data; name=\"pin\"\r\n\r\n[secret]\r\n--x"
    ),
    // Elements.
    ("<Password>a bcdef</Password><n>1</n>", "<Password>[secret]</Password><n>1</n>"),
    ("<w:secret a=\"1\"><k>bcdef</k></w:secret><n/>", "<w:secret a=\"1\">[secret]</w:secret><n/>"),
    ("<p name=\"password\" value=\"a bcdef\"/>", "<p name=\"password\" value=\"[secret]\"/>"),
    // Escapes, once and twice.
    ("body password%3Da%20bcdef%26n%3D1 x", "body password%3D[secret]%26n%3D1 x"),
    ("%7B%22pin%22%3A%22a%20bcdef%22%7D", "%7B%22pin%22%3A%22[secret]%22%7D"),
    ("%257B%2522pin%2522%253A%2522bcdef%2522%257D", "%257B%2522pin%2522%253A%2522[secret]%2522%257D"),
    (#"{\u0022pin\u0022:\u0022a bcdef\u0022}"#, #"{\u0022pin\u0022:\u0022[secret]\u0022}"#),
    ("{&quot;pin&quot;:&#34;a bcdef&#x22;}", "{&quot;pin&quot;:&#34;[secret]&#x22;}"),
    (#"{"m":"a\npin=bcdef\nb"}"#, #"{"m":"a\npin=[secret]"}"#),
    (#"{"m":"user: x\npassword: a bcdef\nn: 1"}"#, #"{"m":"user: x\npassword: [secret]\nn: 1"}"#),
    ("to ann%40example.org now", "to [mail] now"),
  ])
  func removedValue(_ text: String, _ scrubbed: String) {
    #expect(scrubber.scrubbed(text) == scrubbed)
    #expect(scrubber.scrubbed(scrubbed) == scrubbed)
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
    #expect(
      scrubber.scrubbed(body: #"[{"name":"pin","value":1},{"name":"n","value":1}]"#)
        == #"[{"name":"pin","value":"[secret]"},{"name":"n","value":1}]"#)
    #expect(scrubber.scrubbed(body: "a=1&password=x&b=2") == "a=1&password=[secret]&b=2")
    #expect(scrubber.scrubbed(body: String(repeating: "x", count: 200_000)).utf8.count == 150_000)
  }

  /// Texts on which a backtracking scrubber would take long.
  @Test(
    .timeLimit(.minutes(1)),
    arguments: [
      "a.", "eyJhIjoxfQ.", "1 ", "@", "a@b.", "://", "=", "-----BEGIN ", "DE89", "password=}", "pin=\"",
      "pin={", "pin: a = ", "pin:\n", "<pin>", "pin=,a", "%25", "\\\"", "--pin ", "pin=a\"", "pin=(')",
      "- pin:\n  ", "cookie: a;",
    ])
  func timeGrowsWithLength(_ part: String) {
    let text = String(repeating: part, count: 100_000 / part.utf8.count)
    _ = scrubber.scrubbed(text)
  }
}
