import ScrimJSON
import Testing

/// Tests of the strict reader of objects.
@Suite struct JSONObjectTests {
  private struct Context: JSONContext {
    struct Failure: Error, Equatable { var fault: JSONObjectError }
    var numberLimit = 1000.0
    func error(_ fault: JSONObjectError) -> Failure { Failure(fault: fault) }
  }

  private func object(_ text: String) throws -> JSONObject<Context> {
    try JSONObject(try JSON(Array(text.utf8), acceptingNonFinite: true), in: Context())
  }

  private func fault(_ text: String, _ read: (JSONObject<Context>) throws -> Void) -> JSONObjectError? {
    do {
      try read(try object(text))
      return nil
    } catch { return (error as? Context.Failure)?.fault }
  }

  @Test func nullCountsAsAbsent() throws {
    let object = try object(#"{"a":null,"b":1}"#)
    #expect(object["a"] == nil && object.isNull("a") && !object.isNull("b") && !object.isNull("c"))
    #expect(try object.string("a") == nil)
    #expect(try object.number("b") == 1)
  }

  @Test func everyKindIsChecked() {
    #expect(fault("[]") { _ in } == .notAnObject(kind: "a list"))
    #expect(
      fault(#"{"a":1}"#) { _ = try $0.string("a") } == .wrongType("a", expected: "a string", kind: "a number")
    )
    #expect(
      fault(#"{"a":"1"}"#) { _ = try $0.number("a") }
        == .wrongType("a", expected: "a number", kind: "a string"))
    #expect(
      fault(#"{"a":0}"#) { _ = try $0.boolean("a") }
        == .wrongType("a", expected: "true or false", kind: "a number"))
    #expect(
      fault(#"{"a":1.5}"#) { _ = try $0.read { (fields) throws(JSONObjectError) in try fields.integer("a") } }
        == .wrongType("a", expected: "a whole number", kind: "a number"))
    #expect(fault(#"{"a":NaN}"#) { _ = try $0.number("a") } == .notFinite("a"))
    #expect(fault(#"{"a":-1001}"#) { _ = try $0.number("a") } == .outOfRange("a"))
    #expect(fault(#"{"a":-1}"#) { _ = try $0.size("a") } == .negative("a"))
    #expect(fault("{}") { _ = try $0.required("a") } == .missing("a"))
    #expect(
      fault(#"{"w":1,"width":2}"#) {
        _ = try $0.read { (fields) throws(JSONObjectError) in try fields.required("w", or: "width") }
      } == .contradiction("w", "width"))
    #expect(fault(#"{"a":[1,"b"]}"#) { _ = try $0.numbers("a") } != nil)
    #expect(
      fault(#"{"a":["b",1]}"#) {
        _ = try $0.read { (fields) throws(JSONObjectError) in try fields.strings("a") }
      }
        != nil)
  }

  @Test func keysThatRepeatAreFound() {
    #expect(fault(#"{"a":1,"b":2,"a":3}"#) { try $0.checkKeysDiffer() } == .repeated("a"))
    #expect(fault(#"{"a":1,"b":2}"#) { try $0.checkKeys(among: ["a"]) } == .unknownKey("b"))
    #expect(fault(#"{"a":1,"a":2}"#) { try $0.checkKeys(among: ["a"]) } == .repeated("a"))
    #expect(
      fault(#"{"a":1,"x":2,"x":3,"a":4}"#) {
        try $0.read { (fields) throws(JSONObjectError) in try fields.checkRest(["a"]) }
      } == .repeated("a"))
    #expect(
      fault(#"{"a":1,"x":{"y":[NaN]}}"#) {
        try $0.read { (fields) throws(JSONObjectError) in try fields.checkRest(["a"]) }
      } == .notFinite("x"))
    #expect(
      fault(#"{"a":1,"x":2,"x":3}"#) {
        try $0.read { (fields) throws(JSONObjectError) in try fields.checkRest(["a"]) }
      } == nil)
  }

  /// Objects with many members are looked up in a table; both ways must agree.
  @Test(arguments: [3, 24, 25, 2000]) func manyMembersAreFoundAsFewAre(count: Int) throws {
    let members = (0..<count).map { #""k\#($0)":\#($0 % 900)"# }.joined(separator: ",")
    let object = try object("{\(members)}")
    for index in 0..<count { #expect(try object.number("k\(index)") == Double(index % 900)) }
    #expect(object["k"] == nil && object["k\(count)"] == nil)
    try object.checkKeysDiffer()
    #expect(fault("{\(members),\"k1\":7}") { try $0.checkKeysDiffer() } == .repeated("k1"))
    // The first counts.
    #expect(try self.object("{\(members),\"k1\":7}").number("k1") == 1)
  }

  /// `é` as one code point, and `e` with a combining accent: Swift's `==` treats them as equal.
  @Test(arguments: [0, 40]) func keysAreBytes(others: Int) throws {
    let more = (0..<others).map { ",\"k\($0)\":0" }.joined()
    let object = try object("{\"\u{E9}\":1,\"e\u{301}\":2\(more)}")
    try object.checkKeysDiffer()
    let kelvin = try self.object("{\"\u{212A}\":1,\"K\":2\(more)}")
    try kelvin.checkKeysDiffer()
    #expect(try kelvin.number("K") == 2)
    #expect(fault("{\"\u{212A}\":1\(more)}") { try $0.checkKeys(among: ["K"]) } == .unknownKey("\u{212A}"))
    #expect("\u{E9}" == "e\u{301}" && !"\u{E9}".hasSameBytes(as: "e\u{301}"))
  }
}
