import Glibc
import ScrimFormat
public import ScrimImage
import ScrimRedact

/// Records the surface of an application from inside it.
///
///     let recorder = Recorder(RecorderConfiguration(folder: folder, options: RecorderOptions(policy: policy)))
///     try recorder.start()
///     try recorder.capture(
///       pixels, of: Surface(width: 800, height: 600, format: .bgrx, generation: 7),
///       boxes: Boxes(widgets, generation: 7), damage: [Rect(x: 0, y: 0, width: 90, height: 30)])
///     let summary = try recorder.stop()
///
/// Every call may come from any thread. ``capture(_:of:boxes:damage:)`` costs its caller the plan of the masks, where the widgets
/// changed, and a copy of what was damaged outside of them; pixels under a mask are not read. Everything else runs on a thread of the
/// recorder's own, which sleeps while nothing is captured. A capture never waits for it: one that comes while another still waits to be
/// recorded is merged into that one.
///
/// Nothing of size is allocated before the first capture, and nothing is written before it. A recorder that is dropped without
/// ``stop()`` ends its session by itself, but nobody hears whether that went well.
public final class Recorder: Sendable {
  /// Events that may wait to be recorded.
  public static let eventLimit = 4096

  private let configuration: RecorderConfiguration
  private let desk: Monitor<RecorderDesk>
  private let mailbox: Monitor<RecorderMailbox>

  public init(_ configuration: RecorderConfiguration) {
    self.configuration = configuration
    desk = Monitor(RecorderDesk(policy: configuration.options.policy, decide: configuration.decide))
    mailbox = Monitor(
      RecorderMailbox(
        pacer: RecorderPacer(
          framesPerSecond: configuration.framesPerSecond, busyShare: configuration.busyShare)))
  }

  deinit {
    let isLeft = mailbox.withValue { mailbox in
      switch mailbox.phase {
      case .recording, .stopFailed: mailbox.phase = .stopping(isAbandoned: true)
      case .idle, .stopping, .ended: return false
      }
      return true
    }
    if isLeft { mailbox.wake() }
  }

  /// What the recorder has done so far.
  public var counts: RecorderCounts { mailbox.withValue { $0.counts } }

  /// What keeps the last frame from being recorded, or ended the session; nil where nothing does.
  public var failure: RecordingError? {
    mailbox.withValue { mailbox in
      switch mailbox.phase {
      case .ended(.failure(let error)), .stopFailed(let error): error
      case .idle, .recording, .stopping, .ended: mailbox.interruption
      }
    }
  }

  /// Begins the session, on a thread of its own. The session's folder is made with the first capture.
  public func start() throws(RecorderError) {
    let origin = configuration.clock()
    try mailbox.withValue { mailbox throws(RecorderError) in
      guard case .idle = mailbox.phase else { throw .startedTwice }
      mailbox.phase = .recording
      mailbox.origin = origin
    }
    do {
      try RecorderThread.start(configuration, mailbox)
    } catch {
      mailbox.withValue { $0.phase = .idle }
      throw error
    }
  }

  /// Captures a frame of the surface.
  ///
  /// - Parameters:
  ///   - bytes: all of the framebuffer; free again when the call returns.
  ///   - boxes: where the widgets are; nil where that is as captured last. They are believed if their generation is the surface's: otherwise
  ///     nothing of the frame is read, the replay keeps what it showed, and what was damaged is read with the next frame that fits.
  ///   - damage: pixels that may differ from the frame captured last, of whatever generation; nil for all.
  /// - Throws: ``RecorderError``. Boxes that make no sense have the frame recorded as fill.
  @discardableResult
  public func capture(
    _ bytes: Span<UInt8>, of surface: Surface, boxes: Boxes? = nil, damage: [Rect]? = nil
  ) throws(RecorderError) -> CaptureOutcome {
    guard let outcome = try take(bytes, surface, boxes, damage, isSnapshot: false) else {
      preconditionFailure("only a snapshot is taken again")
    }
    return outcome
  }

  /// Captures a frame that is recorded as it is, at once: it waits for no pace, and no later capture is merged into it.
  ///
  /// Where an earlier snapshot was not yet begun to be recorded, the call waits for that.
  @discardableResult
  public func snapshot(
    _ bytes: Span<UInt8>, of surface: Surface, boxes: Boxes? = nil, damage: [Rect]? = nil
  ) throws(RecorderError) -> CaptureOutcome {
    try checkThread()
    while true {
      mailbox.wait { (mailbox) -> Monitor<RecorderMailbox>.Attempt<Void> in
        if case .recording = mailbox.phase, !mailbox.isFreeToPin { return .wait }
        return .done(())
      }
      // Another snapshot may have come in between.
      if let outcome = try take(bytes, surface, boxes, damage, isSnapshot: true) { return outcome }
    }
  }

  /// Records an event.
  public func record(_ event: RecorderEvent) throws(RecorderError) {
    let now = configuration.clock()
    try mailbox.withValue { mailbox throws(RecorderError) in
      guard try mailbox.admit() else { return }
      let time = try (event.time ?? now).checked(against: now)
      mailbox.post(
        RecorderMailbox.Event(event: event, time: max(0, time - mailbox.origin), tree: mailbox.tree))
    }
    mailbox.wake()
  }

  /// Records an error as an event, and what was captured before it without delay.
  ///
  /// - Parameter name: a short word, such as the error's type.
  public func captureError(_ message: String, name: String? = nil) throws(RecorderError) {
    var event = RecorderEvent("error")
    event.message = message
    event.name = name
    try record(event)
    mailbox.withValue { _ = $0.hurry() }
    mailbox.wake()
  }

