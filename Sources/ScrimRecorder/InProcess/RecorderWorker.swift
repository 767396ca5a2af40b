import ScrimFormat
import ScrimImage
import ScrimRedact
import ScrimStore

/// The recorder's side after the queue: keeps the picture, and records it.
struct RecorderWorker: ~Copyable {
  private let configuration: RecorderConfiguration
  private let session: SessionID
  private let start: Int64
  private var recorder: SessionRecorder?
  /// The surface as last read outside masks; under a mask, the content from before the mask appeared.
  private var picture: [Pixel] = []
  /// The frame that could not be recorded.
  private var unrecorded: Patch?
  private var nextNumber = 0
  /// Events from before the first frame, or from a time when none could be recorded.
  private var early: [CaptureQueue.QueuedEvent] = []
  /// Number of events that can't be recorded any more.
  private var lostEvents = 0
  /// Whether the last tick failed.
  var hasFailedTick = false

  /// - Parameter start: nanoseconds since 1970.
  init(_ configuration: RecorderConfiguration, session: SessionID, start: Int64) {
    self.configuration = configuration
    self.session = session
    self.start = start
  }

  /// Whether the session's folder is made.
  var hasBegun: Bool {
    switch recorder {
    case .some: true
    case .none: false
    }
  }

  private var recordedEvents: Int {
    switch recorder {
    case .some(let recorder): recorder.summary.events
    case .none: 0
    }
  }

  /// Updates the picture. The patch's buffer is free afterwards.
  mutating func apply(_ patch: Patch) {
    let count = patch.width * patch.height
    if picture.count != count { picture = [Pixel](repeating: 0, count: count) }
    patch.buffer.copy(patch.read, to: &picture, width: patch.width)
  }

  /// Records the picture with the patch's boxes, then the events. Without a patch, retries the one that
  /// failed.
  mutating func record(_ patch: Patch?, _ events: [CaptureQueue.QueuedEvent]) throws(RecordingError) {
    early += events
    if early.count > Recorder.eventLimit {
      lostEvents += early.count - Recorder.eventLimit
      early.removeFirst(early.count - Recorder.eventLimit)
    }
    if let patch = patch ?? unrecorded {
      // After a failed frame, this one's damage is incomplete.
      let hasGap = unrecorded != nil
      unrecorded = patch
      try record(patch, hasGap: hasGap)
      unrecorded = nil
    }
    guard hasBegun else { return }
    defer { early = [] }
    var failure: RecordingError?
    for event in early {
      let recorded = recordedEvents
      do { try record(event) } catch {
        failure = error
        // An error may be in a buffer that could not be written.
        if recordedEvents == recorded { lostEvents += 1 }
      }
    }
    if let failure { throw failure }
  }

  /// Number of events lost since the last call.
  mutating func takeLostEvents() -> Int {
    defer { lostEvents = 0 }
    return lostEvents
  }

  private mutating func record(_ patch: Patch, hasGap: Bool) throws(RecordingError) {
    if !hasBegun {
      try begin(width: patch.width, height: patch.height)
    }
    // A frame whose writing failed may be in the segment, so its number is not reused.
    let number = max(patch.number, nextNumber)
    nextNumber = number + 1
    var frame = SourceFrame(
      number: number, time: patch.time,
      pixels: .success(Frame(width: patch.width, height: patch.height, pixels: picture)), tree: patch.tree,
      treeVersion: patch.treeVersion, snapshotSpan: nil, isTreeComplete: patch.isTreeComplete,
      damage: hasGap ? nil : patch.read)
    // An application without exact damage also captures changes under masks, so unchanged frames may be
    // dropped. After a failed frame its content is yet to be recorded.
    frame.mayBeLeftOut = !hasGap
    try recorder?.record(frame)
  }

  private mutating func record(_ event: CaptureQueue.QueuedEvent) throws(RecordingError) {
    guard var timed = event.event else {
      try recorder?.endSession(at: event.time)
      return
    }
    timed.time = event.time
    let outcome = try recorder?.record(timed, at: event.tree, isAwaited: event.report != nil)
    if case .reported(let report) = outcome { event.report?.set(report) }
  }

  private mutating func begin(width: Int, height: Int) throws(RecordingError) {
    guard let options = configuration.sessions else {
      recorder = try SessionRecorder(
        to: configuration.place(of: session, number: 0), width: width, height: height, session: session,
        start: start,
        producer: configuration.producer, options: configuration.options)
      return
    }
    let configuration = configuration
    var settings = SessionSettings(options, start: start) { configuration.place(of: $1, number: $0) }
    settings.moment = configuration.moment
    if let chance = configuration.chance { settings.chance = chance }
    settings.beforeErrorSampling = configuration.beforeErrorSampling
    settings.onChange = configuration.onSession
    recorder = try SessionRecorder(
      settings, width: width, height: height, producer: configuration.producer, options: configuration.options
    )
  }

  /// Records that nothing came up to a time.
  mutating func tick(at time: Int64) throws(RecordingError) { try recorder?.idle(at: time) }

  /// Ends the session. If it throws, it may be called again.
  mutating func finish() throws(RecordingError) -> RecordingSummary {
    if unrecorded != nil { try record(nil, []) }
    return try recorder?.finish() ?? RecordingSummary()
  }
}
