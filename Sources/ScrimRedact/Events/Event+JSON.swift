import ScrimJSON

/// Why a line is not an event.
public struct EventError: Error, Hashable, Sendable, CustomStringConvertible {
  public var line: Int
  public var problem: String

  public var description: String { "line \(line): \(problem)" }
}

extension Event {
  private typealias Field<Value> = WritableKeyPath<Event, Value?> & Sendable

  // One table for reading and writing. `id` is handled separately: a number for a touch, a text for an
  // error.
  private static let numbers: [(key: String, field: any Field<Double>)] = [
    ("x", \.x), ("y", \.y), ("dx", \.dx), ("dy", \.dy), ("duration_ms", \.durationMs),
    ("start_ms", \.startMs),
  ]
  private static let integers: [(key: String, field: any Field<Int>)] = [
    ("button", \.button), ("status", \.status), ("request_bytes", \.requestBytes),
    ("response_bytes", \.responseBytes),
  ]
  private static let texts: [(key: String, field: any Field<String>)] = [
    ("level", \.level), ("message", \.message), ("logger", \.logger), ("name", \.name), ("method", \.method),
    ("url", \.url), ("op", \.op), ("phase", \.phase), ("trace_id", \.traceID), ("span_id", \.spanID),
    ("request_body", \.requestBody), ("response_body", \.responseBody),
  ]
  private static let headers: [(key: String, field: any Field<[String: String]>)] = [
    ("request_headers", \.requestHeaders), ("response_headers", \.responseHeaders),
  ]

  /// Reads the event of one line of `events.jsonl`. Unknown fields, and fields of a wrong type, are
  /// ignored.
  ///
  /// - Parameters:
  ///   - json: one object, with `t_ms` (milliseconds on the capture's clock) and `type`.
  ///   - line: its number, for messages.
  /// - Throws: ``EventError`` if it is not an object, gives a key twice, or has no valid `t_ms` or `type`.
  public init(json: [UInt8], line: Int) throws(EventError) {
    let value: JSON
    do { value = try JSON(json) } catch { throw EventError(line: line, problem: error.description) }
    guard case .object(let members) = value else {
      throw EventError(line: line, problem: "an event must be an object, not \(value.kind)")
    }
    guard Set(members.map(\.key)).count == members.count else {
      throw EventError(line: line, problem: "a key is given twice; give it once")
    }
    guard case .number(let milliseconds)? = value["t_ms"], abs(milliseconds) <= 1e15 else {
      throw EventError(line: line, problem: "t_ms must be a time in milliseconds")
    }
    guard case .string(let type)? = value["type"], !type.isEmpty else {
      throw EventError(line: line, problem: "type must be the name of a type of event")
    }
    self.init(type, time: nanoseconds(fromMilliseconds: milliseconds))
    for member in members { set(member) }
  }

  /// The event of a session's record, with the role that the filter assigned.
  ///
  /// - Parameter json: the output of ``canonicalJSON``.
  package init(recorded json: [UInt8], time: Int64) throws(EventError) {
    try self.init(json: Array(#"{"t_ms":0,"#.utf8) + json.dropFirst(), line: 1)
    self.time = time
    if case .string(let role)? = (try? JSON(json))?["role"] { self.role = role }
  }

  private mutating func set(_ member: JSON.Member) {
    let key = member.key
    switch member.value {
    case .number(let value):
      if key == "id" { touch = Int(exactly: value) }
      if let field = Event.numbers.first(where: { $0.key == key })?.field { self[keyPath: field] = value }
      if let field = Event.integers.first(where: { $0.key == key })?.field {
        self[keyPath: field] = Int(exactly: value)
      }
    case .string(let value):
      if key == "id" { id = value }
      if let field = Event.texts.first(where: { $0.key == key })?.field { self[keyPath: field] = value }
    case .bool(let value) where key == "handled": handled = value
    case .object(let members) where key == "data":
      data = Dictionary(members.compactMap { member in Value(member.value).map { (member.key, $0) } }) { $1 }
    case .object(let members):
      guard let field = Event.headers.first(where: { $0.key == key })?.field else { return }
      self[keyPath: field] = Dictionary(
        members.compactMap { member in
          if case .string(let text) = member.value { (member.key, text) } else { nil }
        }
      ) { $1 }
    default: break
    }
  }

  /// The event without its time as canonical JSON (keys sorted, no white space), as stored in a session.
  /// Numbers are finite.
  public var canonicalJSON: [UInt8] {
    var members = [JSON.Member("type", .string(type))]
    func add(_ key: String, _ value: JSON?) {
      if let value { members.append(JSON.Member(key, value)) }
    }
    for (key, field) in Event.numbers { add(key, self[keyPath: field].map(JSON.number)) }
    for (key, field) in Event.integers { add(key, self[keyPath: field].map { .number(Double($0)) }) }
    for (key, field) in Event.texts { add(key, self[keyPath: field].map(JSON.string)) }
    for (key, field) in Event.headers {
      add(key, self[keyPath: field].map { .object($0.map { JSON.Member($0.key, .string($0.value)) }) })
    }
    add("id", touch.map { .number(Double($0)) } ?? id.map(JSON.string))
    add("handled", handled.map(JSON.bool))
    add("role", role.map(JSON.string))
    add("data", data.map { .object($0.map { JSON.Member($0.key, $0.value.json) }) })
    return JSON.object(members).canonicalBytes
  }
}

extension Event.Value {
  fileprivate init?(_ json: JSON) {
    switch json {
    case .string(let value): self = .text(value)
    case .number(let value): self = .number(value)
    case .bool(let value): self = .flag(value)
    case .null, .array, .object, .digits: return nil
    }
  }

  fileprivate var json: JSON {
    switch self {
    case .text(let value): .string(value)
    case .number(let value): .number(value)
    case .flag(let value): .bool(value)
    }
  }
}
