public import ScrimImage

/// An export format, to which pictures are written in order. It receives the pictures that a player shows, so it
/// can't contain masked pixels.
public protocol PictureForm: ~Copyable {
  /// Whether the format needs the picture shown at the start of the part, whose frame may be earlier.
  static var isMoving: Bool { get }

  /// Takes the picture that is shown from `shown.time` until the time of the next call.
  mutating func add(_ picture: borrowing Picture, _ shown: ShownFrame) throws(ExportError)

  /// Completes the file or folder.
  ///
  /// - Parameter end: the time until which the last picture is shown.
  mutating func finish(at end: Int64) throws(ExportError)
}

/// A frame as an export shows it.
public struct ShownFrame: Hashable, Sendable {
  /// The frame's number in its session.
  public var number: Int
  /// The time from which it is shown, in nanoseconds on the session's clock.
  public var time: Int64
  /// Whether the picture may differ from the previous one.
  public var isChanged: Bool
}
