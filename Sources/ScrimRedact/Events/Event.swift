/// Something that happened beside the pictures: an input, a log line, a request, an error.
///
/// What may be kept of it is decided by ``EventFilter`` (Masking.md, section 9); a field that its type has no use for is dropped there.
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
  /// Nanoseconds on the clock of the frames it comes with; nil where that is not known. Given to a `Recorder`: nanoseconds of the
  /// recorder's clock, nil for now.
  public var time: Int64?
  /// Pixels of the picture, from its upper left corner.
  public var x: Double?
  public var y: Double?
  /// The number of a button of the pointer, 0...255.
  public var button: Int?
  /// How far a wheel turned.
  public var dx: Double?
  public var dy: Double?
  /// Which finger, 0...65535; `id` in JSON, as ``id`` is.
  public var touch: Int?
  /// Of an error: the name it has elsewhere.
  public var id: String?
  /// Of a log line: `debug`, `info`, `warning`, `error`, or another short word.
  public var level: String?
  public var message: String?
  /// Of a log line: what wrote it.
  public var logger: String?
  public var name: String?
  /// Of a request: `GET`, `POST` and so on.
  public var method: String?
  public var url: String?
  /// The status code of a response, 0...999.
  public var status: Int?
  /// When a span began, in milliseconds on the clock of ``time``.
  public var startMs: Double?
  public var durationMs: Double?
  /// Bytes of a request and of its response.
  public var requestBytes: Int?
  public var responseBytes: Int?
  /// Kept only for addresses that the policy names.
  public var requestHeaders: [String: String]?
  public var responseHeaders: [String: String]?
  public var requestBody: String?
  public var responseBody: String?
  /// 32 and 16 hexadecimal digits, as OpenTelemetry has them.
  public var traceID: String?
  public var spanID: String?
  /// Of a span: what kind of work, such as `db.query`.
  public var op: String?
  /// Of a test: `started`, `passed`, `failed` or `skipped`.
  public var phase: String?
  /// Of an error: whether the program dealt with it.
  public var handled: Bool?
  /// Of a mark or an error: further values, at most 16.
  public var data: [String: Value]?
  /// The role of the widget that a press met. The filter sets it; what a source gives is dropped.
  public internal(set) var role: String?

  public init(_ type: String, time: Int64? = nil) {
    self.type = type
    self.time = time
  }
}

extension Event {
  package mutating func hideRole() { role = nil }

  /// Whether it has a place on the picture.
  var isPointer: Bool {
    type == "move" || isPress || type == "touch-move" || type == "touch-up" || type == "button-up"
  }

  /// Whether it is a press, a touch or a turn of a wheel.
  var isPress: Bool { ["button", "button-down", "wheel", "touch-down"].contains(type) }

  /// Whether somebody used the program: what keeps a session from being idle.
  public var isInteraction: Bool { isPress || type == "key" || type == "touch-move" || type == "navigation" }
}
