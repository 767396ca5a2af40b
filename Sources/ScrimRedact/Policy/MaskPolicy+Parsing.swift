import ScrimImage
import ScrimJSON

/// Why a file is not a valid policy: where in it, and what to do. Nothing is recorded with an incomplete
/// policy.
public struct PolicyError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Such as `rules[2].decision`; empty for the whole file.
  public var place: String
  public var problem: String

  public var description: String { place.isEmpty ? "policy: \(problem)" : "policy: \(place): \(problem)" }
}

extension MaskPolicy {
  /// Reads a policy file. Absent keys keep their defaults; an unknown key is an error, because a misspelt
  /// rule must not unmask anything.
  public init(json: [UInt8]) throws(PolicyError) {
    let object: JSON
    do {
      object = try JSON(json)
    } catch {
      throw PolicyError(place: "", problem: error.description)
    }
    self.init()
    for field in try PolicyPlace.fields(of: object, at: "", known: MaskPolicy.keys) { try read(field) }
  }

  private static let keys = [
    "maskAllText", "maskAllImages", "maskAllInputs", "unknown", "uncovered", "titleBars", "treelessWindows",
    "gaps",
    "padding", "fill", "clearance", "staleAfter_ms", "hideInteraction", "events", "rules",
    "network", "scrub", "keepNames",
  ]

  private mutating func read(_ field: PolicyField) throws(PolicyError) {
    switch field.key {
    case "maskAllText": maskAllText = try field.boolean()
    case "maskAllImages": maskAllImages = try field.boolean()
    case "maskAllInputs": maskAllInputs = try field.boolean()
    case "unknown": unknown = try field.choice()
    case "uncovered": uncovered = try field.choice()
    case "titleBars": titleBars = try field.choice()
    case "treelessWindows": treelessWindows = try field.choice()
    case "gaps": gaps = try field.choice()
    case "keepNames": keepNames = try field.choice()
    case "clearance": clearance = try field.choice()
    case "padding":
      guard let pixels = Int(exactly: try field.number(in: 0...1024)) else {
        throw field.problem("must be a whole number of pixels")
      }
      padding = pixels
    case "staleAfter_ms": staleAfterMs = try field.number(in: 0...1e9)
    case "fill": fills = try field.fills()
    case "hideInteraction":
      hideInteraction = try field.items().map { item throws(PolicyError) in try item.role() }
    case "events":
      events = try field.items().map { item throws(PolicyError) in
        let name = try item.string()
        guard !name.isEmpty, name.utf8.count <= 64 else {
          throw item.problem("must be the name of a type of event, 1 to 64 bytes")
        }
        return name
      }
    case "network": network = try field.network()
    case "scrub": scrub = try field.items().map { item throws(PolicyError) in try item.pattern() }
    default: rules = try field.items().map { item throws(PolicyError) in try Rule(item) }
    }
  }
}

extension MaskPolicy.Rule {
  fileprivate init(_ rule: PolicyField) throws(PolicyError) {
    var roles: [Role] = []
    var patterns: [String: [NamePattern]] = [:]
    var states: [String] = []
    var decision: MaskPolicy.Decision?
    var insideMasked = false
    var trust = MaskPolicy.Trust.explained
    let known = ["role", "type", "id", "name", "state", "decision", "insideMasked", "trust"]
    for field in try PolicyPlace.fields(of: rule.value, at: rule.place, known: known) {
      switch field.key {
      case "decision": decision = try field.choice()
      case "insideMasked": insideMasked = try field.boolean()
      case "trust": trust = try field.choice()
      case "role": roles = try field.oneOrMore().map { item throws(PolicyError) in try item.role() }
      case "state":
        states = try field.oneOrMore().map { item throws(PolicyError) in
          let state = try item.string()
          guard RoleTable.key(state) != nil else { throw item.problem("is not a state") }
          return state
        }
      default:
        patterns[field.key] = try field.oneOrMore().map { item throws(PolicyError) in try item.pattern() }
      }
    }
    guard let decision else {
      throw PolicyError(place: "\(rule.place).decision", problem: "is missing; give mask or unmask")
    }
    guard !(roles.isEmpty && patterns.isEmpty && states.isEmpty) else {
      throw rule.problem("needs a condition: one of role, type, id, name, state")
    }
    guard !insideMasked || decision == .unmask else {
      throw PolicyError(
        place: "\(rule.place).insideMasked", problem: "is only allowed with the decision unmask")
    }
    guard trust == .explained || decision == .unmask else {
      throw PolicyError(place: "\(rule.place).trust", problem: "is only allowed with the decision unmask")
    }
    self.init(
      roles: roles, types: patterns["type"] ?? [], ids: patterns["id"] ?? [], names: patterns["name"] ?? [],
      states: states, decision: decision, insideMasked: insideMasked, trust: trust)
  }
}

