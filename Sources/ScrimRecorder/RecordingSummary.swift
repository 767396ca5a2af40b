public import ScrimFormat
public import ScrimRedact
public import ScrimStore

/// Totals of a recording.
public struct RecordingSummary: Sendable {
  /// Frames recorded, including those that failed closed.
  public var frames = 0
  /// Frames in which some tiles show older content.
  public var withheldFrames = 0
  /// Frames recorded as fill because their boxes or pixels were not available.
  public var failedClosedFrames = 0
  /// Frames with an incomplete tree: it clears nothing, or has its gaps masked.
  public var partialTrees = 0
  /// Frames whose source was found to omit changed pixels from their damage.
  public var untrueDamageFrames = 0
  /// Frames of which nothing is recorded.
  public var lostFrames = 0
  public var events = 0
  /// Events that the policy doesn't keep.
  public var droppedEvents = 0
  /// Events that were merged into others, or dropped because too many came in a second. Hidden input is not
  /// counted.
  public var thinnedEvents = 0
  /// Sessions that were dropped because they were shorter than the minimum.
  public var shortSessions = 0
  /// Events that could not be read.
  public var lostEvents = 0
  public var segments = 0
  /// Bytes of all segments, including what the open one has so far.
  public var bytes = 0
  /// Segments in the spool that were not delivered at the end; nil without a delivery.
  public var undeliveredSegments: Int?
  /// Share of each window that shows older content at the end.
  public var withheldWindows = WithheldWindows()
  /// The share of the picture, 0...1, that the last frame's boxes mask.
  public var maskedShare = 1.0
  /// Statistics of the policy over all plans.
  public var usage = PolicyUsage(policy: MaskPolicy())

  public init() {}

  /// Whether all of the input was recorded.
  public var isComplete: Bool { failedClosedFrames == 0 && lostFrames == 0 && lostEvents == 0 }

  mutating func note(_ outcome: MaskingOutcome) {
    frames += 1
    switch outcome.result {
    case .shown: break
    case .withheldInPart: withheldFrames += 1
    case .failedClosed: failedClosedFrames += 1
    }
    if outcome.hasUntrueDamage { untrueDamageFrames += 1 }
  }
}

/// Why a recording could not continue.
public typealias RecordingError = SegmentingError<StoreError>
