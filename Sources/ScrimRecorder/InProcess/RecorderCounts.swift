import ScrimRedact

/// Counts of what a ``Recorder`` has done so far.
public struct RecorderCounts: Hashable, Sendable {
  /// Calls of `capture` and `snapshot` that reached the recorder while it was recording.
  public var captures = 0
  /// Captures that were merged into one that was still waiting.
  public var merged = 0
  /// Captures without visible changes.
  public var unchanged = 0
  /// Captures whose boxes had another generation than their pixels.
  public var mismatched = 0
  /// Captures that were refused, or recorded as fill, because of invalid arguments.
  public var refused = 0
  /// Captures and events that came while the recorder was paused.
  public var paused = 0
  /// Frames that could not be recorded when they came. The next successful attempt records the picture.
  public var failed = 0
  /// Events that came while ``Recorder/eventLimit`` were waiting, or could not be recorded.
  public var droppedEvents = 0

  public init() {}
}

/// Result of one capture.
public enum CaptureOutcome: Hashable, Sendable {
  /// It waits to be recorded.
  case taken
  /// It was merged into the one that already waits.
  case merged
  /// There is no visible change; nothing is recorded.
  case unchanged
  /// Boxes and pixels are of different generations: nothing was read; the damage is read with the next
  /// matching frame.
  case mismatched
  /// The recorder is paused; nothing was read.
  case paused
}
