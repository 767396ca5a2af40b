import ScrimFormat
import ScrimRedact
import ScrimStore

/// The state of a recorder's sessions.
struct SessionKeeper: Sendable {
  let settings: SessionSettings
  var life: SessionLife
  var watch = ClockWatch()
  let sampling: Sampling
  /// The header of each session, except its name, start and size.
  let header: SegmentHeader
  /// The names of the present session and of the previous one.
  var id: SessionID?
  var previous: SessionID?
  /// The number of sessions that have a folder.
  var written = 0
  /// Whether the present session is shorter than the minimum so far.
  var isShort = false
  /// The last frame that arrived during a pause.
  var held: SourceFrame?
  /// The start of the pause, on CLOCK_BOOTTIME.
  var pausedAt: Int64 = 0
  /// The number of events that arrived before a session could take them.
  var early = 0
  /// The reason for the end of a session that could not be sealed yet.
  var unfinished: SessionLife.End?
  /// The kind of a session that ended before it could be written from memory.
  var unwritten: SessionAbout.Kind?
  /// A begin or a write that failed, and is tried again.
  var pending: Pending?
  /// Totals of all sessions that ended.
  var totals = SegmentTotals(segments: 0, bytes: 0)

  /// The description of the recorder in the manifest of each session.
  var observedEvents: [String]?
  var service = ServiceAttributes()
  /// The folder of crash buffers; nil if the option is off.
  var crashFolder: CrashBufferFolder?

  enum Pending: Equatable, Sendable {
    case begin(Sampling.Mode)
    case write(SessionAbout.Kind)
  }

  /// The maximum number of events that wait for the first frame of a session.
  static let earlyLimit = 4096

  init(_ settings: SessionSettings, _ header: SegmentHeader) {
    self.settings = settings
    self.header = header
    life = SessionLife(settings.options)
    sampling = Sampling(settings.options)
  }

  func moment(at time: Int64) -> SessionMoment {
    settings.moment?() ?? SessionMoment(boot: time, wall: settings.start + time)
  }
}

extension SessionRecorder {
  /// Advances the present session to the time at which the source delivered an item.
  ///
  /// - Parameter isEvent: whether the item is an event, which may arrive late.
  mutating func pass(to time: Int64, isEvent: Bool = false) throws(RecordingError) {
    guard keeper != nil else { return }
    let moment = keeper!.moment(at: time)
    try retry(at: time, moment)
    let notes = keeper!.watch.notes(at: time, moment, isEvent: isEvent)
    let chance = keeper!.settings.chance
    let actions = keeper!.life.pass(to: moment.boot, chance: chance)
    try perform(actions, at: time, moment)
    if keeper!.life.state == .recording || keeper!.life.state == .buffering {
      for note in notes { try record(note) }
    }
    try writeIfLongEnough(moment, at: time)
  }

  /// Passes an input to the present session; returns the actions that follow.
  ///
  /// - Parameter isByHand: whether an interaction is a press, a key, a touch or a wheel step.
  mutating func take(
    _ input: SessionLife.Input, at time: Int64, isByHand: Bool = true
  ) throws(RecordingError) -> [SessionLife.Action] {
    try pass(to: time, isEvent: input != .frame && input != .stop)
    guard keeper != nil else { return [] }
    let moment = keeper!.moment(at: time)
    let chance = keeper!.settings.chance
    let actions = keeper!.life.take(input, at: moment.boot, isByHand: isByHand, chance: chance)
    try perform(actions, at: time, moment)
    return actions
  }

  /// Whether a frame is to be recorded; a frame that arrives in a pause is held.
  mutating func admits(_ frame: SourceFrame) throws(RecordingError) -> Bool {
    guard keeper != nil else { return true }
    let isTaken = try take(.frame, at: frame.time).contains(.take)
    // A frame of a pause that ended with its session belongs to no other.
    keeper!.held = !isTaken && keeper!.life.isPaused ? frame : nil
    return isTaken
  }

  /// Whether a session takes events now, or will.
  mutating func admitsEvents() -> Bool {
    guard keeper != nil else { return true }
    switch keeper!.life.state {
    case .recording, .buffering: return true
    case .waiting:
      keeper!.early += 1
      return keeper!.early <= SessionKeeper.earlyLimit
    case .off, .recordingPaused, .bufferingPaused, .stopped: return false
    }
  }

