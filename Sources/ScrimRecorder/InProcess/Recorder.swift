import Glibc
public import ScrimFormat
public import ScrimImage
public import ScrimRedact
public import ScrimStore
import ScrimSystem
import Synchronization

/// Records the surface of an application from inside it.
///
///     let recorder = Recorder(RecorderConfiguration(folder: folder, options: RecorderOptions(policy: policy)))
///     try recorder.start()
///     try recorder.capture(
///       pixels, of: Surface(width: 800, height: 600, format: .bgrx, generation: 7),
///       boxes: Boxes(widgets, generation: 7), damage: [Rect(x: 0, y: 0, width: 90, height: 30)])
///     let summary = try recorder.stop()
///
/// Every call may come from any thread. ``capture(_:of:boxes:damage:)`` costs its caller the plan of the
/// masks, if the widgets changed, and a copy of the damaged pixels outside of them; pixels under a mask are
/// not read. Everything else runs on the recorder's own thread, which wakes once a second while nothing is
/// captured, to write the events that wait. A capture never waits for it: a capture that comes while another
/// still waits to be recorded is merged into that one.
///
/// No large memory is allocated and nothing is written before the first capture. A recorder that is
/// released without ``stop()`` ends its session by itself, but errors are then not reported.
public final class Recorder: Sendable {
  /// Maximum number of events waiting to be recorded.
  public static let eventLimit = 4096

  private let configuration: RecorderConfiguration
  private let reader: ConditionLock<DamageReader>
  private let queue: ConditionLock<CaptureQueue>
  /// The copy of standard error while it is recorded.
  private let standardError = Mutex<StandardErrorCopy?>(nil)

  public init(_ configuration: RecorderConfiguration) {
    self.configuration = configuration
    reader = ConditionLock(DamageReader(policy: configuration.options.policy, decide: configuration.decide))
    queue = ConditionLock(
      CaptureQueue(
        limiter: FrameRateLimiter(
          framesPerSecond: configuration.framesPerSecond, busyShare: configuration.busyShare)))
  }

  deinit {
    endStandardError()
    let isLeft = queue.withValue { queue in
      switch queue.phase {
      case .recording, .stopFailed: queue.phase = .stopping(isAbandoned: true)
      case .idle, .stopping, .ended: return false
      }
      return true
    }
    if isLeft { queue.wake() }
  }

  /// Counts of what the recorder has done so far.
  public var counts: RecorderCounts { queue.withValue { $0.counts } }

  /// The error that keeps the last frame from being recorded, or that ended the session; nil if there is
  /// none.
  public var failure: RecordingError? {
    queue.withValue { queue in
      switch queue.phase {
      case .ended(.failure(let error)), .stopFailed(let error): error
      case .idle, .recording, .stopping, .ended: queue.interruption
      }
    }
  }

  /// Begins the session, on its own thread. The session's folder is made with the first capture.
  public func start() throws(RecorderError) {
    do { try configuration.sessions?.validate() } catch { throw .badOptions(error) }
    let origin = configuration.clock()
    try queue.withValue { queue throws(RecorderError) in
      guard case .idle = queue.phase else { throw .startedTwice }
      queue.phase = .recording
      queue.origin = origin
    }
    do {
      try startDelivery()
      try copyStandardError()
      try RecorderThread.start(configuration, queue)
    } catch {
      endStandardError()
      queue.withValue { $0.phase = .idle }
      throw error
    }
  }

  /// Captures a frame of the surface.
  ///
  /// - Parameters:
  ///   - bytes: all of the framebuffer; free again when the call returns.
  ///   - boxes: the widgets' boxes; nil if they did not change since the last capture. They are trusted if
  ///     their generation is the surface's: otherwise nothing of the frame is read, the replay keeps its
  ///     old content, and the damage is read with the next matching frame.
  ///   - damage: pixels that may differ from the last captured frame, of any generation; nil for all.
  /// - Throws: ``RecorderError``. With invalid boxes the frame is recorded as fill.
  @discardableResult
  public func capture(
    _ bytes: Span<UInt8>, of surface: Surface, boxes: Boxes? = nil, damage: [Rect]? = nil
  ) throws(RecorderError) -> CaptureOutcome {
    guard let outcome = try take(bytes, surface, boxes, damage, isSnapshot: false) else {
      preconditionFailure("only a snapshot is taken again")
    }
    return outcome
  }

  /// Captures a frame that is recorded at once and unmerged: it is not rate-limited, and no later capture
  /// is merged into it.
  ///
  /// If an earlier snapshot still waits to be recorded, the call waits for it.
  @discardableResult
  public func snapshot(
    _ bytes: Span<UInt8>, of surface: Surface, boxes: Boxes? = nil, damage: [Rect]? = nil
  ) throws(RecorderError) -> CaptureOutcome {
    try checkThread()
    while true {
      queue.wait { (queue) -> ConditionLock<CaptureQueue>.Attempt<Void> in
        if case .recording = queue.phase, !queue.isFreeToPin { return .wait }
        return .done(())
      }
      // Another snapshot may have come in between.
      if let outcome = try take(bytes, surface, boxes, damage, isSnapshot: true) { return outcome }
    }
  }

