import ScrimJSON
import ScrimRedact

/// An object in a JSON file of boxes; each key at most once.
typealias BoxObject = JSONObject<BoxPlace>

/// Location of an object in a file of boxes.
struct BoxPlace: JSONContext {
  let format: BoxFormat
  /// For messages: lists and indices, no names.
  let place: String

  var numberLimit: Double { Double(WidgetTree.coordinateLimit) }

  func error(_ fault: JSONObjectError) -> BoxesError { BoxesError(format, place, BoxesError.Fault(fault)) }
}

extension BoxesError.Fault {
  fileprivate init(_ fault: JSONObjectError) {
    switch fault {
    case .notAnObject(let kind): self = .wrongType("it", expected: "an object, not \(kind)")
    case .missing(let key): self = .missing(key)
    case .wrongType(let key, let expected, _): self = .wrongType(key, expected: expected)
    case .notFinite(let key): self = .badNumber(key, "is NaN or infinite")
    case .outOfRange(let key): self = .badNumber(key, "is larger than any screen")
    case .negative(let key): self = .badNumber(key, "is negative")
    case .repeated(let key), .unknownKey(let key): self = .repeated(printable(key))
    case .contradiction(let one, let other): self = .malformed("\(one) and \(other) contradict each other")
    }
  }
}

extension JSONObject<BoxPlace> {
  var place: String { context.place }

  init(_ json: JSON, _ format: BoxFormat, _ place: String) throws(BoxesError) {
    try self.init(json, in: BoxPlace(format: format, place: place))
    try checkKeysDiffer()
  }

  func fault(_ fault: BoxesError.Fault) -> BoxesError { BoxesError(context.format, place, fault) }

  /// A whole number of pixels, at least one.
  func pixels(_ key: String) throws(BoxesError) -> Int {
    guard let value = Int(exactly: try required(key)), value > 0 else {
      throw fault(.badNumber(key, "must be a whole number of pixels"))
    }
    return value
  }

  /// An id that is a string or a whole number, as text.
  func id(_ key: String) throws(BoxesError) -> String {
    switch self[key] {
    case nil: throw fault(.missing(key))
    case .string(let text): return text
    case .number(let number):
      guard number.isFinite, abs(number) < 0x1p53, let whole = Int(exactly: number) else {
        throw fault(.badNumber(key, "must be a whole number"))
      }
      return String(whole)
    default: throw fault(.wrongType(key, expected: "a whole number or a string"))
    }
  }

  func object(_ key: String) throws(BoxesError) -> BoxObject? {
    guard let value = self[key] else { return nil }
    return try BoxObject(value, context.format, "\(place), \(key)")
  }

  /// Refuses members that may be a region, under keys that the format doesn't define (``RegionMember``).
  func refuseRegions(except known: Set<String>) throws(BoxesError) {
    guard let key = RegionMember.first(in: members, except: known) else { return }
    throw fault(
      .unsupported(
        "\(printable(key)), which \(context.format.name) don't define and which may be a region; give it as a region of its own, or delete it"
      ))
  }

  /// Refuses numbers that change a shape, under keys that the format doesn't define: a rotation, a radius.
  func refuseMeasures(except known: Set<String>) throws(BoxesError) {
    for member in members
    where !known.contains(member.key) && RegionMember.measures.contains(member.key.lowercased()) {
      switch member.value {
      case .null, .bool, .number(0), .array, .object: continue
      case .string(let text) where RegionText.numberCount(text) == nil: continue
      case .string, .number, .digits:
        throw fault(
          .unsupported("\(printable(member.key)), which \(context.format.name) don't define; draw a polygon"))
      }
    }
  }
}
