public import ScrimFormat
import ScrimImage
public import ScrimRedact
public import ScrimStore

/// Records one session: frames and events in, sealed segments out.
///
/// Works on the caller's thread, and one more if asked to, and takes no clock and no randomness of its own: equal calls give equal
/// bytes.
public struct SessionRecorder: ~Copyable {
  private var stage: MaskingStage
  /// Code and write on this thread; nil where ``thread`` does.
  private var segmenter: Segmenter?
  private var builder: SegmentBuilder<SessionWriter>?
  private let thread: EncoderThread<SessionWriter>?
  /// Events to be recorded before the next frame, where ``thread`` records.
  private var events: [SideRecord] = []
  private let filter: EventFilter
  private var thinner = EventThinner()
  private var clock = SourceClock()
  /// What was last recorded, and how many frames were left out since they changed nothing: numbers don't tell of them.
  private var last: FrameInfo?
  private var leftOut = 0
  /// The boxes of the last frame; nil where there are none to go by.
  private var tree: WidgetTree?
  public private(set) var summary = RecordingSummary()

  /// - Parameters:
  ///   - folder: new or empty.
  ///   - session: its name; `start`, when it began, in nanoseconds since 1970.
  ///   - producer: name and version of the program that records.
  public init(
    to folder: SessionFolder, width: Int, height: Int, session: SessionID, start: Int64, producer: String,
    options: RecorderOptions
  ) throws(RecordingError) {
    precondition((1...2).contains(options.threads), "a session is recorded on one thread or two")
    let header = SegmentHeader(
      session: session, start: start, width: width, height: height,
      entropyCoding: options.segmenting.coding.entropyCoding,
      policy: SHA256.digest(options.policy.canonicalJSON.span), producer: producer)
    let output: SessionWriter
    do { output = try folder.create(header) } catch { throw .output(error) }
    let builder = try SegmentBuilder(to: output, header, options.segmenting.coding)
    let segmenter = Segmenter(width: width, height: height, options.segmenting)
    stage = MaskingStage(width: width, height: height, policy: options.policy)
    if options.threads > 1 {
      thread = EncoderThread(segmenter, builder)
      self.segmenter = nil
      self.builder = nil
    } else {
      thread = nil
      self.segmenter = consume segmenter
      self.builder = consume builder
    }
    filter = EventFilter(policy: options.policy)
  }

  /// Records the next frame. A frame whose boxes or pixels could not be had is recorded as fill.
  ///
  /// - Returns: what was wrong with the frame, for the log; nil where nothing was.
  @discardableResult
  public mutating func record(_ frame: SourceFrame) throws(RecordingError) -> CaptureFault? {
    var frame = frame
    let place = clock.sessionTime(of: frame.time)
    frame.time = place.time
    frame.snapshotSpan = clock.shifted(frame.snapshotSpan)
    if let step = place.step {
      try record(NoteRecord(time: place.time, kind: .clockStep, offset: step))
    }
    for event in thinner.flush(at: frame.time) { try append(event) }
    let (width, height) = (stage.frame.width, stage.frame.height)
    if case .success(let pixels) = frame.pixels { stage.resize(toFit: pixels) }
    thread?.prepare(&stage)
    let outcome = stage.mask(frame)
    summary.maskedShare = stage.maskedShare
    tree = try? frame.tree.get()
    let info = FrameInfo(
      time: frame.time, number: frame.number - leftOut, status: FrameStatus(outcome.result),
      withheldTiles: outcome.withheldTiles, masks: stage.masks)
    if frame.mayBeLeftOut, stage.frame.damage.isEmpty, width == stage.frame.width,
      height == stage.frame.height, info.status == last?.status,
      info.withheldTiles == last?.withheldTiles
    {
      leftOut += 1
      return outcome.fault
    }
    last = info
    if let thread {
      try thread.append(&stage, info, after: &events)
    } else {
      try segmenter?.append(stage.frame, info, to: &builder!)
    }
    summary.note(outcome)
    if !frame.isTreeComplete { summary.partialTrees += 1 }
    return outcome.fault ?? place.step.map { SessionRecorder.clockIssue(frame, $0) }
  }