  /// Records an event.
  public func record(_ event: Event) throws(RecorderError) {
    try Recorder.record(event, into: queue, now: configuration.clock())
  }

  private static func record(
    _ event: Event, into queue: ConditionLock<CaptureQueue>, now: Int64
  ) throws(RecorderError) {
    try queue.withValue { queue throws(RecorderError) in
      guard try queue.admit() else { return }
      let time = try (event.time ?? now).checked(against: now)
      queue.post(
        CaptureQueue.QueuedEvent(event: event, time: max(0, time - queue.origin), tree: queue.tree))
    }
    queue.wake()
  }

  private func startDelivery() throws(RecorderError) {
    guard let delivery = configuration.delivery else { return }
    let (onIssue, onSession) = (configuration.onIssue, configuration.onSession)
    do throws(StoreError) {
      try delivery.start { event in
        switch event {
        case .issue(let message): onIssue?(.delivery(message))
        case .lost(let loss): onSession?(.replayDropped(loss))
        }
      }
    } catch { throw .noDelivery(error) }
  }

  /// What has become of a session, such as one whose id ``reportError(_:)`` returned; nil without a delivery.
  public func replayState(of session: SessionID) throws(StoreError) -> ReplayState? {
    try configuration.delivery?.replayState(of: session)
  }

  private func copyStandardError() throws(RecorderError) {
    guard configuration.copiesStandardError else { return }
    // Its thread references the queue, not the recorder, so that a released recorder ends.
    let (queue, clock) = (queue, configuration.clock)
    do throws(SystemError) {
      let copy = try StandardErrorCopy(
        onLine: { line in
          var event = Event("log")
          event.logger = "stderr"
          event.message = line
          // After the end there is nothing to record into.
          try? Recorder.record(event, into: queue, now: clock())
        }, onDropped: { count in queue.withValue { $0.counts.droppedEvents += count } })
      standardError.withLock { $0 = copy }
    } catch { throw .noStandardError(errno: error.errno) }
  }

  private func endStandardError() {
    standardError.withLock { copy in
      copy?.end()
      copy = nil
    }
  }

  /// Records an error as an event, and everything captured before it, without delay.
  ///
  /// - Parameter name: a short word, such as the error's type.
  public func captureError(_ message: String, name: String? = nil) throws(RecorderError) {
    var event = Event("error")
    event.message = message
    event.name = name
    try record(event)
    queue.withValue { _ = $0.flushNow() }
    queue.wake()
  }

  /// Records an error, has the buffer written if sampling selects it, and waits until the error is in the
  /// session's files.
  ///
  /// - Parameter error: of type `error`; another type is changed to that.
  /// - Returns: the session that contains it; nil if no session does, or none is known yet.
  public func reportError(_ error: Event) throws(RecorderError) -> ErrorReport {
    try checkThread()
    var error = error
    error.type = "error"
    let pending = CaptureQueue.PendingReport()
    let now = configuration.clock()
    let isTaken = try queue.withValue { queue throws(RecorderError) in
      guard try queue.admit() else { return false }
      let time = try (error.time ?? now).checked(against: now)
      queue.post(
        CaptureQueue.QueuedEvent(
          event: error, time: max(0, time - queue.origin), tree: queue.tree, report: pending))
      return true
    }
    if isTaken { try flush() }
    return pending.value
  }

  /// Ends the present session after everything passed before. The next frame begins another one, for which the rates are
  /// drawn anew. Without ``RecorderConfiguration/sessions`` everything is one session, and nothing happens.
  public func endSession() throws(RecorderError) {
    let now = configuration.clock()
    try queue.withValue { queue throws(RecorderError) in
      try queue.checkRecording()
      queue.post(CaptureQueue.QueuedEvent(event: nil, time: max(0, now - queue.origin), tree: nil))
    }
    queue.wake()
  }

  /// Ignores captures and events until ``resume()``. Earlier captures are recorded.
  public func pause() throws(RecorderError) {
    try queue.withValue { queue throws(RecorderError) in
      try queue.checkRecording()
      queue.isPaused = true
      queue.isForgetful = true
      queue.tree = nil
    }
  }

  /// Accepts captures again. The first one reads the whole surface outside masks.
  public func resume() throws(RecorderError) {
    try queue.withValue { queue throws(RecorderError) in
      try queue.checkRecording()
      queue.isPaused = false
    }
    queue.wake()
  }