  /// Takes no captures and no events until ``resume()``. What was captured before is recorded.
  public func pause() throws(RecorderError) {
    try mailbox.withValue { mailbox throws(RecorderError) in
      try mailbox.checkRecording()
      mailbox.isPaused = true
      mailbox.isForgetful = true
      mailbox.tree = nil
    }
  }

  /// Takes captures again. The first one reads all of the surface that no mask covers.
  public func resume() throws(RecorderError) {
    try mailbox.withValue { mailbox throws(RecorderError) in
      try mailbox.checkRecording()
      mailbox.isPaused = false
    }
  }

  /// Waits until all that was handed over before is written to the session's files: a crash loses none of it.
  ///
  /// - Throws: ``RecorderError/recording(_:)`` where the last frame could not be recorded.
  public func flush() throws(RecorderError) {
    try checkThread()
    let target = try mailbox.withValue { mailbox throws(RecorderError) in
      try mailbox.checkRecording()
      return mailbox.hurry()
    }
    mailbox.wake()
    let failure = mailbox.wait { mailbox in
      if case .ended(.failure(let error)) = mailbox.phase { return .done(RecordingError?.some(error)) }
      if case .stopFailed(let error) = mailbox.phase { return .done(error) }
      return mailbox.completed >= target ? .done(mailbox.interruption) : .wait
    }
    if let failure { throw .recording(failure) }
  }

  /// Records what waits, seals the session and ends the thread. Called again, gives the same summary.
  ///
  /// - Throws: ``RecorderError/recording(_:)`` where the session could not be sealed. Once the cause is gone it may be called again.
  public func stop() throws(RecorderError) -> RecordingSummary {
    try checkThread()
    try mailbox.withValue { mailbox throws(RecorderError) in
      switch mailbox.phase {
      case .idle: throw .notStarted
      case .recording, .stopFailed: mailbox.phase = .stopping(isAbandoned: false)
      case .stopping, .ended: break
      }
    }
    mailbox.wake()
    let result: Result<RecordingSummary, RecordingError> = mailbox.wait { mailbox in
      switch mailbox.phase {
      case .ended(let result): .done(result)
      case .stopFailed(let error): .done(.failure(error))
      case .idle, .recording, .stopping: .wait
      }
    }
    switch result {
    case .success(let summary): return summary
    case .failure(let error): throw .recording(error)
    }
  }

  /// Nil for a snapshot that has to wait for another one.
  private func take(
    _ bytes: Span<UInt8>, _ surface: Surface, _ boxes: Boxes?, _ damage: [Rect]?, isSnapshot: Bool
  ) throws(RecorderError) -> CaptureOutcome? {
    let now = configuration.clock()
    let taken: CaptureOutcome?? = try desk.tryWithValue { desk throws(RecorderError) in
      let admission: (origin: Int64, isForgetful: Bool)? = try mailbox.withValue {
        mailbox throws(RecorderError) in
        guard try mailbox.admit() else { return nil }
        defer { mailbox.isForgetful = false }
        return (mailbox.origin, mailbox.isForgetful)
      }
      guard let admission else { return .some(.paused) }
      if admission.isForgetful { desk.forget() }
      let outcome = try take(
        bytes, surface, boxes, damage, isSnapshot: isSnapshot, now: now, origin: admission.origin, &desk)
      return outcome
    }
    guard let taken else { throw .calledFromRecorder }
    return taken
  }

  private func take(
    _ bytes: Span<UInt8>, _ surface: Surface, _ boxes: Boxes?, _ damage: [Rect]?, isSnapshot: Bool,
    now: Int64,
    origin: Int64, _ desk: inout RecorderDesk
  ) throws(RecorderError) -> CaptureOutcome? {
    let task: RecorderDesk.Task
    do throws(RecorderError) {
      let time = try (surface.time ?? now).checked(against: now)
      task = try desk.plan(
        surface, count: bytes.count, boxes: boxes, damage: damage, time: max(0, time - origin))
    } catch {
      desk.forget()
      mailbox.withValue { mailbox in
        mailbox.counts.captures += 1
        mailbox.counts.refused += 1
      }
      throw error
    }
    let due: Region
    switch task {
    case .read(let region): due = region
    case .unchanged where isSnapshot: due = Region()
    case .unchanged:
      mailbox.withValue { $0.note(.unchanged, desk.tree) }
      return try desk.outcome(.unchanged)
    case .mismatched:
      mailbox.withValue { $0.note(.mismatched, nil) }
      return .mismatched
    }
    let given = try mailbox.withValue { mailbox throws(RecorderError) in
      try mailbox.checkRecording()
      return isSnapshot && !mailbox.isFreeToPin
        ? nil : mailbox.takeForMerging(width: surface.width, height: surface.height)
    }
    guard let (taken, isMerge) = given else { return nil }
    var patch = taken
    desk.read(due, of: bytes, surface, into: &patch)
    let outcome = isMerge ? CaptureOutcome.merged : .taken
    mailbox.withValue { mailbox in
      mailbox.note(outcome, desk.tree)
      mailbox.putBack(patch, isPinned: isSnapshot)
    }
    mailbox.wake()
    return try desk.outcome(outcome)
  }

  private func checkThread() throws(RecorderError) {
    let isOwn = mailbox.withValue { mailbox in
      mailbox.thread.map { pthread_equal($0, pthread_self()) != 0 } ?? false
    }
    if isOwn { throw .calledFromRecorder }
  }
}
