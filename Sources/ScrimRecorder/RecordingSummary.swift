public import ScrimFormat
public import ScrimRedact
public import ScrimStore

/// What a recording came to.
public struct RecordingSummary: Sendable {
  /// Frames recorded, those that failed closed included.
  public var frames = 0
  /// Frames of which some tiles show older content.
  public var withheldFrames = 0
  /// Frames recorded as fill, since their boxes or pixels could not be had.
  public var failedClosedFrames = 0
  /// Frames whose tree was read in part: it clears nothing, or has its gaps masked.
  public var partialTrees = 0
  /// Frames whose source left changed pixels out of their damage, as far as that was found out.
  public var untrueDamageFrames = 0
  /// Frames of which nothing is recorded.
  public var lostFrames = 0
  public var events = 0
  /// Events that the policy doesn't keep.
  public var droppedEvents = 0
  /// Events that were merged into others, or given up since too many came in a second. Hidden input is not among them.
  public var thinnedEvents = 0
  /// Sessions that were dropped, since they were shorter than sessions must be.
  public var shortSessions = 0
  /// Events that could not be read.
  public var lostEvents = 0
  public var segments = 0
  /// Bytes of all segments.
  public var bytes = 0
  /// How much of each window shows older content at the end.
  public var withheldWindows = WithheldWindows()
  /// The share of the picture, 0...1, that the last frame's boxes mask.
  public var maskedShare = 1.0
  /// What the plans made of the policy.
  public var usage = PolicyUsage(policy: MaskPolicy())

  public init() {}

  /// Whether all of the input was taken.
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

/// Why a recording could not go on.
public typealias RecordingError = SegmentingError<StoreError>
