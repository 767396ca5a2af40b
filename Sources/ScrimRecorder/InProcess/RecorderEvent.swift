/// Something that happened beside the pictures. Of what is given, the policy's filter keeps what may be kept (Masking.md, section 9).
public struct RecorderEvent: Hashable, Sendable {
  /// `move`, `button`, `button-down`, `button-up`, `wheel`, `key`, `char`, `log`, `network`, `navigation`, `error`, or a type that the
  /// policy names in `events`. Any other is dropped.
  public var type: String
  /// Nanoseconds of the recorder's clock; nil for now.
  public var time: Int64?
  /// Pixels of the surface.
  public var x: Double?
  public var y: Double?
  public var button: Int?
  /// How far a wheel turned.
  public var dx: Double?
  public var dy: Double?
  public var level: String?
  public var message: String?
  public var name: String?
  public var method: String?
  public var url: String?
  public var status: Int?
  public var durationMs: Double?

  public init(_ type: String, time: Int64? = nil) {
    self.type = type
    self.time = time
  }

  /// The event as a line of `events.jsonl`. Numbers that are not finite are left out.
  var json: [UInt8] {
    var members = ["\"t_ms\":0", "\"type\":" + RecorderEvent.quoted(type)]
    for (key, value) in [("x", x), ("y", y), ("dx", dx), ("dy", dy), ("duration_ms", durationMs)] {
      if let value, value.isFinite { members.append("\"\(key)\":\(value)") }
    }
    for (key, value) in [("button", button), ("status", status)] {
      if let value { members.append("\"\(key)\":\(value)") }
    }
    for (key, value) in [
      ("level", level), ("message", message), ("name", name), ("method", method), ("url", url),
    ] {
      if let value { members.append("\"\(key)\":" + RecorderEvent.quoted(value)) }
    }
    return Array("{\(members.joined(separator: ","))}".utf8)
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\":
        result.unicodeScalars.append("\\")
        result.unicodeScalars.append(scalar)
      case "\0"..<" ":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
