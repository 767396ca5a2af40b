import ScrimJSON

/// Why a line is no event.
public struct EventError: Error, Hashable, Sendable, CustomStringConvertible {
  public var line: Int
  public var problem: String

  public var description: String { "line \(line): \(problem)" }
}

extension Event {
  /// The event of one line of `events.jsonl`. A field of a wrong type is passed over, as is one that is not known.
  ///
  /// - Parameters:
  ///   - json: one object, with `t_ms` (milliseconds on the capture's clock) and `type`.
  ///   - line: its number, for messages.
  /// - Throws: ``EventError`` if it is no object, gives a key twice, or has no usable `t_ms` or `type`.
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

  private mutating func set(_ member: JSON.Member) {
    switch (member.key, member.value) {
    case ("x", .number(let value)): x = value
    case ("y", .number(let value)): y = value
    case ("dx", .number(let value)): dx = value
    case ("dy", .number(let value)): dy = value
    case ("duration_ms", .number(let value)): durationMs = value
    case ("button", .number(let value)): button = Int(exactly: value)
    case ("status", .number(let value)): status = Int(exactly: value)
    case ("level", .string(let value)): level = value
    case ("message", .string(let value)): message = value
    case ("name", .string(let value)): name = value
    case ("method", .string(let value)): method = value
    case ("url", .string(let value)): url = value
    default: break
    }
  }

  /// The event without its time as canonical JSON (keys sorted, no white space), as a record of the session holds it. Numbers are finite.
  public var canonicalJSON: [UInt8] {
    var members = [JSON.Member("type", .string(type))]
    func add(_ key: String, _ value: Double?) {
      if let value { members.append(JSON.Member(key, .number(value))) }
    }
    func add(_ key: String, _ value: String?) {
      if let value { members.append(JSON.Member(key, .string(value))) }
    }
    add("x", x)
    add("y", y)
    add("dx", dx)
    add("dy", dy)
    add("duration_ms", durationMs)
    add("button", button.map(Double.init))
    add("status", status.map(Double.init))
    add("level", level)
    add("message", message)
    add("name", name)
    add("method", method)
    add("url", url)
    return JSON.object(members).canonicalBytes
  }
}
