import Glibc
import ScrimImage
import ScrimRedact
import ScrimSystem

/// Queue between the threads that capture and the one that records. Its calls only move a few references.
///
/// The queue is two frames long: one that waits, into which later captures are merged, and before it one
/// that a snapshot has pinned. With the one being recorded, at most three buffers exist.
struct CaptureQueue {
  enum Phase {
    case idle
    case recording
    /// ``Recorder/stop()`` waits; or the recorder was released, and the thread ends in any case.
    case stopping(isAbandoned: Bool)
    /// The session could not be sealed; ``Recorder/stop()`` may be called again.
    case stopFailed(RecordingError)
    /// The thread has ended, or is about to.
    case ended(Result<RecordingSummary, RecordingError>)
  }

  /// The thread's next job.
  enum Job {
    case record(Patch?, [QueuedEvent])
    /// Nothing came for a while: what waits in the recorder is written, and clocks are compared.
    case tick
    case finish(isLast: Bool)
  }

  struct QueuedEvent {
    /// Nil for the end of the present session.
    var event: Event?
    /// Nanoseconds since the session's start.
    var time: Int64
    /// The boxes in force when it was recorded.
    var tree: WidgetTree?
    /// If it was reported as an error: the caller waits here for the result.
    var report: PendingReport?
  }

  /// Result of a reported error, once it is known.
  final class PendingReport: Sendable {
    private let report = ConditionLock(ErrorReport(session: nil))

    func set(_ new: ErrorReport) { report.withValue { $0 = new } }
    var value: ErrorReport { report.withValue { $0 } }
  }

  var phase = Phase.idle
  var isPaused = false
  /// Whether captures were missed, so that the whole picture may have changed.
  var isForgetful = false
  var counts = RecorderCounts()
  /// Nanoseconds of the clock at the session's start.
  var origin: Int64 = 0
  /// The boxes captured last; nil if there are none.
  var tree: WidgetTree?
  /// Why the last attempt to record failed; nil after a successful one.
  var interruption: RecordingError?
  var limiter: FrameRateLimiter
  /// The recording thread.
  var thread: pthread_t?
  /// The time of the next tick; nil before the session begins.
  private(set) var tick: Int64?
  /// Whether a tick has come since the recorder was paused: nothing is recorded then, which is a gap.
  private var hasTickedInPause = false

  /// Nanoseconds between two ticks, as between those of a live screen.
  static let tickInterval: Int64 = 1_000_000_000

  private var pinned: Patch?
  private var waiting: Patch?
  /// Whether a capturing thread has taken the waiting frame, to merge into it.
  private var isMerging = false
  private var events: [QueuedEvent] = []
  private var spares: [PixelBuffer] = []
  /// Number of items passed, of items recorded, and of items recorded regardless of the rate limit.
  private(set) var submitted = 0
  private(set) var completed = 0
  private var urgent = 0
  private var pinnedTicket = 0
  private var inHand = 0

  init(limiter: FrameRateLimiter) { self.limiter = limiter }

  /// Throws if the recorder accepts nothing.
  func checkRecording() throws(RecorderError) {
    switch phase {
    case .idle: throw .notStarted
    case .recording: return
    case .ended(.failure(let error)): throw .recording(error)
    case .stopping, .stopFailed, .ended: throw .stopped
    }
  }

  /// Whether the recorder accepts captures now; false while it is paused.
  mutating func admit() throws(RecorderError) -> Bool {
    try checkRecording()
    if isPaused { counts.paused += 1 }
    return !isPaused
  }

  /// Notes the result of a capture, and the boxes that are in force after it.
  mutating func note(_ outcome: CaptureOutcome, _ tree: Result<WidgetTree, WidgetError>?) {
    counts.captures += 1
    switch outcome {
    case .taken, .paused: break
    case .merged: counts.merged += 1
    case .unchanged: counts.unchanged += 1
    case .mismatched: counts.mismatched += 1
    }
    if case .failure = tree { counts.refused += 1 }
    self.tree = try? tree?.get()
  }

