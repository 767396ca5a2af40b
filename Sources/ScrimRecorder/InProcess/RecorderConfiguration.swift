public import ScrimFormat
public import ScrimRedact
public import ScrimStore
import ScrimSystem

/// Options of a ``Recorder``.
public struct RecorderConfiguration: Sendable {
  /// The session's folder: new or empty.
  public var folder: SessionFolder
  /// Masking, coding and segment options. Boxes and pixels belong to the same moment here, so the policy's
  /// `clearance` has no effect.
  public var options: RecorderOptions
  /// Maximum frames recorded per second. Earlier captures are merged into the next one.
  public var framesPerSecond = 10.0
  /// Maximum share of its thread's time that recording may take. If a frame took longer, the next one
  /// waits: at 0.5 as long again as the average of the last few.
  public var busyShare = 0.5
  /// Name and version of the recording program.
  public var producer = "scrim"
  /// The session's id; nil for a random one.
  public var session: SessionID?
  /// Start of the session, in nanoseconds since 1970; nil for the moment of ``Recorder/start()``.
  public var start: Int64?
  /// Called before the policy's rules for every widget that is not a password and has no mark; its answer
  /// counts as the widget's mark.
  ///
  /// Called on the capturing thread, and only if the widgets differ from those captured last.
  public var decide: (@Sendable (Widget) -> MaskDecision)?
  /// Called on the recording thread for issues that no call can report. It must not call the recorder's
  /// `flush`, `stop` or `snapshot`: they wait for that thread, and so throw
  /// ``RecorderError/calledFromRecorder`` there.
  public var onIssue: (@Sendable (RecorderIssue) -> Void)?
  /// Sampling and life cycle of sessions; nil for one session from ``Recorder/start()`` to
  /// ``Recorder/stop()``. Sessions after the first one written go to folders beside ``folder``, whose names
  /// end with `.2`, `.3` and so on.
  public var sessions: SessionOptions?
  /// Called on the recording thread before sampling decides about an error that is reported while a session
  /// is buffered; false excludes the error.
  public var beforeErrorSampling: (@Sendable (Event) -> Bool)?
  /// Called on the recording thread when a session changes its state. As ``onIssue``, it must not wait for
  /// the recorder.
  public var onSession: (@Sendable (SessionChange) -> Void)?
  /// Returns a random number from 0 up to 1 for each sampling decision.
  public var chance: (@Sendable () -> Double)?
  /// Clocks for the life cycle of sessions; tests may replace them.
  public var moment: @Sendable () -> SessionMoment = { .now }
  /// Nanoseconds on a clock that never goes back: CLOCK_MONOTONIC, unless a test replaces it.
  public var clock: @Sendable () -> Int64 = { MonotonicClock.now }

  public init(folder: SessionFolder, options: RecorderOptions) {
    self.folder = folder
    self.options = options
  }
}

/// An issue on the recording thread.
public enum RecorderIssue: Sendable, CustomStringConvertible {
  /// A frame could not be recorded, or not be written yet. The recorder continues, and retries with the
  /// next one, or after a second. Reported once until an attempt succeeds.
  case interrupted(RecordingError)
  /// The session could not be begun, or not be sealed after the recorder was released. Nothing more is
  /// accepted.
  case ended(RecordingError)

  public var description: String {
    switch self {
    case .interrupted(let error): "recording is interrupted: \(error)"
    case .ended(let error): "recording has ended: \(error)"
    }
  }
}

/// Why a call of a ``Recorder`` failed.
public enum RecorderError: Error, Sendable, CustomStringConvertible {
  case notStarted
  case startedTwice
  case stopped
  /// The session could not be begun, or not be ended.
  case recording(RecordingError)
  /// The pixels contradict the surface's description. Nothing of the frame is recorded.
  case badSurface(String)
  /// A time more than a minute from the recorder's clock. Nothing of the frame is recorded.
  case badTime
  /// The boxes are invalid, so the frame is recorded as fill.
  case badBoxes(WidgetError)
  /// No boxes were given, now or before. Nothing of the frame is recorded.
  case noBoxes
  /// A call that waits for the recorder was made in one of its own callbacks.
  case calledFromRecorder
  case noThread(errno: Int32)
  case badOptions(SessionOptionsError)

  public var description: String {
    switch self {
    case .notStarted: "the recorder is not started; call start first"
    case .startedTwice: "the recorder was already started; make another one for another session"
    case .stopped: "the recorder is stopped; make another one for another session"
    case .recording(let error): error.description
    case .badSurface(let problem): problem
    case .badTime:
      "the frame's time is more than a minute from now; give nanoseconds of CLOCK_MONOTONIC, or leave it out"
    case .badBoxes(let error): "\(error); the frame is recorded as fill"
    case .noBoxes:
      "no boxes were given yet, so nothing may be shown; give the widgets, even if there are none"
    case .calledFromRecorder:
      "this waits for the recorder, so one of its callbacks can't call it; call it from another thread"
    case .badOptions(let error): error.description
    case .noThread(let errno): "no thread could be started (errno \(errno)); free some and start again"
    }
  }
}

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
