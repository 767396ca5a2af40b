import ScrimImage
import ScrimJSON

/// An event that may be kept.
public struct SanitizedEvent: Hashable, Sendable {
  /// Milliseconds on the capture's clock.
  public var timeMs: Double
  public var type: String
  /// The event without its time, as canonical JSON (sorted keys, no white space).
  public var json: [UInt8]
}

/// Why a line is no event.
public struct EventError: Error, Hashable, Sendable, CustomStringConvertible {
  public var line: Int
  public var problem: String

  public var description: String { "line \(line): \(problem)" }
}

/// Reduces input events to what may be kept (Masking.md, section 9): never which key, never where in a field that hides
/// it, and of every event only fields that are known.
public struct EventFilter: Sendable {
  private let policy: MaskPolicy

  /// Bytes of UTF-8 of a message; what is longer is cut at a character.
  public static let messageLimit = 4096

  public init(policy: MaskPolicy) { self.policy = policy }

  /// The event of one line, or nil if its type is neither known nor named by the policy.
  ///
  /// - Parameters:
  ///   - json: one event object; its position is in pixels of the picture.
  ///   - line: its number, for messages.
  ///   - tree: the widgets in force at its time; nil if they could not be had, and then no position is kept.
  /// - Throws: ``EventError`` if it is no object, or has no usable `t_ms` or `type`.
  public func sanitize(
    json: [UInt8], line: Int, tree: WidgetTree?
  ) throws(EventError) -> SanitizedEvent? {
    let event: JSON
    do {
      event = try JSON(json)
    } catch {
      throw EventError(line: line, problem: error.description)
    }
    guard case .object(let members) = event else {
      throw EventError(line: line, problem: "an event must be an object, not \(event.kind)")
    }
    guard Set(members.map(\.key)).count == members.count else {
      throw EventError(line: line, problem: "a key is given twice; give it once")
    }
    guard case .number(let time)? = event["t_ms"], abs(time) <= 1e15 else {
      throw EventError(line: line, problem: "t_ms must be a time in milliseconds")
    }
    guard case .string(let type)? = event["type"], !type.isEmpty else {
      throw EventError(line: line, problem: "type must be the name of a type of event")
    }
    guard let (kept, fields) = fields(of: event, type: type, tree: tree) else { return nil }
    let json = JSON.object([JSON.Member("type", .string(kept))] + fields)
    return SanitizedEvent(timeMs: time, type: kept, json: json.canonicalBytes)
  }

  private func fields(of event: JSON, type: String, tree: WidgetTree?) -> (String, [JSON.Member])? {
    func kept(_ fields: [JSON.Member?]) -> (String, [JSON.Member]) { (type, fields.compactMap { $0 }) }
    switch type {
    case "move": return kept(position(of: event, tree))
    case "button", "button-down", "button-up":
      return kept(position(of: event, tree) + [event.whole("button", 0...255)])
    case "wheel":
      return kept(
        position(of: event, tree)
          + [event.whole("button", 0...255), event.number("dx", -1e6...1e6), event.number("dy", -1e6...1e6)])
    case "key", "char": return ("key", [])
    case "log": return kept([event.word("level"), event.message("message")])
    case "network":
      return kept([
        event.word("method"), event.address("url"), event.whole("status", 0...999),
        event.number("duration_ms", 0...1e12),
      ])
    case "navigation": return kept([event.address("url"), event.message("name")])
    case "error": return kept([event.message("message"), event.word("name")])
    default: return policy.events.contains(type) ? kept(position(of: event, tree)) : nil
    }
  }

