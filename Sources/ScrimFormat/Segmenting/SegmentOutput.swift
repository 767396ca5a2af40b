public import ScrimCodec

/// Where the segments of one session go: a folder, a buffer in memory.
///
/// Its caller begins a segment with its first frame, appends records, and seals it before it begins the next one. Where a call throws,
/// nothing is lost that was handed over: the output keeps it and writes it first in the next call.
public protocol SegmentOutput: ~Copyable, SendableMetatype {
  associatedtype Failure: Error

  /// Bytes of the open segment; nil between segments.
  var openSegmentSize: Int? { get }

  /// Takes over a segment with what it holds so far; more records may follow.
  ///
  /// - Parameter segment: has its first frame, and nothing of it was drained.
  mutating func begin(_ segment: consuming SegmentWriter) throws(Failure)
  mutating func append(_ frame: FrameRecord) throws(Failure)
  mutating func append(_ event: EventRecord) throws(Failure)
  mutating func append(_ note: NoteRecord) throws(Failure)
  /// Ends the open segment.
  mutating func seal() throws(Failure)
  /// Ends the session, and with it the open segment, if any.
  ///
  /// - Returns: what the session has in all.
  mutating func finish() throws(Failure) -> SegmentTotals
}

/// What a session has in all.
public struct SegmentTotals: Hashable, Sendable {
  public var segments: Int
  /// Of all segments.
  public var bytes: Int

  public init(segments: Int, bytes: Int) {
    self.segments = segments
    self.bytes = bytes
  }
}

/// Why frames or events could not be made into segments, or those not be written.
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
