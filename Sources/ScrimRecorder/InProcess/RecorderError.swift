import Glibc
public import ScrimFormat
public import ScrimRedact
public import ScrimStore
import ScrimSystem

/// An issue on the recording thread.
public enum RecorderIssue: Sendable, CustomStringConvertible {
  /// A frame could not be recorded, or not be written yet. The recorder continues, and retries with the
  /// next one, or after a second. Reported once until an attempt succeeds.
  case interrupted(RecordingError)
  /// The session could not be begun, or not be sealed after the recorder was released. Nothing more is
  /// accepted.
  case ended(RecordingError)
  /// The delivery reports a problem; what is recorded waits.
  case delivery(String)

  public var description: String {
    switch self {
    case .delivery(let message): message
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
  /// The delivery could not be started.
  case noDelivery(StoreError)
  /// Standard error can't be copied, see ``RecorderConfiguration/copiesStandardError``.
  case noStandardError(errno: Int32)
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
    case .noStandardError(EBUSY):
      "another recorder of this program copies standard error; copy it in one of them"
    case .noStandardError(let errno):
      "standard error can't be copied (\(SystemCall.message(for: errno))); start without the copy"
    case .noDelivery(let error): error.description
    case .noThread(let errno): "no thread could be started (errno \(errno)); free some and start again"
    }
  }
}
