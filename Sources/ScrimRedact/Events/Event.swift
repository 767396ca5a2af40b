/// Something that happened beside the pictures: an input, a log line, a request, an error.
///
/// What may be kept of it is decided by ``EventFilter`` (Masking.md, section 9); a field that its type has no use for is dropped there.
public struct Event: Hashable, Sendable {
  /// `move`, `button`, `button-down`, `button-up`, `wheel`, `key`, `char`, `log`, `network`, `navigation`, `error`, or a type that the
  /// policy names in `events`. Any other is dropped.
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
  /// Of a log line: `debug`, `info`, `warning`, `error`, or another short word.
  public var level: String?
  public var message: String?
  public var name: String?
  /// Of a request: `GET`, `POST` and so on.
  public var method: String?
  public var url: String?
  /// The status code of a response, 0...999.
  public var status: Int?
  public var durationMs: Double?

  public init(_ type: String, time: Int64? = nil) {
    self.type = type
    self.time = time
  }
}
