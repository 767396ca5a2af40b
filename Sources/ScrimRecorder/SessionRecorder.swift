public import ScrimFormat
import ScrimImage
public import ScrimRedact
public import ScrimStore

/// Records one session: frames and events in, sealed segments out.
///
/// Works on the caller's thread, plus one more if requested, and uses no clock and no random numbers of its
/// own: equal calls give equal bytes.
public struct SessionRecorder: ~Copyable {
  private var stage: MaskingStage
  /// Code and write on this thread; nil if ``thread`` does it.
  private var segmenter: Segmenter?
  private var builder: SegmentBuilder<SessionOutput>?
  private let thread: EncoderThread<SessionOutput>?
  private let written: WrittenBytes
  /// Events to be recorded before the next frame, if ``thread`` records.
  private var events: [SideRecord] = []
  private let filter: EventFilter
  private var thinner = EventThinner()
  private var clock = SourceClock()
  /// Time of the last frame, on the session's clock.
  private var lastTime: Int64?
  /// The last recorded frame, and the number of frames dropped since because they changed nothing: frame
  /// numbers don't count them.
  private var last: FrameInfo?
  private var leftOut = 0
  /// Whether the present session has a segment that takes events.
  private var segment = SegmentState.none
  /// Whether events wait in memory for the next segment.
  private var hasWaitingEvents = false
  /// Time of the last error for which a segment was sealed.
  private var lastSealedError: Int64?
  /// The boxes of the last frame; nil if there are none.
  private var tree: WidgetTree?
  public internal(set) var summary = RecordingSummary()
  /// Frames that were passed on to be written, including one that could not be.
  public private(set) var passedFrames = 0
  /// Manages the sessions; nil if everything is one session.
  var keeper: SessionKeeper?
  /// The one session, if there is no ``keeper``.
  var only: SessionID?
  /// Metadata for the current session's manifest.
  var about = SessionAbout()
  /// The types of events that the source could see, for the manifest; nil for a recorded input.
  public var observedEvents: [String]? {
    get { about.observedEvents }
    set {
      about.observedEvents = newValue
      keeper?.observedEvents = newValue
      keeper?.life.observe(newValue)
    }
  }

  /// Records one session, whatever happens and however long it takes.
  ///
  /// - Parameters:
  ///   - folder: new or empty.
  ///   - session: its id; `start`: its start, in nanoseconds since 1970.
  ///   - producer: name and version of the recording program.
  public init(
    to folder: SessionFolder, width: Int, height: Int, session: SessionID, start: Int64, producer: String,
    options: RecorderOptions
  ) throws(RecordingError) {
    let header = SessionRecorder.header(
      session: session, start: start, width: width, height: height, producer: producer, options)
    var about = SessionAbout()
    about.kind = .session
    about.service = options.service
    let writer: SessionWriter
    do { writer = try folder.sealed(to: options.sealTo).create(header, about: about) } catch {
      throw .output(error)
    }
    try self.init(SessionOutput(to: writer, header), header, options)
    self.about = about
    only = session
  }

  /// Records sessions one after the other, as decided by sampling and session limits.
  ///
  /// - Precondition: the session options are valid.
  public init(
    _ sessions: SessionSettings, width: Int, height: Int, producer: String, options: RecorderOptions
  ) throws(RecordingError) {
    precondition((try? sessions.options.validate()) != nil, "the options of sessions are valid")
    // Each session later gets its own id.
    let header = SessionRecorder.header(
      session: SessionID([UInt8](repeating: 0, count: 16)), start: sessions.start, width: width,
      height: height, producer: producer,
      options)
    do { try header.validate() } catch { throw .format(error) }
    // Sessions may begin to be written only after hours: then is no time to find that they can't be sealed.
    do { try options.sealTo?.check() } catch { throw .output(StoreError(sealing: error)) }
    var settings = sessions
    settings.folder = { sessions.folder($0, $1).sealed(to: options.sealTo) }
    var keeper = SessionKeeper(settings, header)
    keeper.service = options.service
    try keeper.recoverCrashedSessions()
    try self.init(SessionOutput(header), header, options)
    self.keeper = keeper
  }

