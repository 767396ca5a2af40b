/// The state machine of sessions: when one begins, pauses, resumes and ends. A pure value that is given the time
/// and each draw.
///
/// Sessions.md has its table, and a test compares that with ``step(_:_:draw:)``.
public struct SessionLife: Hashable, Sendable {
  public enum State: String, CaseIterable, Sendable {
    /// No session yet: the next frame begins one.
    case waiting
    case recording
    case buffering
    /// A session that is not recorded.
    case off
    case recordingPaused = "recording paused"
    case bufferingPaused = "buffering paused"
    case stopped
  }

  public enum Input: String, CaseIterable, Sendable {
    case frame
    case interaction
    /// A reported error: a hit that no callback vetoed, or a miss.
    case errorHit = "error hit"
    case errorMiss = "error miss"
    /// No interaction for the idle time of the options.
    case idle
    /// The session has its maximum length.
    case maximum
    /// The program ends the session; the next one begins.
    case end
    /// Recording ends.
    case stop
  }

  /// The reason for the end of a session.
  public enum End: String, Sendable {
    case stopped, idle, maximum
  }

  public enum Action: Hashable, Sendable {
    /// A session begins, recorded or buffered.
    case begin(Sampling.Mode)
    /// The frame is recorded or buffered.
    case take
    /// The buffer is written, and the records that follow too.
    case flush
    /// The open segment is sealed; of the frames that follow only the last is held.
    case pause
    /// Recording continues with a keyframe of the frame held last.
    case resume
    /// The buffer is discarded.
    case drop
    case end(End)

    public var name: String {
      switch self {
      case .begin: "begin"
      case .end(let end): "end (\(end.rawValue))"
      case .take, .flush, .pause, .resume, .drop: "\(self)"
      }
    }
  }

  public private(set) var state = State.waiting
  private let sampling: Sampling
  private let idle: Int64
  private let maximum: Int64
  /// Whether idle time counts: the source delivers presses or keys.
  private var countsIdle = false
  /// Nanoseconds of CLOCK_BOOTTIME: the start of the session, and its last use; nil if idle time doesn't count.
  public private(set) var start: Int64 = 0
  private var lastUse: Int64?
  /// The minute in which hidden input was seen: it counts at the end of that minute.
  private var hiddenMinute: Int64?

  public init(_ options: SessionOptions) {
    sampling = Sampling(options)
    idle = Int64(options.idleSeconds * 1e9)
    maximum = Int64(options.maximumSeconds * 1e9)
  }

  /// The state table: returns the next state and the actions.
  ///
  /// - Parameter draw: the draw of the session's sample, if the state needs one.
  public static func step(
    _ state: State, _ input: Input, draw: Sampling.Mode
  ) -> (state: State, actions: [Action]) {
    switch (state, input) {
    case (.waiting, .frame):
      switch draw {
      case .full: (.recording, [.begin(.full), .take])
      case .buffer: (.buffering, [.begin(.buffer), .take])
      case .off: (.off, [])
      }
    case (.recording, .frame), (.buffering, .frame): (state, [.take])
    case (.recording, .idle): (.recordingPaused, [.pause])
    case (.recording, .maximum): (.waiting, [.end(.maximum)])
    case (.recording, .end): (.waiting, [.end(.stopped)])
    case (.recording, .stop), (.recordingPaused, .stop): (.stopped, [.end(.stopped)])
    case (.buffering, .errorHit): (.recording, [.flush])
    case (.buffering, .idle): (.bufferingPaused, [.pause])
    // The buffer continues, so that an error soon after this border has its earlier seconds too.
    case (.buffering, .maximum): draw == .full ? (.recording, [.drop, .begin(.full)]) : (.buffering, [])
    case (.buffering, .end), (.bufferingPaused, .end), (.bufferingPaused, .maximum): (.waiting, [.drop])
    case (.buffering, .stop), (.bufferingPaused, .stop): (.stopped, [.drop])
    case (.off, .maximum), (.off, .end): (.waiting, [])
    case (.recordingPaused, .interaction), (.recordingPaused, .errorHit), (.recordingPaused, .errorMiss):
      (.recording, [.resume])
    case (.recordingPaused, .maximum), (.recordingPaused, .end): (.waiting, [.end(.idle)])
    // Also an error that the draw misses belongs into the buffer: a later one may have it written.
    case (.bufferingPaused, .interaction), (.bufferingPaused, .errorMiss): (.buffering, [.resume])
    case (.bufferingPaused, .errorHit): (.recording, [.flush, .resume])
    case (.waiting, .stop), (.off, .stop): (.stopped, [])
    default: (state, [])
    }
  }

