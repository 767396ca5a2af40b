import ScrimImage

/// The limits of Format.md. A writer refuses to exceed them, and a reader refuses larger values.
public enum FormatLimits {
  static let magicBytes = 8
  static let recordHeadBytes = 10
  /// Bytes of a segment before its seal.
  public static let segmentBytes = 1 << 30
  /// Segments of a session: their names have eight digits.
  package static let segments = 100_000_000
  /// Bytes of one record's payload.
  package static let payloadBytes = 1 << 28
  /// Records in a segment, of any type.
  package static let records = 1 << 20
  /// Bytes of an event's JSON.
  package static let eventBytes = 1 << 20
  /// Bytes of the producer's UTF-8.
  public static let producerBytes = 255
  /// Bytes of the UTF-8 of a role's name.
  static let roleBytes = 255
  /// Masks of all lists of a segment together: the sum of the list's lengths after each of its masks records. A record takes few
  /// bytes however long the list is, so without this limit a small segment would take gigabytes, or hours.
  package static let listedMasks = 1 << 21
  /// Pixels of a picture's width, and of its height.
  public static let side = PictureLimits.side
  /// Pixels of a picture; also the limit of withheld tiles.
  public static let pixels = PictureLimits.pixels
  /// Nanoseconds of a record's time, to either side of the session's start; also the limit of a frame's number.
  public static let time: Int64 = 1 << 61
}