  private static func header(
    session: SessionID, start: Int64, width: Int, height: Int, producer: String, _ options: RecorderOptions
  ) -> SegmentHeader {
    SegmentHeader(
      session: session, start: start, width: width, height: height,
      entropyCoding: options.segmenting.coding.entropyCoding,
      policy: SHA256.digest(options.policy.canonicalJSON.span), producer: producer)
  }

  private init(
    _ output: consuming SessionOutput, _ header: SegmentHeader, _ options: RecorderOptions
  ) throws(RecordingError) {
    precondition((1...2).contains(options.threads), "a session is recorded on one thread or two")
    let (width, height) = (header.width, header.height)
    written = output.written
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

  private enum SegmentState {
    /// The session has no frame yet; its events wait for the first.
    case none
    case open
    /// All segments are sealed, unless that failed.
    case sealed
  }

  /// Minimum nanoseconds between two errors for each of which a segment is sealed.
  private static let errorSealInterval: Int64 = 1_000_000_000

  /// Forgets the last frame: the next one is the first of a session.
  mutating func forgetLastFrame() {
    last = nil
    segment = .none
    hasWaitingEvents = false
    lastSealedError = nil
  }

  /// Runs `body` with the output.
  ///
  /// - Parameter sealing: whether the open segment is sealed before.
  mutating func withOutput<Result>(
    sealing: Bool = true, _ body: (inout SessionOutput) throws(StoreError) -> Result
  ) throws(RecordingError) -> Result {
    if hasWaitingEvents { try reopen(at: lastTime ?? 0) }
    if segment == .open, sealing { segment = .sealed }
    if let thread { return try thread.withOutput(after: &events, sealing: sealing, body) }
    return try builder!.withOutput(sealing: sealing, body)
  }

  /// Begins a segment with the last frame, unless one is open: a segment starts with a picture, and events
  /// may come long before the next change.
  ///
  /// - Parameter time: of the event.
  private mutating func reopen(at time: Int64) throws(RecordingError) {
    guard segment == .sealed, let last else { return }
    if let thread {
      try thread.repeatFrame(last, at: time, after: &events)
    } else {
      try segmenter?.repeatFrame(stage.frame, last, at: time, to: &builder!)
    }
    segment = .open
    hasWaitingEvents = false
  }

  /// Records the next frame. A frame without boxes or pixels is recorded as fill.
  ///
  /// - Returns: the frame's issue, for the log; nil if there is none.
  @discardableResult
  public mutating func record(_ frame: SourceFrame) throws(RecordingError) -> CaptureIssue? {
    var frame = frame
    let place = clock.sessionTime(of: frame.time)
    frame.time = place.time
    frame.snapshotSpan = clock.shifted(frame.snapshotSpan)
    if let step = place.step, admitsEvents() {
      try record(NoteRecord(time: place.time, kind: .clockStep, offset: step))
    }
    lastTime = frame.time
    for event in thinner.flush(at: frame.time) where admitsEvents() { try append(event) }
    guard try admits(frame) else {
      stage.skip()
      tree = try? frame.tree.get()
      return nil
    }
    return try show(frame) ?? place.step.map { SessionRecorder.clockIssue(frame, $0) }
  }

  /// Masks a frame and passes it to the segmenter.
  @discardableResult
  mutating func show(_ frame: SourceFrame) throws(RecordingError) -> CaptureIssue? {
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
    passedFrames += 1
    if let thread {
      try thread.append(&stage, info, after: &events)
    } else {
      try segmenter?.append(stage.frame, info, to: &builder!)
    }
    segment = .open
    hasWaitingEvents = false
    summary.note(outcome)
    noteBytes()
    if !frame.isTreeComplete { summary.partialTrees += 1 }
    return outcome.fault
  }

  private static func clockIssue(_ frame: SourceFrame, _ step: Int64) -> CaptureIssue {
    CaptureIssue(
      place: "frame \(frame.number)",
      message:
        "the input's clock steps back by \(-step / 1_000_000) ms; the session's clock continues, and a note records the step"
    )
  }

  /// Seals the open segment if its time is over, so that a crash during idle time loses nothing.
  ///
  /// - Parameter time: up to which there was no new frame.
  public mutating func idle(at time: Int64) throws(RecordingError) {
    let time = clock.shifted(time)
    try pass(to: time)
    try sealIfFull(at: time)
  }

  /// Writes all frames and events so far, and seals the open segment if its time is over.
  private mutating func sealIfFull(at time: Int64) throws(RecordingError) {
    var isOpen = false
    if let thread {
      isOpen = try thread.idle(at: time, after: &events)
    } else {
      try segmenter?.sealIfFull(at: time, &builder!)
      switch builder {
      case .some(let builder): isOpen = builder.sizes.open != nil
      case .none: break
      }
    }
    if segment == .open, !isOpen { segment = .sealed }
    noteBytes()
  }

  private mutating func noteBytes() { summary.bytes = (keeper?.totals.bytes ?? 0) + written.bytes }

  /// Notes a frame that could not be read far enough to be shown.
  @discardableResult
  public mutating func lose(_ fault: CaptureIssue) -> CaptureIssue {
    summary.lostFrames += 1
    stage.skip()
    return fault
  }

  /// Result for an event, as far as it may be revealed.
  public enum EventOutcome: Sendable {
    case recorded
    /// Merged into others, or held back until a later event.
    case merged
    /// An unknown type, or no time.
    case dropped
    /// An input of which only its existence may be revealed, and its time only to the minute.
    case hidden
    /// An error, which may have caused the buffer to be written.
    case reported(ErrorReport)
  }

  /// Records the parts of an event that the policy keeps.
  @discardableResult
  public mutating func record(_ event: Event) throws(RecordingError) -> EventOutcome {
    try record(filter.judge(placed(event), in: tree, masked: stage.masked, named: stage.named))
  }

  /// Records the parts of an event that the policy keeps, both for the boxes of its own moment and for
  /// those of the last frame.
  ///
  /// - Parameter isAwaited: whether the reporter of an error waits for its session: then the error is sealed also where
  ///   everything is one session.
  @discardableResult
  package mutating func record(
    _ event: Event, at moment: WidgetTree?, isAwaited: Bool = false
  ) throws(RecordingError) -> EventOutcome {
    let first = filter.judge(placed(event), in: moment)
    guard let kept = first.event else { return try record(first) }
    var verdict = filter.judge(kept, in: tree, masked: stage.masked, named: stage.named)
    verdict.hiding = first.hiding ?? verdict.hiding
    if first.hiding != nil { verdict.event?.hideWidget() }
    if verdict.event != nil { filter.checkName(of: &verdict.event!, in: moment) }
    return try record(verdict, isAwaited: isAwaited)
  }

  /// The event on the session's clock.
  private func placed(_ event: Event) -> Event {
    var event = event
    event.time = event.time.map(clock.shifted)
    return event
  }

  private mutating func record(
    _ verdict: EventFilter.Verdict, isAwaited: Bool = false
  ) throws(RecordingError) -> EventOutcome {
    if verdict.isHidden {
      noteHiddenInput(at: verdict.time)
      return .hidden
    }
    guard let kept = verdict.event, let time = kept.time else {
      summary.droppedEvents += 1
      return .dropped
    }
    var outcome = EventOutcome.recorded
    var failure: RecordingError?
    if kept.type == "error" {
      do { outcome = .reported(try report(kept, at: time, isAwaited: isAwaited)) } catch {
        // An error whose buffer could not be written is in that buffer.
        guard keeper?.pending == .write(.buffer) else { throw error }
        failure = error
      }
    } else if verdict.hiding != nil {
      noteHiddenInput(at: time)
    } else if kept.isInteraction {
      _ = try take(.interaction, at: time, isByHand: kept.isByHand)
    } else {
      try pass(to: time, isEvent: true)
    }
    guard admitsEvents() else {
      thinner.skip(kept, hiding: verdict.hiding)
      summary.thinnedEvents += verdict.hiding == nil ? 1 : 0
      return .dropped
    }
    about.note(error: kept.type == "error" ? kept.id : nil, trace: kept.traceID)
    let thinned = thinner.thinned
    let events = thinner.take(kept, hiding: verdict.hiding)
    for event in events { try append(event) }
    summary.thinnedEvents += thinner.thinned - thinned
    if let failure { throw failure }
    if case .reported(let report) = outcome {
      if report.session != nil { try keepError(at: time) }
      return outcome
    }
    if verdict.hiding != nil { return .hidden }
    return events.isEmpty ? .merged : .recorded
  }

  /// Brings an error to the disk before its session is returned to the reporter: in a sealed segment, or,
  /// within a second of the previous one, in the open one, which survives the end of the process.
  private mutating func keepError(at time: Int64) throws(RecordingError) {
    if let lastSealedError, abs(time - lastSealedError) < SessionRecorder.errorSealInterval {
      return try sealIfFull(at: time)
    }
    try withOutput { (_) throws(StoreError) in }
    lastSealedError = time
  }

  private mutating func noteHiddenInput(at time: Int64?) {
    guard let time, let moment = keeper?.moment(at: time) else { return }
    keeper!.life.noteHiddenInput(at: moment.boot)
  }

  private mutating func append(_ event: Event) throws(RecordingError) {
    guard let time = event.time else { return }
    summary.events += 1
    // Moves alone are not worth the bytes of a picture.
    if event.type == "move" {
      hasWaitingEvents = hasWaitingEvents || segment == .sealed
    } else {
      try reopen(at: time)
    }
    try append(.event(EventRecord(time: time, json: event.canonicalJSON)))
  }

  /// Records that nothing was captured for a while, or that the wall clock stepped.
  public mutating func record(_ note: NoteRecord) throws(RecordingError) {
    hasWaitingEvents = hasWaitingEvents || segment == .sealed
    try append(.note(note))
  }

  private mutating func append(_ record: SideRecord) throws(RecordingError) {
    if thread == nil { try record.append(to: &builder!) } else { events.append(record) }
  }

  /// Notes events that could not be read, or that came too fast.
  public mutating func loseEvents(_ count: Int = 1) { summary.lostEvents += count }

  /// Ends the present session; the next frame begins another one, for which the rates are drawn anew. Without options of
  /// sessions everything is one session, and nothing happens.
  ///
  /// - Parameter time: of the source.
  public mutating func endSession(at time: Int64) throws(RecordingError) {
    guard keeper != nil else { return }
    for event in thinner.flush() where admitsEvents() { try append(event) }
    _ = try take(.end, at: clock.shifted(time))
  }

  /// Seals the open segment and ends the session.
  public mutating func finish() throws(RecordingError) -> RecordingSummary {
    for event in thinner.flush() where admitsEvents() { try append(event) }
    let totals: SegmentTotals
    if keeper != nil {
      // A session that could not begin has nothing to end; one in memory is tried once more, by `end`.
      if case .write? = keeper!.pending, try hasBuffer() {} else { keeper!.pending = nil }
      if let unfinished = keeper!.unfinished { try end(unfinished) }
      _ = try take(.stop, at: lastTime ?? 0)
      totals = keeper!.totals
    } else {
      about.ended = .stopped
      let about = about
      totals = try withOutput { (output) throws(StoreError) in try output.finish(about) }
    }
    summary.segments = totals.segments
    summary.bytes = totals.bytes
    summary.usage = stage.usage
    summary.withheldWindows = stage.withheldWindows
    return summary
  }
}

extension FrameStatus {
  /// The status of a frame in its record.
  fileprivate init(_ result: MaskingOutcome.Result) {
    switch result {
    case .shown: self = []
    case .withheldInPart: self = .withheldInPart
    case .failedClosed: self = .failedClosed
    }
  }
}
