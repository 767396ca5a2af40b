import ScrimFormat
import ScrimImage
import ScrimRedact
import ScrimStore

/// The side of a recorder behind the queue: keeps the picture, and records it.
struct RecorderWorker: ~Copyable {
  private let configuration: RecorderConfiguration
  private let session: SessionID
  private let start: Int64
  private var recorder: SessionRecorder?
  /// The surface as it was read last, outside masks; under a mask it is what was there before the mask came.
  private var picture: [Pixel] = []
  /// The frame that could not be recorded.
  private var unrecorded: Patch?
  private var nextNumber = 0
  /// Events that came before there was a frame, or while none could be recorded.
  private var early: [CaptureQueue.QueuedEvent] = []
  /// Events that can't be recorded any more.
  private var lostEvents = 0

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

  /// Brings the picture up to date. The patch's buffer is free afterwards.
  mutating func apply(_ patch: Patch) {
    let count = patch.width * patch.height
    if picture.count != count { picture = [Pixel](repeating: 0, count: count) }
    patch.buffer.copy(patch.read, to: &picture, width: patch.width)
  }

  /// Records the picture with the patch's boxes, then the events. Without a patch, the one that failed is tried again.
  mutating func record(_ patch: Patch?, _ events: [CaptureQueue.QueuedEvent]) throws(RecordingError) {
    early += events
    if early.count > Recorder.eventLimit {
      lostEvents += early.count - Recorder.eventLimit
      early.removeFirst(early.count - Recorder.eventLimit)
    }
    if let patch = patch ?? unrecorded {
      // After a frame that failed, this one's damage says too little.
      let hasGap = unrecorded != nil
      unrecorded = patch
      try record(patch, hasGap: hasGap)
      unrecorded = nil
    }
    guard hasBegun else { return }
    defer { early = [] }
    var failure: RecordingError?
    for event in early {
      do { try record(event) } catch {
        failure = error
        lostEvents += 1
      }
    }
    if let failure { throw failure }
  }

  /// How many events were lost since this was asked last.
  mutating func takeLostEvents() -> Int {
    defer { lostEvents = 0 }
    return lostEvents
  }

  private mutating func record(_ patch: Patch, hasGap: Bool) throws(RecordingError) {
    if !hasBegun {
      try begin(width: patch.width, height: patch.height)
    }
    // A frame whose writing failed may be in the segment: its number is not given again.
    let number = max(patch.number, nextNumber)
    nextNumber = number + 1
    var frame = SourceFrame(
      number: number, time: patch.time,
      pixels: .success(Frame(width: patch.width, height: patch.height, pixels: picture)), tree: patch.tree,
      treeVersion: patch.treeVersion, snapshotSpan: nil, isTreeComplete: patch.isTreeComplete,
      damage: hasGap ? nil : patch.read)
    // Who can't tell what was drawn on captures what changed under masks as well. What a failed frame showed is yet to be recorded.
    frame.mayBeLeftOut = !hasGap
    try recorder?.record(frame)
  }

  private mutating func record(_ event: CaptureQueue.QueuedEvent) throws(RecordingError) {
    var timed = event.event
    timed.time = event.time
    if case .reported(let report) = try recorder?.record(timed, at: event.tree) { event.report?.set(report) }
  }

  private mutating func begin(width: Int, height: Int) throws(RecordingError) {
    guard let options = configuration.sessions else {
      recorder = try SessionRecorder(
        to: configuration.folder, width: width, height: height, session: session, start: start,
        producer: configuration.producer, options: configuration.options)
      return
    }
    let first = configuration.folder
    var settings = SessionSettings(options, start: start) { count, _ in first.following(count) }
    settings.moment = configuration.moment
    if let chance = configuration.chance { settings.chance = chance }
    settings.beforeErrorSampling = configuration.beforeErrorSampling
    settings.onChange = configuration.onSession
    recorder = try SessionRecorder(
      settings, width: width, height: height, producer: configuration.producer, options: configuration.options
    )
  }

  /// Ends the session. Where it throws, it may be called again.
  mutating func finish() throws(RecordingError) -> RecordingSummary {
    if unrecorded != nil { try record(nil, []) }
    return try recorder?.finish() ?? RecordingSummary()
  }
}