  private func position(of event: JSON, _ tree: WidgetTree?) -> [JSON.Member?] {
    guard let tree, case .number(let x)? = event["x"], case .number(let y)? = event["y"],
      abs(x) <= 1e9, abs(y) <= 1e9
    else { return [] }
    var at = (x: Int(x.rounded(.down)), y: Int(y.rounded(.down)))
    // Where such fields lie inside each other, the largest hides most.
    var hiding: Rect?
    for (index, rect) in tree.rects.enumerated()
    where rect.area > hiding?.area ?? 0 && rect.padded(by: policy.padding).contains(x: at.x, y: at.y) {
      let widget = tree.widgets[index]
      if widget.nature == .password || policy.hideInteraction.contains(widget.role) { hiding = rect }
    }
    if let hiding { at = (hiding.x + hiding.width / 2, hiding.y + hiding.height / 2) }
    return [JSON.Member("x", .number(Double(at.x))), JSON.Member("y", .number(Double(at.y)))]
  }
}

extension JSON {
  fileprivate func number(_ key: String, _ range: ClosedRange<Double>) -> Member? {
    guard case .number(let value)? = self[key], range.contains(value) else { return nil }
    return Member(key, .number(value))
  }

  fileprivate func whole(_ key: String, _ range: ClosedRange<Double>) -> Member? {
    number(key, range).flatMap { member in
      guard case .number(let value) = member.value, value == value.rounded() else { return nil }
      return member
    }
  }

  /// A short name: up to 64 letters, digits, points, hyphens and underscores of ASCII.
  fileprivate func word(_ key: String) -> Member? {
    guard case .string(let value)? = self[key], !value.isEmpty, value.utf8.count <= 64,
      value.utf8.allSatisfy({ JSON.isLetterOrDigit($0) || ".-_".utf8.contains($0) })
    else { return nil }
    return Member(key, .string(value))
  }

  fileprivate func message(_ key: String) -> Member? {
    guard case .string(let value)? = self[key] else { return nil }
    let limit = EventFilter.messageLimit
    guard value.utf8.count > limit else { return Member(key, .string(value)) }
    var cut = String.UnicodeScalarView()
    var bytes = 0
    for scalar in value.unicodeScalars {
      bytes += UTF8.width(scalar)
      guard bytes <= limit else { break }
      cut.append(scalar)
    }
    return Member(key, .string(String(cut)))
  }

  fileprivate func address(_ key: String) -> Member? {
    guard case .string(let value)? = self[key], let url = JSON.address(Array(value.utf8)) else { return nil }
    return Member(key, .string(String(decoding: url, as: UTF8.self)))
  }

  /// Scheme, host and path of an address, without path parameters; of an address that has no host, such as `data:`, the
  /// scheme alone; nil if it is none of these. Works on bytes: a combining mark behind an `@` hides nothing from it.
  private static func address(_ url: [UInt8]) -> [UInt8]? {
    let colon = UInt8(ascii: ":")
    let slash = UInt8(ascii: "/")
    let at = UInt8(ascii: "@")
    guard url.count <= EventFilter.messageLimit,
      url.allSatisfy({ $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\\") })
    else { return nil }
    var rest = url.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
    var result: [UInt8] = []
    let scheme = rest.prefix { isLetterOrDigit($0) || "+-.".utf8.contains($0) }
    if !scheme.isEmpty, scheme.endIndex < rest.endIndex, rest[scheme.endIndex] == colon {
      result = scheme + [colon]
      rest = rest[(scheme.endIndex + 1)...]
      guard rest.starts(with: [slash, slash]) else { return result }
    } else {
      guard rest.first == slash || !rest.contains(where: { $0 == colon || $0 == at }) else { return nil }
    }
    if rest.starts(with: [slash, slash]) {
      rest = rest.dropFirst(2)
      let authority = rest.prefix { $0 != slash }
      rest = rest[authority.endIndex...]
      result += [slash, slash]
      result += authority.lastIndex(of: at).map { authority[($0 + 1)...] } ?? authority
    }
    let segments = rest.split(separator: slash, omittingEmptySubsequences: false)
    return result + segments.map { $0.prefix { $0 != UInt8(ascii: ";") } }.joined(separator: [slash])
  }

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: false
    }
  }
}
