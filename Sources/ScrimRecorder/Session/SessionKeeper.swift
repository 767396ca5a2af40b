import ScrimFormat
import ScrimRedact
import ScrimStore

/// What a recorder keeps about its sessions.
struct SessionKeeper: Sendable {
  let settings: SessionSettings
  var life: SessionLife
  var watch = ClockWatch()
  let sampling: Sampling
  /// As the header of each session, but for its name, start and size.
  let header: SegmentHeader
  /// The present session, and the one before.
  var id: SessionID?
  var previous: SessionID?
  /// Sessions that have a folder.
  var written = 0
  /// Whether the present session has yet to become as long as it must be.
  var isShort = false
  /// The frame that came last in a pause.
  var held: SourceFrame?
  /// When the pause began, on the clock of CLOCK_BOOTTIME.
  var pausedAt: Int64 = 0
  /// Events that came while no session was there to take them.
  var early = 0
  /// Why the session ended that could not be sealed yet.
  var unfinished: SessionLife.End?
  /// What was written of all sessions that ended.
  var totals = SegmentTotals(segments: 0, bytes: 0)

  /// For the manifest of each session.
  var observedEvents: [String]?
  /// Where crash buffers lie; nil where none are asked for.
  var crashFolder: CrashBufferFolder?

  /// Events that wait for the first frame of a session at most.
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
  /// Brings the present session up to a moment at which the source gave something.
  ///
  /// - Parameter isEvent: whether that was an event, which may come late.
  mutating func pass(to time: Int64, isEvent: Bool = false) throws(RecordingError) {
    guard keeper != nil else { return }
    let moment = keeper!.moment(at: time)
    let notes = keeper!.watch.notes(at: time, moment, isEvent: isEvent)
    let chance = keeper!.settings.chance
    let actions = keeper!.life.pass(to: moment.boot, chance: chance)
    try perform(actions, at: time, moment)
    if keeper!.life.state == .recording || keeper!.life.state == .buffering {
      for note in notes { try record(note) }
    }
    try writeIfLongEnough(moment, at: time)
  }

  /// Lets the present session take an input; returns what follows.
  mutating func take(_ input: SessionLife.Input, at time: Int64) throws(RecordingError) -> [SessionLife
    .Action]
  {
    try pass(to: time, isEvent: input != .frame && input != .stop)
    guard keeper != nil else { return [] }
    let moment = keeper!.moment(at: time)
    let chance = keeper!.settings.chance
    let actions = keeper!.life.take(input, at: moment.boot, chance: chance)
    try perform(actions, at: time, moment)
    return actions
  }

  /// Whether a frame is to be recorded; one that comes in a pause is held.
  mutating func admits(_ frame: SourceFrame) throws(RecordingError) -> Bool {
    guard keeper != nil else { return true }
    if try take(.frame, at: frame.time).contains(.take) { return true }
    keeper!.held = keeper!.life.isPaused ? frame : nil
    return false
  }

  /// Whether there is a session that takes events, or will be.
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

  private mutating func perform(
    _ actions: [SessionLife.Action], at time: Int64, _ moment: SessionMoment
  ) throws(RecordingError) {
    for action in actions {
      switch action {
      case .take: break
      case .begin(let mode): try begin(mode, at: time, moment)
      case .flush: try write(at: time, moment, kind: .buffer)
      case .pause:
        try withOutput { (_) throws(StoreError) in }
        keeper!.pausedAt = moment.boot
        tell { .paused($0) }
      case .resume: try resume(at: time, moment)
      case .drop:
        let failure = try withOutput { (output) throws(StoreError) in
          output.drop()
          return output.crashBufferFailure
        }
        if let failure { tell { .crashBufferLost($0, failure) } }
        tell { .dropped($0, .noError) }
      case .end(let reason): try end(reason)
      }
    }
  }