  /// Waits until everything passed before is written to the session's files: a crash loses none of it.
  ///
  /// - Throws: ``RecorderError/recording(_:)`` if the last frame could not be recorded.
  public func flush() throws(RecorderError) {
    try checkThread()
    let target = try queue.withValue { queue throws(RecorderError) in
      try queue.checkRecording()
      return queue.flushNow()
    }
    queue.wake()
    let failure = queue.wait { queue in
      if case .ended(.failure(let error)) = queue.phase { return .done(RecordingError?.some(error)) }
      if case .stopFailed(let error) = queue.phase { return .done(error) }
      return queue.completed >= target ? .done(queue.interruption) : .wait
    }
    if let failure { throw .recording(failure) }
  }

  /// Records what waits, seals the session and ends the thread. A repeated call returns the same summary. With
  /// a delivery, waits for the last segments, at most ``RecorderConfiguration/deliverySeconds``.
  ///
  /// - Throws: ``RecorderError/recording(_:)`` if the session could not be sealed. The call may be repeated
  ///   once the cause is gone.
  public func stop() throws(RecorderError) -> RecordingSummary {
    try checkThread()
    endStandardError()
    try queue.withValue { queue throws(RecorderError) in
      switch queue.phase {
      case .idle: throw .notStarted
      case .recording, .stopFailed: queue.phase = .stopping(isAbandoned: false)
      case .stopping, .ended: break
      }
    }
    queue.wake()
    let (result, isOver): (Result<RecordingSummary, RecordingError>, Bool) = queue.wait { queue in
      switch queue.phase {
      case .ended(let result): .done((result, true))
      case .stopFailed(let error): .done((.failure(error), false))
      case .idle, .recording, .stopping: .wait
      }
    }
    // What is sealed is delivered also after a failure, unless the call may be repeated.
    let undelivered = isOver ? configuration.delivery?.end(within: configuration.deliverySeconds) : nil
    switch result {
    case .success(var summary):
      summary.undeliveredSegments = undelivered
      return summary
    case .failure(let error): throw .recording(error)
    }
  }

  /// Nil for a snapshot that must wait for another one.
  private func take(
    _ bytes: Span<UInt8>, _ surface: Surface, _ boxes: Boxes?, _ damage: [Rect]?, isSnapshot: Bool
  ) throws(RecorderError) -> CaptureOutcome? {
    let now = configuration.clock()
    let taken: CaptureOutcome?? = try reader.tryWithValue { reader throws(RecorderError) in
      let admission: (origin: Int64, isForgetful: Bool)? = try queue.withValue {
        queue throws(RecorderError) in
        guard try queue.admit() else { return nil }
        defer { queue.isForgetful = false }
        return (queue.origin, queue.isForgetful)
      }
      guard let admission else { return .some(.paused) }
      if admission.isForgetful { reader.forget() }
      let outcome = try take(
        bytes, surface, boxes, damage, isSnapshot: isSnapshot, now: now, origin: admission.origin, &reader)
      return outcome
    }
    guard let taken else { throw .calledFromRecorder }
    return taken
  }

  private func take(
    _ bytes: Span<UInt8>, _ surface: Surface, _ boxes: Boxes?, _ damage: [Rect]?, isSnapshot: Bool,
    now: Int64,
    origin: Int64, _ reader: inout DamageReader
  ) throws(RecorderError) -> CaptureOutcome? {
    let task: DamageReader.Task
    do throws(RecorderError) {
      let time = try (surface.time ?? now).checked(against: now)
      task = try reader.plan(
        surface, count: bytes.count, boxes: boxes, damage: damage, time: max(0, time - origin))
    } catch {
      reader.forget()
      queue.withValue { queue in
        queue.counts.captures += 1
        queue.counts.refused += 1
      }
      throw error
    }
    let due: Region
    switch task {
    case .read(let region): due = region
    case .unchanged where isSnapshot: due = Region()
    case .unchanged:
      queue.withValue { $0.note(.unchanged, reader.tree) }
      return try reader.outcome(.unchanged)
    case .mismatched:
      queue.withValue { $0.note(.mismatched, nil) }
      return .mismatched
    }
    let given = try queue.withValue { queue throws(RecorderError) in
      try queue.checkRecording()
      return isSnapshot && !queue.isFreeToPin
        ? nil : queue.takeForMerging(width: surface.width, height: surface.height)
    }
    guard let (taken, isMerge) = given else { return nil }
    var patch = taken
    reader.read(due, of: bytes, surface, into: &patch)
    let outcome = isMerge ? CaptureOutcome.merged : .taken
    queue.withValue { queue in
      queue.note(outcome, reader.tree)
      queue.putBack(patch, isPinned: isSnapshot)
    }
    queue.wake()
    return try reader.outcome(outcome)
  }

  private func checkThread() throws(RecorderError) {
    let isOwn = queue.withValue { queue in
      queue.thread.map { pthread_equal($0, pthread_self()) != 0 } ?? false
    }
    if isOwn { throw .calledFromRecorder }
  }
}
