public import ScrimFormat
public import ScrimRedact
public import ScrimStore
import ScrimSystem

/// How a ``Recorder`` records.
public struct RecorderConfiguration: Sendable {
  /// Where the session goes: new or empty.
  public var folder: SessionFolder
  /// What is masked, how it is coded, how long segments are. Boxes and pixels come together here, so the policy's `clearance` decides
  /// nothing.
  public var options: RecorderOptions
  /// Frames recorded in a second at most. Captures that come sooner are merged into the next one.
  public var framesPerSecond = 10.0
  /// The share of its thread's time that recording may take. Where a frame took longer to record than this allows, the next one waits:
  /// at 0.5 as long again as the last few took on average.
  public var busyShare = 0.5
  /// Name and version of the program that records.
  public var producer = "scrim"
  /// The session's name; nil for a random one.
  public var session: SessionID?
  /// When the session begins, in nanoseconds since 1970; nil for the moment of ``Recorder/start()``.
  public var start: Int64?
  /// Asked about every widget that is no password and bears no mark, before the policy's rules; its answer counts as the widget's mark.
  ///
  /// Called by the thread that captures, and only when the widgets differ from those captured last.
  public var decide: (@Sendable (Widget) -> MaskDecision)?
  /// Told of what goes wrong behind the caller's back, by the thread that records. It must not call the recorder's `flush`, `stop` or
  /// `snapshot`: they wait for that thread, and so throw ``RecorderError/calledFromRecorder`` there.
  public var onFault: (@Sendable (RecorderFault) -> Void)?
  /// Sampling and life of sessions; nil for one session from ``Recorder/start()`` to ``Recorder/stop()``. Sessions behind the first that is
  /// written go to folders beside ``folder``: with `.2`, `.3` and so on behind its name.
  public var sessions: SessionOptions?
  /// Asked before an error that is reported while a session is buffered draws; false has it count as a miss. By the thread that records.
  public var beforeErrorSampling: (@Sendable (Event) -> Bool)?
  /// Told what becomes of sessions, by the thread that records. As ``onFault``, it must not wait for the recorder.
  public var onSession: (@Sendable (SessionChange) -> Void)?
  /// Gives numbers from 0 up to 1, for each draw.
  public var chance: (@Sendable () -> Double)?
  /// Clocks that sessions' life goes by, unless a test brings its own.
  public var moment: @Sendable () -> SessionMoment = { .now }
  /// Nanoseconds on a clock that never goes back: CLOCK_MONOTONIC, unless a test brings its own.
  public var clock: @Sendable () -> Int64 = { MonotonicClock.now }

  public init(folder: SessionFolder, options: RecorderOptions) {
    self.folder = folder
    self.options = options
  }
}

/// Something that went wrong on the thread that records.
public enum RecorderFault: Sendable, CustomStringConvertible {
  /// A frame could not be recorded, or not be written yet. The recorder goes on, and tries again with the next one, or after a second.
  /// Said once until an attempt goes well.
  case interrupted(RecordingError)
  /// The session could not be begun, or not be sealed after the recorder was dropped. Nothing more is taken.
  case ended(RecordingError)

  public var description: String {
    switch self {
    case .interrupted(let error): "recording is interrupted: \(error)"
    case .ended(let error): "recording has ended: \(error)"
    }
  }
}

/// Why a ``Recorder`` did not do what it was called for.
public enum RecorderError: Error, Sendable, CustomStringConvertible {
  case notStarted
  case startedTwice
  case stopped
  /// The session could not be begun, or not be ended.
  case recording(RecordingError)
  /// The pixels can't be what the surface says. Nothing of the frame is recorded.
  case badSurface(String)
  /// A time that lies more than a minute from the recorder's clock. Nothing of the frame is recorded.
  case badTime
  /// The frame is recorded as fill, since nobody knows where its widgets are.
  case badBoxes(WidgetError)
  /// No boxes were given, and none before. Nothing of the frame is recorded.
  case noBoxes
  /// A call that waits for the recorder, from one of its own callbacks.
  case calledFromRecorder
  case noThread(errno: Int32)
  case badOptions(SessionOptionsError)

  public var description: String {
    switch self {
    case .notStarted: "the recorder is not started; call start first"
    case .startedTwice: "the recorder was started before; make another one for another session"
    case .stopped: "the recorder is stopped; make another one for another session"
    case .recording(let error): error.description
    case .badSurface(let problem): problem
    case .badTime:
      "the frame's time lies more than a minute from now; give nanoseconds of CLOCK_MONOTONIC, or leave it out"
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

/// What a ``Recorder`` has done so far.
public struct RecorderCounts: Hashable, Sendable {
  /// Calls of `capture` and `snapshot` that reached the recorder while it was recording.
  public var captures = 0
  /// Captures that were merged into one that still waited.
  public var merged = 0
  /// Captures in which nothing changed that may be seen.
  public var unchanged = 0
  /// Captures whose boxes were of another generation than their pixels.
  public var mismatched = 0
  /// Captures that were refused, or recorded as fill, for what they said.
  public var refused = 0
  /// Captures and events that came while the recorder was paused.
  public var paused = 0
  /// Frames that could not be recorded when they came. The picture is recorded by the next attempt that goes well.
  public var failed = 0
  /// Events that came while ``Recorder/eventLimit`` of them waited, or could not be recorded.
  public var droppedEvents = 0

  public init() {}
}

/// What became of one capture.
public enum CaptureOutcome: Hashable, Sendable {
  /// It waits to be recorded.
  case taken
  /// It was merged into the one that waits already.
  case merged
  /// Nothing changed that may be seen; nothing is recorded.
  case unchanged
  /// Boxes and pixels are of different generations: nothing was read; what was damaged is read with the next frame that fits.
  case mismatched
  /// The recorder is paused; nothing was read.
  case paused
}