  private static func clockIssue(_ frame: SourceFrame, _ step: Int64) -> CaptureFault {
    CaptureFault(
      place: "frame \(frame.number)",
      message:
        "the input's clock steps back by \(-step / 1_000_000) ms; the session's goes on, and a note says so")
  }

  /// Seals what is open where its time is over, so that a crash while nothing happens loses nothing.
  ///
  /// - Parameter time: up to which there was no frame since the last.
  public mutating func rest(at time: Int64) throws(RecordingError) {
    let time = clock.shifted(time)
    if let thread {
      try thread.rest(at: time, after: &events)
    } else {
      try segmenter?.rest(at: time, &builder!)
    }
  }

  /// Notes a frame that could not be read so far as to be shown.
  @discardableResult
  public mutating func lose(_ fault: CaptureFault) -> CaptureFault {
    summary.lostFrames += 1
    stage.skip()
    return fault
  }

  /// What became of an event, as far as that may be known.
  public enum EventOutcome: Sendable {
    case recorded
    /// Merged into others, or waiting for what follows it.
    case merged
    /// A type that nobody knows, or no time.
    case dropped
    /// An input of which nothing but that there was one may be known, and that to the minute.
    case hidden
  }

  /// Records what the policy keeps of an event.
  @discardableResult
  public mutating func record(_ event: Event) throws(RecordingError) -> EventOutcome {
    try record(filter.judge(placed(event), in: tree, masked: stage.masked))
  }

  /// Records what the policy keeps of an event for the boxes of its own moment as well as for those of the last frame.
  @discardableResult
  package mutating func record(_ event: Event, at moment: WidgetTree?) throws(RecordingError) -> EventOutcome
  {
    let first = filter.judge(placed(event), in: moment)
    guard let kept = first.event else { return try record(first) }
    var verdict = filter.judge(kept, in: tree, masked: stage.masked)
    verdict.hiding = first.hiding ?? verdict.hiding
    if first.hiding != nil { verdict.event?.hideRole() }
    return try record(verdict)
  }

  /// The event on the session's clock.
  private func placed(_ event: Event) -> Event {
    var event = event
    event.time = event.time.map(clock.shifted)
    return event
  }

  private mutating func record(_ verdict: EventFilter.Verdict) throws(RecordingError) -> EventOutcome {
    if verdict.isHidden { return .hidden }
    guard let kept = verdict.event, kept.time != nil else {
      summary.droppedEvents += 1
      return .dropped
    }
    let events = thinner.take(kept, hiding: verdict.hiding)
    for event in events { try append(event) }
    summary.thinnedEvents = thinner.thinned
    if verdict.hiding != nil { return .hidden }
    return events.isEmpty ? .merged : .recorded
  }

  private mutating func append(_ event: Event) throws(RecordingError) {
    guard let time = event.time else { return }
    summary.events += 1
    try append(.event(EventRecord(time: time, json: event.canonicalJSON)))
  }

  /// Records that nothing was captured for a while, or that the wall clock stepped.
  public mutating func record(_ note: NoteRecord) throws(RecordingError) { try append(.note(note)) }

  private mutating func append(_ record: SideRecord) throws(RecordingError) {
    if thread == nil { try record.append(to: &builder!) } else { events.append(record) }
  }

  /// Notes an event that could not be read.
  public mutating func loseEvent() { summary.lostEvents += 1 }

  /// Seals what is open and ends the session.
  public mutating func finish() throws(RecordingError) -> RecordingSummary {
    for event in thinner.flush() { try append(event) }
    summary.thinnedEvents = thinner.thinned
    if let totals = thread == nil ? try builder?.finish() : try thread?.finish(&events) {
      summary.segments = totals.segments
      summary.bytes = totals.bytes
    }
    summary.usage = stage.usage
    summary.withheldWindows = stage.withheldWindows
    return summary
  }
}

extension FrameStatus {
  /// How a record says what became of a frame.
  fileprivate init(_ result: MaskingOutcome.Result) {
    switch result {
    case .shown: self = []
    case .withheldInPart: self = .withheldInPart
    case .failedClosed: self = .failedClosed
    }
  }
}