/// Location of an object in a policy: empty for the whole file, or such as `rules[2]`.
private struct PolicyPlace: JSONContext {
  var path: String
  var known: [String]

  func error(_ fault: JSONObjectError) -> PolicyError {
    switch fault {
    case .notAnObject(let kind): PolicyError(place: path, problem: "must be an object, not \(kind)")
    case .wrongType(let key, let expected, let kind):
      PolicyError(place: path(of: key), problem: "must be \(expected), not \(kind)")
    case .unknownKey(let key):
      PolicyError(
        place: path,
        problem:
          "unknown key \"\(WidgetError.printable(key))\"; known are \(known.joined(separator: ", "))")
    case .repeated(let key):
      PolicyError(
        place: path, problem: "key \"\(WidgetError.printable(key))\" is given twice; give it once")
    case .missing(let key): PolicyError(place: path(of: key), problem: "is missing; give it")
    case .notFinite(let key), .outOfRange(let key), .negative(let key):
      PolicyError(place: path(of: key), problem: "must be a number")
    case .contradiction(let one, let other):
      PolicyError(place: path, problem: "\(one) and \(other) contradict each other; give one of them")
    }
  }

  func path(of key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  /// The members of an object in their order, including those with `null`: no key of a policy may be
  /// `null`.
  static func fields(
    of json: JSON, at path: String, known: [String]
  ) throws(PolicyError) -> [PolicyField] {
    let place = PolicyPlace(path: path, known: known)
    let object = try JSONObject(json, in: place)
    try object.checkKeys(among: known)
    return object.members.map { PolicyField(key: $0.key, value: $0.value, context: place) }
  }
}

private typealias PolicyField = JSONField<PolicyPlace>

extension JSONField<PolicyPlace> {
  fileprivate var place: String { context.path(of: key) }

  fileprivate func problem(_ problem: String) -> PolicyError {
    PolicyError(place: place, problem: problem)
  }

  fileprivate func number(in range: ClosedRange<Double>) throws(PolicyError) -> Double {
    guard case .number(let value) = value, range.contains(value) else {
      let bounds = JSON.array([.number(range.lowerBound), .number(range.upperBound)]).canonicalBytes
      throw problem("must be a number in \(String(decoding: bounds, as: UTF8.self))")
    }
    return value
  }

  fileprivate func choice<Choice: RawRepresentable<String> & CaseIterable>() throws(PolicyError) -> Choice {
    guard case .string(let name) = value, let choice = Choice(rawValue: name) else {
      let names = Choice.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
      throw problem("must be one of \(names)")
    }
    return choice
  }

  fileprivate func role() throws(PolicyError) -> Role {
    let name = try string()
    guard let role = Role(named: name) else {
      throw problem(
        "role \"\(WidgetError.printable(name))\" is not known; correct it, or match it as written with type")
    }
    return role
  }

  fileprivate func pattern() throws(PolicyError) -> NamePattern {
    let text = try string()
    do throws(PatternError) { return try NamePattern(text) } catch { throw problem(error.description) }
  }

  fileprivate func network() throws(PolicyError) -> NetworkAllowList {
    var network = NetworkAllowList()
    for field in try PolicyPlace.fields(of: value, at: key, known: ["allow", "deny", "headers"]) {
      let items = try field.items()
      switch field.key {
      case "allow": network.allow = try items.map { item throws(PolicyError) in try item.pattern() }
      case "deny": network.deny = try items.map { item throws(PolicyError) in try item.pattern() }
      default: network.headers = try items.map { item throws(PolicyError) in try item.string() }
      }
    }
    return network
  }

  /// One value, or a list of at least one.
  fileprivate func oneOrMore() throws(PolicyError) -> [PolicyField] {
    guard case .array(let values) = value else { return [self] }
    guard !values.isEmpty else { throw problem("is empty; give a value, or leave it out") }
    return try items()
  }

  fileprivate func fills() throws(PolicyError) -> MaskFills {
    guard case .object = value else { return MaskFills(try colour()) }
    var fills = MaskFills()
    for field in try PolicyPlace.fields(of: value, at: key, known: MaskKind.allCases.map(\.rawValue)) {
      guard let kind = MaskKind(rawValue: field.key) else { continue }
      fills[kind] = try field.colour()
    }
    return fills
  }

  private func colour() throws(PolicyError) -> Pixel {
    guard case .string(let text) = value, text.utf8.count == 7, text.hasPrefix("#"),
      text.dropFirst().allSatisfy({ $0.isASCII && $0.isHexDigit }),
      let value = Pixel(text.dropFirst(), radix: 16)
    else { throw problem("must be a colour as in \"#1e90ff\"") }
    return value
  }
}
