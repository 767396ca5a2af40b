import ScrimImage
import ScrimRedact
import Testing

struct MaskPolicyTests {
  private func policy(_ json: String) throws(PolicyError) -> MaskPolicy {
    try MaskPolicy(json: Array(json.utf8))
  }

  private func fault(_ json: String) -> String {
    do {
      _ = try policy(json)
      return "no error"
    } catch {
      return error.description
    }
  }

  @Test func defaultsAreThoseOfTheContract() throws {
    let written = try policy(
      ##"""
      {"maskAllText":true,"maskAllImages":true,"maskAllInputs":true,"unknown":"mask","uncovered":"auto","titleBars":"mask",
       "treelessWindows":"mask","gaps":"guard","padding":2,"fill":"#000000","clearance":"settled","staleAfter_ms":1000,
       "hideInteraction":["password text"],"rules":[]}
      """##)
    #expect(try policy("{}") == written)
    #expect(MaskPolicy() == written)
    #expect(MaskPolicy(preset: .default) == written)
  }

  @Test func everyKey() throws {
    let policy = try policy(
      ##"""
      {"maskAllText":false,"maskAllImages":false,"maskAllInputs":false,"unknown":"keep","uncovered":"mask",
       "titleBars":"keep","treelessWindows":"keep","gaps":"mask","padding":0,"fill":{"text":"#0a0B0c","gap":"#ffffff"},
       "clearance":"generation","staleAfter_ms":250.5,"hideInteraction":["PUSH_BUTTON","keyboard"],"events":["tap"],
       "rules":[{"role":["button","menu item"],"decision":"unmask","insideMasked":true},
                {"id":"checkout:*","decision":"mask"},{"name":["/card|iban/i","x"],"type":"com.acme.*","decision":"mask"},
                {"state":"multi-line","role":"text","decision":"mask"}]}
      """##)
    #expect(!policy.maskAllText && !policy.maskAllImages && !policy.maskAllInputs)
    #expect(policy.unknown == .keep && policy.uncovered == .mask && policy.titleBars == .keep)
    #expect(policy.treelessWindows == .keep && policy.gaps == .mask && policy.padding == 0)
    #expect(policy.fills[.text] == 0x0A0B0C && policy.fills[.gap] == 0xFFFFFF && policy.fills[.image] == 0)
    #expect(policy.clearance == .generation && policy.staleAfterMs == 250.5 && policy.events == ["tap"])
    #expect(policy.hideInteraction.map(\.name) == ["push button", "keyboard"])
    #expect(policy.rules.count == 4 && policy.rules[0].roles.map(\.name) == ["push button", "menu item"])
    #expect(policy.rules[0].insideMasked && policy.rules[2].names.map(\.source) == ["/card|iban/i", "x"])
    #expect(policy.rules[3].states == ["multiline"])
    #expect(try self.policy(##"{"fill":"#1E90ff"}"##).fills == MaskFills(0x1E90FF))
  }

  /// Policies without `trust` have the digests from before that key existed.
  @Test func trustIsWrittenOnlyWhereItIsNoDefault() throws {
    func policy(_ trust: String) throws -> MaskPolicy {
      try MaskPolicy(json: Array(#"{"rules":[{"role":"video","decision":"unmask"\#(trust)}]}"#.utf8))
    }
    let (silent, explained) = (try policy(""), try policy(#","trust":"explained""#))
    let always = try policy(#","trust":"always""#)
    #expect(silent == explained && silent.rules[0].trust == .explained && always.rules[0].trust == .always)
    #expect(!String(decoding: silent.canonicalJSON, as: UTF8.self).contains("trust"))
    #expect(
      try MaskPolicy(json: always.canonicalJSON) == always && always.canonicalJSON != silent.canonicalJSON)
  }

  /// The default is not written, so that the digests of older policies stay.
  @Test func keptNamesAreOffUnlessTheyAreSet() throws {
    let (silent, none) = (try policy("{}"), try policy(#"{"keepNames":"none"}"#))
    let shown = try policy(#"{"keepNames":"shown"}"#)
    #expect(silent == none && silent == MaskPolicy() && shown.keepNames == .shown)
    #expect(!String(decoding: none.canonicalJSON, as: UTF8.self).contains("keepNames"))
    #expect(try MaskPolicy(json: shown.canonicalJSON) == shown && shown.canonicalJSON != silent.canonicalJSON)
    #expect(throws: PolicyError.self) { try policy(#"{"keepNames":true}"#) }
  }

  @Test func canonicalFormReadsBack() throws {
    for preset in MaskPolicy.Preset.allCases {
      let policy = MaskPolicy(preset: preset)
      #expect(try MaskPolicy(json: policy.canonicalJSON) == policy)
    }
    let one = try policy(#"{"rules":[{"decision":"mask","role":"button"}],"padding":3.0}"#)
    let other = try policy(
      #"{"padding":3,"rules":[{"role":["push button"],"decision":"mask","insideMasked":false}]}"#)
    #expect(one.canonicalJSON == other.canonicalJSON)
    #expect(
      String(decoding: MaskPolicy().canonicalJSON, as: UTF8.self)
        == ##"{"clearance":"settled","events":[],"fill":{"gap":"#000000","image":"#000000","input":"#000000","other":"#000000","password":"#000000","text":"#000000","uncovered":"#000000"},"gaps":"guard","hideInteraction":["password text"],"maskAllImages":true,"maskAllInputs":true,"maskAllText":true,"padding":2,"rules":[],"staleAfter_ms":1000,"titleBars":"mask","treelessWindows":"mask","uncovered":"auto","unknown":"mask"}"##
    )
  }

  @Test(arguments: [
    (#"{"maskalltext":true}"#, #"policy: unknown key "maskalltext"; known are maskAllText, maskAllImages"#),
    (#"{"padding":1,"padding":2}"#, "\"padding\" is given twice"),
    ("[]", "policy: must be an object, not a list"),
    ("{", "not JSON at byte 1"), (#"{"padding":NaN}"#, "not JSON at byte 11"),
    (#"{"maskAllText":1}"#, "policy: maskAllText: must be true or false, not a number"),
    (#"{"maskAllText":null}"#, "must be true or false, not null"),
    (#"{"unknown":"hide"}"#, #"policy: unknown: must be one of "mask", "keep""#),
    (#"{"gaps":"auto"}"#, #"one of "guard", "keep", "mask""#),
    (#"{"padding":-1}"#, "padding: must be a number in [0,1024]"),
    (#"{"padding":1e300}"#, "padding: must be a number in"),
    (#"{"padding":1.5}"#, "padding: must be a whole number"),
    (#"{"staleAfter_ms":"1"}"#, "staleAfter_ms: must be a number"),
    (#"{"fill":"black"}"#, "fill: must be a colour"),
    (##"{"fill":"#12345"}"##, "fill: must be a colour"), (##"{"fill":"#+12345"}"##, "fill: must be a colour"),
    (##"{"fill":{"texts":"#000000"}}"##, #"policy: fill: unknown key "texts"; known are uncovered, gap"#),
    (#"{"fill":{"text":7}}"#, "fill.text: must be a colour"), (#"{"rules":{}}"#, "rules: must be a list"),
    (#"{"rules":[7]}"#, "rules[0]: must be an object"),
    (
      #"{"rules":[{"roel":"label","decision":"mask"}]}"#,
      #"rules[0]: unknown key "roel"; known are role, type, id"#
    ),
    (#"{"rules":[{"role":"label"}]}"#, "rules[0].decision: is missing"),
    (#"{"rules":[{"role":"label","decision":"hide"}]}"#, "rules[0].decision: must be one of"),
    (#"{"rules":[{"decision":"mask"}]}"#, "rules[0]: needs a condition"),
    (#"{"rules":[{"role":[],"decision":"mask"}]}"#, "rules[0].role: is empty"),
    (
      #"{"rules":[{"role":"puhs button","decision":"mask"}]}"#,
      #"rules[0].role: role "puhs button" is not known"#
    ),
    (#"{"rules":[{"id":["a",7],"decision":"mask"}]}"#, "rules[0].id[1]: must be a string"),
    (#"{"rules":[{"name":"/(/","decision":"mask"}]}"#, "rules[0].name: a ( has no matching )"),
    (#"{"rules":[{"state":"-","decision":"mask"}]}"#, "rules[0].state: is not a state"),
    (
      #"{"rules":[{"role":"label","decision":"mask","insideMasked":true}]}"#,
      "rules[0].insideMasked: is only allowed with"
    ),
    (
      #"{"rules":[{"role":"video","decision":"mask","trust":"always"}]}"#,
      "rules[0].trust: is only allowed with"
    ),
    (#"{"rules":[{"role":"video","decision":"unmask","trust":true}]}"#, "rules[0].trust: must be one of"),
    (#"{"hideInteraction":["keypadd"]}"#, "hideInteraction[0]: role \"keypadd\" is not known"),
    (#"{"hideInteraction":"keypad"}"#, "hideInteraction: must be a list"),
    (#"{"events":[""]}"#, "events[0]: must be"),
  ])
  func everyFaultNamesItsPlace(_ json: String, _ problem: String) {
    #expect(fault(json).contains(problem), "\(fault(json))")
  }
}