  /// Does what failed before, such as making a folder on a disk that was full.
  private mutating func retry(at time: Int64, _ moment: SessionMoment) throws(RecordingError) {
    switch keeper!.pending {
    case .none: return
    case .begin(let mode): try begin(mode, at: time, moment)
    case .write(.buffer):
      // The buffer continues in memory; its error has been thrown once.
      do { try write(at: time, moment, kind: .buffer) } catch { return }
    case .write(let kind): try write(at: time, moment, kind: kind)
    }
    keeper!.pending = nil
  }

  private mutating func perform(
    _ actions: [SessionLife.Action], at time: Int64, _ moment: SessionMoment
  ) throws(RecordingError) {
    var failure: RecordingError?
    for action in actions {
      switch action {
      case .take: break
      case .begin(let mode):
        keeper!.pending = .begin(mode)
        try begin(mode, at: time, moment)
        keeper!.pending = nil
      case .flush:
        // If it fails, what follows is done in memory.
        keeper!.pending = .write(.buffer)
        do {
          try write(at: time, moment, kind: .buffer)
          keeper!.pending = nil
        } catch { failure = error }
      case .pause:
        try withOutput { (_) throws(StoreError) in }
        keeper!.pausedAt = moment.boot
        report { .paused($0) }
      case .resume: try resume(at: time, moment)
      case .drop:
        let failure = try withOutput { (output) throws(StoreError) in
          output.drop()
          return output.crashBufferFailure
        }
        forgetLastFrame()
        if let failure { report { .crashBufferLost($0, failure) } }
        report { .dropped($0, .noError) }
      case .end(let reason): try end(reason)
      }
    }
    if let failure { throw failure }
  }

  private mutating func begin(
    _ mode: Sampling.Mode, at time: Int64, _ moment: SessionMoment
  ) throws(RecordingError) {
    // The folder of a session that could not be ended is still in use.
    if let unfinished = keeper!.unfinished { try end(unfinished) }
    forgetLastFrame()
    about = SessionAbout()
    about.observedEvents = keeper!.observedEvents
    about.service = keeper!.service
    about.previousID = keeper!.previous.map { "\($0)" }
    let id = keeper!.settings.name()
    keeper!.id = id
    keeper!.early = 0
    let options = keeper!.settings.options
    let isFull = mode == .full
    keeper!.isShort = isFull && options.minimumSeconds > 0
    keeper!.settings.onChange?(.began(id, mode, previous: keeper!.previous))
    keeper!.previous = id
    if isFull, !keeper!.isShort {
      keeper!.pending = .write(.session)
      return try write(at: time, moment, kind: .session)
    }
    let seconds = isFull ? options.minimumSeconds : options.errorBufferSeconds
    let crashBuffer =
      isFull ? nil : keeper!.crashBuffer(of: id, start: moment.wall - (keeper!.watch.time ?? time))
    try withOutput { (output) throws(StoreError) in
      output.keep(
        in: ReplayBuffer(seconds: seconds, budget: options.errorBufferBytes), and: crashBuffer)
    }
  }

  /// Begins to write the session to a folder, from its oldest frame on.
  private mutating func write(
    at time: Int64, _ moment: SessionMoment, kind: SessionAbout.Kind
  ) throws(RecordingError) {
    guard let id = keeper!.id else { preconditionFailure("a session that is written has begun") }
    if about.kind == nil { about.kind = kind }
    let folder = keeper!.settings.folder(keeper!.written, id)
    let about = about
    var header = keeper!.header
    header.session = id
    let template = header
    // An event may come seconds after its time, which is not the moment's.
    let now = keeper!.watch.time ?? time
    // The open segment of the buffer continues in the folder, with the error for which it is written.
    let (age, failure) = try withOutput(sealing: false) { (output) throws(StoreError) in
      if !output.isFlushing {
        let first = output.buffer?.segments.first
        let shift = first?.first ?? time
        var header = template
        header.start = moment.wall - (now - shift)
        header.width = first?.header.width ?? header.width
        header.height = first?.header.height ?? header.height
        output.prepare(try folder.create(header, about: about), header, shift: shift)
      }
      try output.writeBuffer()
      return (now - output.sessionShift, output.crashBufferFailure)
    }
    if let failure { report { .crashBufferLost($0, failure) } }
    keeper!.written += 1
    keeper!.life.begin(at: moment.boot - age)
    keeper!.settings.onChange?(.written(id, folder))
  }

