import ScrimImage
import ScrimJSON

/// Why a file makes no policy: where in it, and what to do. Nothing is recorded under half a policy.
public struct PolicyError: Error, Hashable, Sendable, CustomStringConvertible {
  /// As in `rules[2].decision`; empty for the whole file.
  public var place: String
  public var problem: String

  public var description: String { place.isEmpty ? "policy: \(problem)" : "policy: \(place): \(problem)" }
}

extension MaskPolicy {
  /// Reads a policy file. Keys that are absent keep their defaults; an unknown key is an error, for a misspelt rule
  /// must not unmask.
  public init(json: [UInt8]) throws(PolicyError) {
    let object: JSON
    do {
      object = try JSON(json)
    } catch {
      throw PolicyError(place: "", problem: error.description)
    }
    self.init()
    for (key, value) in try PolicyFields.read(object, at: "", known: MaskPolicy.keys) {
      try read(key, value)
    }
  }

  private static let keys = [
    "maskAllText", "maskAllImages", "maskAllInputs", "unknown", "uncovered", "titleBars", "treelessWindows",
    "gaps",
    "padding", "fill", "clearance", "staleAfter_ms", "hideInteraction", "events", "rules",
    "network", "scrub",
  ]

  private mutating func read(_ key: String, _ value: JSON) throws(PolicyError) {
    switch key {
    case "maskAllText": maskAllText = try PolicyFields.boolean(value, at: key)
    case "maskAllImages": maskAllImages = try PolicyFields.boolean(value, at: key)
    case "maskAllInputs": maskAllInputs = try PolicyFields.boolean(value, at: key)
    case "unknown": unknown = try PolicyFields.choice(value, at: key)
    case "uncovered": uncovered = try PolicyFields.choice(value, at: key)
    case "titleBars": titleBars = try PolicyFields.choice(value, at: key)
    case "treelessWindows": treelessWindows = try PolicyFields.choice(value, at: key)
    case "gaps": gaps = try PolicyFields.choice(value, at: key)
    case "clearance": clearance = try PolicyFields.choice(value, at: key)
    case "padding":
      guard let pixels = Int(exactly: try PolicyFields.number(value, at: key, 0...1024)) else {
        throw PolicyError(place: key, problem: "must be a whole number of pixels")
      }
      padding = pixels
    case "staleAfter_ms": staleAfterMs = try PolicyFields.number(value, at: key, 0...1e9)
    case "fill": fills = try PolicyFields.fills(value)
    case "hideInteraction":
      hideInteraction = try PolicyFields.items(value, at: key) { (item, place) throws(PolicyError) in
        try PolicyFields.role(item, at: place)
      }
    case "events":
      events = try PolicyFields.items(value, at: key) { (item, place) throws(PolicyError) in
        let name = try PolicyFields.string(item, at: place)
        guard !name.isEmpty, name.utf8.count <= 64 else {
          throw PolicyError(place: place, problem: "must be the name of a type of event, 1 to 64 bytes")
        }
        return name
      }
    case "network": network = try PolicyFields.network(value)
    case "scrub": scrub = try PolicyFields.items(value, at: key, PolicyFields.pattern)
    default:
      rules = try PolicyFields.items(value, at: key) { (item, place) throws(PolicyError) in
        try Rule(item, at: place)
      }
    }
  }
}

extension MaskPolicy.Rule {
  fileprivate init(_ json: JSON, at place: String) throws(PolicyError) {
    var roles: [Role] = []
    var patterns: [String: [NamePattern]] = [:]
    var states: [String] = []
    var decision: MaskPolicy.Decision?
    var insideMasked = false
    let known = ["role", "type", "id", "name", "state", "decision", "insideMasked"]
    let fields = try PolicyFields.read(json, at: place, known: known)
    for (key, value) in fields {
      let inner = "\(place).\(key)"
      switch key {
      case "decision": decision = try PolicyFields.choice(value, at: inner)
      case "insideMasked": insideMasked = try PolicyFields.boolean(value, at: inner)
      case "role":
        roles = try PolicyFields.oneOrMore(value, at: inner) { (item, place) throws(PolicyError) in
          try PolicyFields.role(item, at: place)
        }
      case "state":
        states = try PolicyFields.oneOrMore(value, at: inner) { (item, place) throws(PolicyError) in
          let state = try PolicyFields.string(item, at: place)
          guard RoleTable.key(state) != nil else { throw PolicyError(place: place, problem: "is no state") }
          return state
        }
      default:
        patterns[key] = try PolicyFields.oneOrMore(value, at: inner, PolicyFields.pattern)
      }
    }
    guard let decision else {
      throw PolicyError(place: "\(place).decision", problem: "is missing; give mask or unmask")
    }
    guard !(roles.isEmpty && patterns.isEmpty && states.isEmpty) else {
      throw PolicyError(place: place, problem: "needs a condition: one of role, type, id, name, state")
    }
    guard !insideMasked || decision == .unmask else {
      throw PolicyError(place: "\(place).insideMasked", problem: "goes only with the decision unmask")
    }
    self.init(
      roles: roles, types: patterns["type"] ?? [], ids: patterns["id"] ?? [], names: patterns["name"] ?? [],
      states: states, decision: decision, insideMasked: insideMasked)
  }
}

