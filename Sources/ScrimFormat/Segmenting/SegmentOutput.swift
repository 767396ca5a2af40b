public import ScrimCodec

/// Destination of the segments of one session: a folder, or a buffer in memory.
///
/// The caller begins a segment with its first frame, appends records, and seals it before it begins the
/// next one. If a call throws, no data is lost: the output keeps what was handed over and writes it first
/// in the next call.
package protocol SegmentOutput: ~Copyable, SendableMetatype {
  associatedtype Failure: Error

  /// Bytes of the open segment; nil between segments.
  var openSegmentSize: Int? { get }

  /// Takes ownership of a segment with its records so far; more may follow.
  ///
  /// - Parameter segment: has its first frame, and none of its bytes were drained.
  mutating func begin(_ segment: consuming SegmentWriter) throws(Failure)
  mutating func append(_ frame: FrameRecord) throws(Failure)
  mutating func append(_ event: EventRecord) throws(Failure)
  mutating func append(_ note: NoteRecord) throws(Failure)
  /// Ends the open segment.
  mutating func seal() throws(Failure)
  /// Ends the session, and the open segment if there is one.
  ///
  /// - Returns: the totals of the session.
  mutating func finish() throws(Failure) -> SegmentTotals
}

/// Totals of a session.
public struct SegmentTotals: Hashable, Sendable {
  public var segments: Int
  /// Of all segments.
  public var bytes: Int

  public init(segments: Int, bytes: Int) {
    self.segments = segments
    self.bytes = bytes
  }
}

/// Why frames or events could not be coded, or segments not be written.
public enum SegmentingError<Failure: Error>: Error {
  case codec(CodecError)
  case format(FormatError)
  /// The output's own error.
  case output(Failure)
}

extension SegmentingError: Sendable where Failure: Sendable {}

extension SegmentingError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .codec(let error): error.description
    case .format(let error): error.description
    case .output(let error): "\(error)"
    }
  }
}