  private mutating func writeIfLongEnough(_ moment: SessionMoment, at time: Int64) throws(RecordingError) {
    guard keeper!.isShort, keeper!.life.isRecording else { return }
    let age = Double(moment.boot - keeper!.life.start) / 1e9
    guard age >= keeper!.settings.options.minimumSeconds else { return }
    keeper!.isShort = false
    keeper!.pending = .write(.session)
    try write(at: time, moment, kind: .session)
    keeper!.pending = nil
  }

  private mutating func resume(at time: Int64, _ moment: SessionMoment) throws(RecordingError) {
    report { .resumed($0) }
    let away = moment.boot - keeper!.pausedAt
    if away > 0 { try record(NoteRecord(time: time, kind: .gap, offset: away)) }
    guard var frame = keeper!.held.take() else { return }
    frame.time = max(time, frame.time)
    // Earlier frames of the pause were not examined.
    frame.damage = nil
    frame.mayBeLeftOut = false
    try show(frame)
  }

  mutating func end(_ end: SessionLife.End) throws(RecordingError) {
    // Kept until the end succeeds: the caller that stops a recorder may try again.
    keeper!.unfinished = end
    // A replay that could not be written when its error came is tried again.
    if case .write(let kind)? = keeper!.pending, try hasBuffer() {
      keeper!.unwritten = kind
      keeper!.pending = nil
    }
    if let kind = keeper!.unwritten {
      let time = keeper!.watch.time ?? 0
      try write(at: time, keeper!.moment(at: time), kind: kind)
      keeper!.unwritten = nil
    }
    let isShort = keeper!.isShort
    about.ended =
      switch end {
      case .stopped: .stopped
      case .idle: .idle
      case .maximum: .maximum
      }
    about.droppedFrames = summary.lostFrames
    about.droppedEvents = summary.lostEvents
    let about = about
    let totals = try withOutput { (output) throws(StoreError) in
      if isShort {
        output.drop()
        return SegmentTotals(segments: 0, bytes: 0)
      }
      let totals = try output.finish(about)
      output.close()
      return totals
    }
    keeper!.unfinished = nil
    // Events until the first frame of the next session are that session's.
    forgetLastFrame()
    keeper!.totals.segments += totals.segments
    keeper!.totals.bytes += totals.bytes
    if isShort {
      keeper!.isShort = false
      summary.shortSessions += 1
      report { .dropped($0, .tooShort) }
    } else {
      report { .ended($0, end) }
    }
  }

  /// Whether the present session is in memory.
  mutating func hasBuffer() throws(RecordingError) -> Bool {
    try withOutput(sealing: false) { (output) throws(StoreError) in output.buffer != nil }
  }

  private func report(_ change: (SessionID) -> SessionChange) {
    if let id = keeper!.id { keeper!.settings.onChange?(change(id)) }
  }

  /// Draws for an error, writes the buffer on a hit, and records the error.
  ///
  /// - Parameter isAwaited: whether the reporter waits for its session.
  mutating func report(
    _ kept: Event, at time: Int64, isAwaited: Bool
  ) throws(RecordingError) -> ErrorReport {
    guard keeper != nil else { return ErrorReport(session: isAwaited ? only : nil) }
    try pass(to: time, isEvent: true)
    var isHit = false
    if keeper!.life.isBuffering {
      let isAllowed = keeper!.settings.beforeErrorSampling?(kept) ?? true
      isHit = isAllowed && keeper!.sampling.takesError(chance: keeper!.settings.chance())
    }
    _ = try take(isHit ? .errorHit : .errorMiss, at: time)
    let isWritten = keeper!.life.isRecording && !keeper!.isShort && keeper!.pending == nil
    return ErrorReport(session: isWritten ? keeper!.id : nil)
  }
}
