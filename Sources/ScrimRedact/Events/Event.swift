/// An event between the pictures: an input, a log line, a request, an error.
///
/// `EventFilter` decides what may be kept of it (Masking.md, section 9), and drops fields that its type
/// doesn't define.
public struct Event: Hashable, Sendable {
  /// A value of ``data``.
  public enum Value: Hashable, Sendable {
    case text(String)
    case number(Double)
    case flag(Bool)
  }

  /// `move`, `button`, `button-down`, `button-up`, `wheel`, `touch-down`, `touch-move`, `touch-up`, `key`, `char`, `log`, `network`,
  /// `navigation`, `error`, `span`, `test`, `mark`, or a type that the policy names in `events`. Any other is dropped.
  public var type: String
  /// Nanoseconds on the clock of its frames; nil if unknown. For a `Recorder`: nanoseconds of the
  /// recorder's clock, nil for now.
  public var time: Int64?
  /// Pixels of the picture, from its upper left corner.
  public var x: Double?
  public var y: Double?
  /// The number of a pointer button, 0...255.
  public var button: Int?
  /// Distance of a wheel movement.
  public var dx: Double?
  public var dy: Double?
  /// Number of the finger, 0...65535; `id` in JSON, as ``id`` is.
  public var touch: Int?
  /// For an error: its id in other systems.
  public var id: String?
  /// For a log line: `debug`, `info`, `warning`, `error`, or another short word.
  public var level: String?
  public var message: String?
  /// For a log line: the logger's name.
  public var logger: String?
  public var name: String?
  /// For a request: `GET`, `POST` and so on.
  public var method: String?
  public var url: String?
  /// The status code of a response, 0...999.
  public var status: Int?
  /// Start of a span, in milliseconds on the clock of ``time``.
  public var startMs: Double?
  public var durationMs: Double?
  /// Bytes of a request and of its response.
  public var requestBytes: Int?
  public var responseBytes: Int?
  /// Kept only for URLs that the policy allows.
  public var requestHeaders: [String: String]?
  public var responseHeaders: [String: String]?
  public var requestBody: String?
  public var responseBody: String?
  /// 32 and 16 hexadecimal digits, as in OpenTelemetry.
  public var traceID: String?
  public var spanID: String?
  /// For a span: the kind of work, such as `db.query`.
  public var op: String?
  /// For a test: `started`, `passed`, `failed` or `skipped`.
  public var phase: String?
  /// For an error: whether the program handled it.
  public var handled: Bool?
  /// For a mark or an error: additional values, at most 16.
  public var data: [String: Value]?
  /// The role of the pressed widget. Set by the filter; a value from a source is dropped.
  public internal(set) var role: String?

  public init(_ type: String, time: Int64? = nil) {
    self.type = type
    self.time = time
  }
}

extension Event {
  /// Removes what describes the pressed widget.
  package mutating func hideWidget() {
    role = nil
    if isPress { name = nil }
  }

  /// Whether it has a position in the picture.
  var isPointer: Bool {
    type == "move" || isPress || type == "touch-move" || type == "touch-up" || type == "button-up"
  }

  /// Whether it is a press, a touch or a wheel movement.
  package var isPress: Bool { ["button", "button-down", "wheel", "touch-down"].contains(type) }

  /// Whether it is user activity, which keeps a session from being idle.
  public var isInteraction: Bool { isByHand || type == "navigation" }

  /// Whether it is user activity that is no effect of it: a press, a key, a touch or a wheel movement.
  package var isByHand: Bool { isPress || type == "key" || type == "touch-move" }
}