private enum PolicyFields {
  static func read(_ json: JSON, at place: String, known: [String]) throws(PolicyError) -> [(String, JSON)] {
    guard case .object(let members) = json else {
      throw PolicyError(place: place, problem: "must be an object, not \(json.kind)")
    }
    var seen: Set<String> = []
    for member in members {
      let shown = WidgetError.printable(member.key)
      guard known.contains(member.key) else {
        throw PolicyError(
          place: place, problem: "unknown key \"\(shown)\"; known are \(known.joined(separator: ", "))")
      }
      guard seen.insert(member.key).inserted else {
        throw PolicyError(place: place, problem: "key \"\(shown)\" is given twice; give it once")
      }
    }
    return members.map { ($0.key, $0.value) }
  }

  static func boolean(_ json: JSON, at place: String) throws(PolicyError) -> Bool {
    guard case .bool(let value) = json else {
      throw PolicyError(place: place, problem: "must be true or false, not \(json.kind)")
    }
    return value
  }

  static func string(_ json: JSON, at place: String) throws(PolicyError) -> String {
    guard case .string(let value) = json else {
      throw PolicyError(place: place, problem: "must be a string, not \(json.kind)")
    }
    return value
  }

  static func number(_ json: JSON, at place: String, _ range: ClosedRange<Double>) throws(PolicyError)
    -> Double
  {
    guard case .number(let value) = json, range.contains(value) else {
      let bounds = JSON.array([.number(range.lowerBound), .number(range.upperBound)]).canonicalBytes
      throw PolicyError(
        place: place, problem: "must be a number in \(String(decoding: bounds, as: UTF8.self))")
    }
    return value
  }

  static func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ json: JSON, at place: String
  ) throws(PolicyError) -> Choice {
    guard case .string(let name) = json, let choice = Choice(rawValue: name) else {
      let names = Choice.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
      throw PolicyError(place: place, problem: "must be one of \(names)")
    }
    return choice
  }

  static func role(_ json: JSON, at place: String) throws(PolicyError) -> Role {
    let name = try string(json, at: place)
    guard let role = Role(named: name) else {
      throw PolicyError(
        place: place,
        problem:
          "role \"\(WidgetError.printable(name))\" is not known; correct it, or match it as written with type"
      )
    }
    return role
  }

  static func pattern(_ json: JSON, at place: String) throws(PolicyError) -> NamePattern {
    let source = try string(json, at: place)
    do { return try NamePattern(source) } catch {
      throw PolicyError(place: place, problem: error.description)
    }
  }

  static func network(_ json: JSON) throws(PolicyError) -> NetworkDetails {
    var network = NetworkDetails()
    for (key, value) in try read(json, at: "network", known: ["allow", "deny", "headers"]) {
      let place = "network.\(key)"
      switch key {
      case "allow": network.allow = try items(value, at: place, pattern)
      case "deny": network.deny = try items(value, at: place, pattern)
      default: network.headers = try items(value, at: place, string)
      }
    }
    return network
  }

  static func items<Item>(
    _ json: JSON, at place: String, _ read: (JSON, String) throws(PolicyError) -> Item
  ) throws(PolicyError) -> [Item] {
    guard case .array(let values) = json else {
      throw PolicyError(place: place, problem: "must be a list, not \(json.kind)")
    }
    var items: [Item] = []
    for (index, value) in values.enumerated() { items.append(try read(value, "\(place)[\(index)]")) }
    return items
  }

  /// One value, or a list of at least one.
  static func oneOrMore<Item>(
    _ json: JSON, at place: String, _ read: (JSON, String) throws(PolicyError) -> Item
  ) throws(PolicyError) -> [Item] {
    guard case .array(let values) = json else { return [try read(json, place)] }
    guard !values.isEmpty else {
      throw PolicyError(place: place, problem: "is empty; give a value, or leave it out")
    }
    return try items(json, at: place, read)
  }

  static func fills(_ json: JSON) throws(PolicyError) -> MaskFills {
    guard case .object = json else { return MaskFills(try colour(json, at: "fill")) }
    var fills = MaskFills()
    for (key, value) in try read(json, at: "fill", known: MaskKind.allCases.map(\.rawValue)) {
      guard let kind = MaskKind(rawValue: key) else { continue }
      fills[kind] = try colour(value, at: "fill.\(key)")
    }
    return fills
  }

  private static func colour(_ json: JSON, at place: String) throws(PolicyError) -> Pixel {
    guard case .string(let text) = json, text.utf8.count == 7, text.hasPrefix("#"),
      text.dropFirst().allSatisfy({ $0.isASCII && $0.isHexDigit }),
      let value = Pixel(text.dropFirst(), radix: 16)
    else { throw PolicyError(place: place, problem: "must be a colour as in \"#1e90ff\"") }
    return value
  }
}
