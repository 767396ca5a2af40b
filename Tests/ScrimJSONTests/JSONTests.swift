import ScrimJSON
import ScrimTestSupport
import Testing

/// Edge cases of RFC 8259.
@Suite struct JSONTests {
  private func read(_ text: String, nonFinite: Bool = false) throws -> JSON {
    try JSON(Array(text.utf8), acceptingNonFinite: nonFinite)
  }

  private func number(_ text: String) throws -> Double? {
    guard case .number(let value) = try read(text) else { return nil }
    return value
  }

  // MARK: Numbers

  /// Numbers of up to 15 digits have a separate code path, so both sides of that border are compared with
  /// the C library.
  @Test(arguments: [
    "0", "-0", "1", "-1", "0.5", "1e3", "1E+3", "1e-3", "123456789012345", "1234567890123456",
    "12345678901234567", "9007199254740993", "0.123456789012345", "0.1234567890123456",
    "0.12345678901234567", "1.5e300", "5e-324", "2.2250738585072014e-308", "1.7976931348623157e308",
    "123456.789012345", "0.000000000000001", "99999999999999.9", "1e22", "1e23", "-0.0",
    "0.30000000000000004", "4.35", "100000000000000000000", "1234567.8901234567890123456789",
  ])
  func numbersAreRoundedOnce(text: String) throws {
    let value = try #require(try number(text))
    #expect(value == Double(text) && value.sign == Double(text)?.sign, "\(text)")
  }

  @Test func randomNumbersReadBackTheSame() throws {
    var random = SeededGenerator(seed: 12)
    for _ in 0..<20_000 {
      let value = Double(bitPattern: random.next())
      guard value.isFinite else { continue }
      #expect(try number("\(value)") == value)
    }
    for digits in [15, 16, 17] {
      for _ in 0..<2000 {
        var text = "\(Int.random(in: 1...9, using: &random))"
        for _ in 1..<digits { text += "\(Int.random(in: 0...9, using: &random))" }
        let point = text.index(text.startIndex, offsetBy: Int.random(in: 1..<digits, using: &random))
        text.insert(".", at: point)
        #expect(try number(text) == Double(text), "\(text)")
      }
    }
  }

  @Test(arguments: [
    "01", "-01", "+1", ".5", "1.", "1.e3", "1e", "1e+", "-", "--1", "0x10", "1_000", "1,5", "NaN", "Infinity",
    "-Infinity", "1e400", "nan", "inf", "٣", "1 2",
  ])
  func invalidNumbersAreRefused(text: String) {
    #expect(throws: JSONError.self) { try read(text) }
  }

  @Test func numbersThatAreNoneAreReadWhereTheCallerAsks() throws {
    for (text, isNegative) in [("Infinity", false), ("-Infinity", true), ("1e400", false), ("-1e400", true)] {
      guard case .number(let value) = try read(text, nonFinite: true) else {
        Issue.record("no number: \(text)")
        continue
      }
      #expect(value.isInfinite && (value < 0) == isNegative)
    }
    let list = try read("[1, {\"a\": [NaN]}]", nonFinite: true)
    #expect(list.holdsNonFinite)
    #expect(!(try read("[1, {\"a\": [2]}]", nonFinite: true)).holdsNonFinite)
  }

  /// A number that is too small for a `Double` is not 0: it may be the size of something.
  @Test(arguments: ["1e-400", "0.1E-400", "0." + String(repeating: "0", count: 400) + "1"])
  func numbersTooSmallAreNotNone(text: String) throws {
    for (sign, value) in [("", Double.leastNonzeroMagnitude), ("-", -.leastNonzeroMagnitude)] {
      #expect(try read(sign + text) == .number(value))
    }
    #expect(try read("0e-400") == .number(0))
    #expect(try read("0.000000000000000000000") == .number(0))
  }

  // MARK: Strings