  /// The kinds of ``SessionAbout/observedEvents`` of which a user at work makes one now and then.
  private static let hands: Set<String> = ["press", "key", "touch"]

  /// Notes which events the source can see. If there are presses or keys among them, idle time counts from the
  /// beginning of each session; otherwise from the first press or key that is delivered nevertheless.
  public mutating func observe(_ types: [String]?) {
    countsIdle = countsIdle || types.map { !SessionLife.hands.isDisjoint(with: $0) } ?? false
  }

  /// Applies an input at a moment, after everything that the passing of time caused until then.
  ///
  /// - Parameters:
  ///   - now: nanoseconds of CLOCK_BOOTTIME.
  ///   - isByHand: whether an interaction is a press, a key, a touch or a wheel step. A navigation is none: a source
  ///     that sees nothing else can't know that the user is idle.
  ///   - chance: returns numbers from 0 up to, but not including, 1, for the draws of sessions.
  public mutating func take(
    _ input: Input, at now: Int64, isByHand: Bool = true, chance: () -> Double
  ) -> [Action] {
    var actions = pass(to: now, chance: chance)
    if input == .interaction, isByHand { countsIdle = true }
    // An error in a pause is recorded, and so is what follows it for as long as a press would have.
    let isUse = input == .interaction || input == .errorHit || input == .errorMiss && isPaused
    if isUse, countsIdle { lastUse = now }
    actions += apply(input, at: now, chance: chance)
    return actions
  }

  /// Notes hidden input. It is known to the minute only, so that a session's borders don't show its time.
  public mutating func noteHiddenInput(at now: Int64) { hiddenMinute = now.flooredMinute }

  /// Applies what the passing of time alone causes.
  public mutating func pass(to now: Int64, chance: () -> Double) -> [Action] {
    var actions: [Action] = []
    if let minute = hiddenMinute, now.flooredMinute > minute {
      hiddenMinute = nil
      let end = (minute + 1) * SessionLife.minute
      if isOver(at: end) { actions += apply(.maximum, at: end, chance: chance) }
      countsIdle = true
      lastUse = max(lastUse ?? end, end)
      actions += apply(.interaction, at: end, chance: chance)
    }
    if isOver(at: now) { actions += apply(.maximum, at: now, chance: chance) }
    // Hidden input of a minute is known only when that minute is over.
    if idle > 0, let lastUse, now.flooredMinute > (lastUse + idle - 1).flooredMinute {
      actions += apply(.idle, at: now, chance: chance)
    }
    return actions
  }

  private static let minute: Int64 = 60_000_000_000

  private func isOver(at now: Int64) -> Bool {
    maximum > 0 && state != .waiting && state != .stopped && now - start >= maximum
  }

  private mutating func apply(_ input: Input, at now: Int64, chance: () -> Double) -> [Action] {
    let needsDraw = state == .waiting && input == .frame || state == .buffering && input == .maximum
    let draw = needsDraw ? sampling.mode(chance: chance()) : .off
    let (next, actions) = SessionLife.step(state, input, draw: draw)
    if needsDraw {
      start = now
      if countsIdle { lastUse = now }
    }
    state = next
    return actions
  }

  /// Whether an error needs a draw: not if the session is recorded anyway, or not at all.
  public var isBuffering: Bool { state == .buffering || state == .bufferingPaused }
  /// Whether a reported error belongs to a session that is written.
  public var isRecording: Bool { state == .recording || state == .recordingPaused }
  public var isPaused: Bool { state == .recordingPaused || state == .bufferingPaused }

  /// Counts the session's age from the oldest frame of the buffer that was written.
  mutating func begin(at moment: Int64) { start = moment }
}

extension Int64 {
  fileprivate var flooredMinute: Int64 {
    let (minutes, rest) = quotientAndRemainder(dividingBy: 60_000_000_000)
    return rest < 0 ? minutes - 1 : minutes
  }
}