  /// Whether a snapshot can be pinned.
  var isFreeToPin: Bool { pinned == nil }

  /// The waiting frame, or an empty one.
  mutating func takeForMerging(width: Int, height: Int) -> (patch: Patch, isMerge: Bool) {
    isMerging = true
    if let patch = waiting, patch.width == width, patch.height == height {
      waiting = nil
      return (patch, true)
    }
    let isMerge = waiting != nil
    let fitting = spares.firstIndex { $0.pixels.count == width * height }
    let buffer = fitting.map { spares.remove(at: $0) } ?? PixelBuffer(count: width * height)
    spares.removeAll { $0.pixels.count != width * height }
    waiting = nil
    return (Patch(buffer: buffer, width: width, height: height), isMerge)
  }

  mutating func putBack(_ patch: Patch, isPinned: Bool) {
    isMerging = false
    submitted += 1
    if isPinned {
      pinned = patch
      pinnedTicket = submitted
      urgent = submitted
    } else {
      waiting = patch
    }
  }

  mutating func post(_ event: QueuedEvent) {
    guard events.count < Recorder.eventLimit || event.event == nil else {
      counts.droppedEvents += 1
      return
    }
    submitted += 1
    events.append(event)
  }

  /// Records everything passed so far without delay; returns the value of ``completed`` at that time.
  mutating func flushNow() -> Int {
    if interruption != nil { submitted += 1 }
    urgent = submitted
    return submitted
  }

  /// The thread's next job at a time of the clock.
  mutating func next(now: Int64) -> ConditionLock<CaptureQueue>.Attempt<Job> {
    if isMerging { return .wait }
    let isStopping = if case .stopping = phase { true } else { false }
    if pinned == nil, waiting == nil, events.isEmpty {
      if case .stopping(let isAbandoned) = phase { return .done(.finish(isLast: isAbandoned)) }
      // A failed frame is retried with an empty job.
      guard interruption != nil else { return waitForTick(now) }
    }
    guard isStopping || completed < urgent || now >= limiter.due else {
      if let tick, tick < limiter.due, !isPaused { return waitForTick(now) }
      return .waitAtMost(limiter.due - now)
    }
    defer { events = [] }
    if let patch = pinned {
      // The frame waiting after it keeps the rate limit.
      pinned = nil
      inHand = waiting == nil ? submitted : pinnedTicket
      return .done(.record(patch, events))
    }
    defer { waiting = nil }
    inHand = submitted
    return .done(.record(waiting, events))
  }

  private func waitForTick(_ now: Int64) -> ConditionLock<CaptureQueue>.Attempt<Job> {
    guard let tick, !isPaused || !hasTickedInPause else { return .wait }
    return now >= tick ? .done(.tick) : .waitAtMost(tick - now)
  }

  /// Notes that a job or a tick is over, so that the next tick is due later.
  mutating func noteTick(at now: Int64) {
    tick = now + CaptureQueue.tickInterval
    hasTickedInPause = isPaused
  }

  /// Takes back a buffer whose content was applied.
  mutating func recycle(_ buffer: PixelBuffer) { spares.append(buffer) }

  /// Notes that a job is done.
  ///
  /// - Parameters:
  ///   - failure: why its frame, or an earlier one, could not be recorded.
  ///   - lostEvents: number of events that can't be recorded any more.
  /// - Returns: whether the failure is the first since a successful job.
  mutating func complete(_ patch: Patch?, failure: RecordingError?, lostEvents: Int, at now: Int64) -> Bool {
    completed = max(completed, inHand)
    counts.droppedEvents += lostEvents
    if failure != nil {
      if patch != nil { counts.failed += 1 }
      limiter.hold(until: now + limiter.longestInterval)
    }
    defer { interruption = failure }
    return interruption == nil && failure != nil
  }

  /// Ends recording.
  mutating func end(_ result: Result<RecordingSummary, RecordingError>) {
    phase = .ended(result)
    pinned = nil
    waiting = nil
    events = []
    spares = []
    completed = submitted
  }
}