  @Test(arguments: [
    (#""""#, ""), (#""a""#, "a"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), (#""\u0041""#, "A"),
    (#""\u00e9""#, "\u{E9}"), (#""\u00E9""#, "\u{E9}"), (#""\ud83d\ude00""#, "\u{1F600}"),
    (#""\uD83D\uDE00x""#, "\u{1F600}x"), (#""\ud83d""#, "\u{FFFD}"), (#""\ude00""#, "\u{FFFD}"),
    (#""\ud83d\ud83d\ude00""#, "\u{FFFD}\u{1F600}"), (#""\ud83dx""#, "\u{FFFD}x"),
    (#""\ud83d\u0041""#, "\u{FFFD}A"), (#""\u0000""#, "\u{0}"), (#""\udbff\udfff""#, "\u{10FFFF}"),
    ("\"\u{7F}\u{2028}\u{FEFF}\"", "\u{7F}\u{2028}\u{FEFF}"), (#""\\u0041""#, #"\u0041"#),
  ])
  func stringsAreUnescaped(text: String, expected: String) throws {
    guard case .string(let value) = try read(text) else {
      Issue.record("no string")
      return
    }
    // By bytes, since Swift's `==` treats canonically equivalent strings as equal.
    #expect(Array(value.utf8) == Array(expected.utf8))
  }

  @Test(arguments: [
    #"""#, #""\""#, #""\x41""#, #""\u004""#, #""\u004g""#, #""\u""#, #""\ud83d\u""#, "\"\n\"", "\"\t\"",
    "\"\u{0}\"", #"'a'"#, #""a" "b""#, #""\U0041""#, #""\'""#,
  ])
  func invalidStringsAreRefused(text: String) {
    #expect(throws: JSONError.self) { try read(text) }
  }

  @Test(
    arguments: [
      [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xE2, 0x82, 0x22],
      [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], [0x22, 0x5C, 0x6E, 0xFF, 0x22],
    ] as [[UInt8]])
  func stringsMustBeUTF8(bytes: [UInt8]) {
    #expect(throws: JSONError.self) { try JSON(bytes) }
  }

  // MARK: Structure

  @Test func membersKeepTheirOrderAndRepeats() throws {
    #expect(
      try read(#" { "b" : 1 , "a" : [ ] , "b" : { } } "#)
        == .object([
          JSON.Member("b", .number(1)), JSON.Member("a", .array([])), JSON.Member("b", .object([])),
        ]))
  }

  @Test(arguments: [
    "", " ", "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{", "{}}", "{1:2}", "{\"a\"}", "{\"a\":}",
    "{\"a\":1,}", "{\"a\" 1}", "{,}", "tru", "True", "nulll", "null null", "/* */1", "1//", "[1]x", "\u{0}1",
    "\u{A0}1", "\u{FEFF}\u{FEFF}1", "{\"a\":1 \"b\":2}", "undefined", "[1]\u{0}",
  ])
  func invalidJSONIsRefused(text: String) {
    #expect(throws: JSONError.self) { try read(text) }
  }

  @Test func aByteOrderMarkAndWhiteSpaceAreSkipped() throws {
    #expect(try read("\u{FEFF} \t\r\n[null,true,false]\n") == .array([.null, .bool(true), .bool(false)]))
  }

  @Test func depthHasALimit() throws {
    let deep = { (levels: Int) in
      String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
    }
    _ = try read(deep(JSON.depthLimit))
    #expect(throws: JSONError.self) { try read(deep(JSON.depthLimit + 1)) }
    #expect(throws: JSONError.self) { try read(String(repeating: "[", count: 1_000_000)) }
    #expect(throws: JSONError.self) { try read(String(repeating: "{\"a\":", count: 1_000_000)) }
  }

  @Test func anErrorNamesTheByte() {
    let error = #expect(throws: JSONError.self) { try read(#"{"a": tru}"#) }
    #expect(error?.offset == 6 && error?.description == "not JSON at byte 6: a value is missing")
  }

  // MARK: Writing

  /// RFC 8785 except for the order of strings (bytes here, UTF-16 there) and unnecessary escapes.
  @Test(arguments: [
    (#"{ "b":1, "a":[true,null,false] }"#, #"{"a":[true,null,false],"b":1}"#),
    (#"{"é":1,"z":2,"e":3}"#, #"{"e":3,"z":2,"é":1}"#),
    (#"["\u0000\u001f\n\t\u007f\/\\\""]"#, "[\"\\u0000\\u001f\\n\\u0009\u{7F}/\\\\\\\"\"]"),
    (
      "[1.0,-0,1e3,0.5,1e21,9007199254740991,123456789.125]",
      "[1,0,1000,0.5,1e+21,9007199254740991,123456789.125]"
    ),
    (#"{"a":1,"a":2}"#, #"{"a":1,"a":2}"#), ("[]", "[]"), ("{}", "{}"), ("\"\"", "\"\""),
  ])
  func theCanonicalFormIsOne(text: String, canonical: String) throws {
    let value = try read(text)
    #expect(String(decoding: value.canonicalBytes, as: UTF8.self) == canonical)
    #expect(try JSON(value.canonicalBytes).canonicalBytes == value.canonicalBytes)
  }
}
