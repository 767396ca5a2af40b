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
  public var busyShare = FrameRateLimiter.defaultBusyShare
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
  /// Whether lines that the program and its children write to standard error become `log` events, scrubbed as
  /// all texts are.
  ///
  /// From ``Recorder/start()`` to ``Recorder/stop()`` descriptor 2 is a pipe to a process of its own, which
  /// writes all of it to the previous standard error: the last words before a crash arrive there too. That
  /// process is a fork, so it is best begun before the program has much memory. A copy that can't keep up loses
  /// lines, which are counted in ``RecorderCounts/droppedEvents``; it never makes the program wait. One
  /// recorder of a program at a time can do this.
  public var copiesStandardError = false
  /// Returns a random number from 0 up to 1 for each sampling decision.
  public var chance: (@Sendable () -> Double)?
  /// Clocks for the life cycle of sessions; tests may replace them.
  public var moment: @Sendable () -> SessionMoment = { .now }
  /// Nanoseconds on a clock that never goes back: CLOCK_MONOTONIC, unless a test replaces it.
  public var clock: @Sendable () -> Int64 = { MonotonicClock.now }

  /// Delivers the sessions while they are recorded, into the folders that it names; nil to leave them in
  /// ``folder``. Its issues and losses are reported to ``onIssue`` and ``onSession``, on its threads.
  public var delivery: (any SessionDelivery)?
  /// Maximum seconds that ``Recorder/stop()`` waits for the last deliveries. What is not delivered then stays
  /// in the spool.
  public var deliverySeconds = 5.0

  public init(folder: SessionFolder, options: RecorderOptions) {
    self.folder = folder
    self.options = options
  }

  /// For a recorder whose sessions are delivered elsewhere.
  public init(delivery: any SessionDelivery, options: RecorderOptions) {
    // Not used: each session has a folder of the delivery.
    self.init(folder: SessionFolder(path: ""), options: options)
    self.delivery = delivery
  }

  /// The place of the session with number `count`.
  func place(of session: SessionID, number count: Int) -> SessionFolder {
    delivery?.folder(of: session) ?? folder.following(count)
  }
}