  private mutating func begin(
    _ mode: Sampling.Mode, at time: Int64, _ moment: SessionMoment
  ) throws(RecordingError) {
    about = SessionAbout()
    about.observedEvents = keeper!.observedEvents
    about.previousID = keeper!.previous.map { "\($0)" }
    let id = keeper!.settings.name()
    keeper!.id = id
    keeper!.early = 0
    let options = keeper!.settings.options
    let isFull = mode == .full
    keeper!.isShort = isFull && options.minimumSeconds > 0
    keeper!.settings.onChange?(.began(id, mode, previous: keeper!.previous))
    keeper!.previous = id
    if isFull, !keeper!.isShort { return try write(at: time, moment, kind: .session) }
    let seconds = isFull ? options.minimumSeconds : options.errorBufferSeconds
    let crashBuffer = isFull ? nil : keeper!.crashBuffer(of: id, start: moment.wall - time)
    try withOutput { (output) throws(StoreError) in
      output.keep(
        in: ReplayBuffer(seconds: seconds, budget: options.errorBufferBytes), and: crashBuffer)
    }
  }

  /// Has the session written from its oldest frame on.
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
    let (age, failure) = try withOutput { (output) throws(StoreError) in
      let first = output.buffer?.segments.first
      let shift = first?.first ?? time
      var header = template
      header.start = moment.wall - (time - shift)
      header.width = first?.header.width ?? header.width
      header.height = first?.header.height ?? header.height
      var writer = try folder.create(header)
      writer.describe(about)
      try output.write(to: writer, header, shift: shift)
      return (time - shift, output.crashBufferFailure)
    }
    if let failure { tell { .crashBufferLost($0, failure) } }
    keeper!.written += 1
    keeper!.life.begin(at: moment.boot - age)
    keeper!.settings.onChange?(.written(id, folder))
  }

  private mutating func writeIfLongEnough(_ moment: SessionMoment, at time: Int64) throws(RecordingError) {
    guard keeper!.isShort, keeper!.life.isRecording else { return }
    let age = Double(moment.boot - keeper!.life.start) / 1e9
    guard age >= keeper!.settings.options.minimumSeconds else { return }
    keeper!.isShort = false
    try write(at: time, moment, kind: .session)
  }

  private mutating func resume(at time: Int64, _ moment: SessionMoment) throws(RecordingError) {
    tell { .resumed($0) }
    let away = moment.boot - keeper!.pausedAt
    if away > 0 { try record(NoteRecord(time: time, kind: .gap, offset: away)) }
    guard var frame = keeper!.held.take() else { return }
    frame.time = max(time, frame.time)
    // Frames before it in the pause were not looked at.
    frame.damage = nil
    frame.mayBeLeftOut = false
    try show(frame)
  }

  mutating func end(_ end: SessionLife.End) throws(RecordingError) {
    // Until all goes well: who stops a recorder may try again.
    keeper!.unfinished = end
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
    keeper!.totals.segments += totals.segments
    keeper!.totals.bytes += totals.bytes
    if isShort {
      keeper!.isShort = false
      summary.shortSessions += 1
      tell { .dropped($0, .tooShort) }
    } else {
      tell { .ended($0, end) }
    }
  }

  private func tell(_ change: (SessionID) -> SessionChange) {
    if let id = keeper!.id { keeper!.settings.onChange?(change(id)) }
  }

  /// Lets an error draw, writes what is buffered where it hits, and records it.
  mutating func report(_ kept: Event, at time: Int64) throws(RecordingError) -> ErrorReport {
    guard keeper != nil else { return ErrorReport(session: nil) }
    try pass(to: time, isEvent: true)
    var isHit = false
    if keeper!.life.isBuffering {
      let isAllowed = keeper!.settings.beforeErrorSampling?(kept) ?? true
      isHit = isAllowed && keeper!.sampling.takesError(chance: keeper!.settings.chance())
    }
    _ = try take(isHit ? .errorHit : .errorMiss, at: time)
    return ErrorReport(session: keeper!.life.isRecording && !keeper!.isShort ? keeper!.id : nil)
  }
}
