/// The state machine of sessions: when one begins, pauses, resumes and ends. A pure value: it is told the time and each draw.
///
/// Its table is in Sessions.md, which a test holds against ``step(_:_:draw:)``.
public struct SessionLife: Hashable, Sendable {
  public enum State: String, CaseIterable, Sendable {
    /// No session yet: the next frame begins one.
    case waiting
    case recording
    case buffering
    /// A session of which nothing is kept.
    case off
    case recordingPaused = "recording paused"
    case bufferingPaused = "buffering paused"
    case stopped
  }

  public enum Input: String, CaseIterable, Sendable {
    case frame
    case interaction
    /// A reported error whose draw hit and that nothing vetoed; the same of one that missed.
    case errorHit = "error hit"
    case errorMiss = "error miss"
    /// There was no interaction for the time that options say.
    case idle
    /// The session has its full length.
    case maximum
    /// The program ends the session; the next one begins.
    case end
    /// Nothing more is recorded.
    case stop
  }

  /// Why a session ended.
  public enum End: String, Sendable {
    case stopped, idle, maximum
  }

  public enum Action: Hashable, Sendable {
    /// A session begins, recorded or buffered.
    case begin(Sampling.Mode)
    /// The frame is recorded or buffered.
    case take
    /// What is buffered is written, and what follows too.
    case flush
    /// What is open is sealed; frames are held, the last one only.
    case pause
    /// Goes on with a keyframe of the frame held last.
    case resume
    /// The buffer is forgotten.
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
  /// Nanoseconds of CLOCK_BOOTTIME: when the session began, and when it was used last; nil before any use was seen.
  public private(set) var start: Int64 = 0
  private var lastUse: Int64?
  /// The minute in which hidden input was seen: it counts when that minute is over.
  private var hiddenMinute: Int64?

  public init(_ options: SessionOptions) {
    sampling = Sampling(options)
    idle = Int64(options.idleSeconds * 1e9)
    maximum = Int64(options.maximumSeconds * 1e9)
  }

  /// The table: state and actions that follow.
  ///
  /// - Parameter draw: of the session's sample, where the state needs one.
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
    // The window goes on: an error right behind the border has its seconds before it too.
    case (.buffering, .maximum): draw == .full ? (.recording, [.drop, .begin(.full)]) : (.buffering, [])
    case (.buffering, .end), (.bufferingPaused, .end), (.bufferingPaused, .maximum): (.waiting, [.drop])
    case (.buffering, .stop), (.bufferingPaused, .stop): (.stopped, [.drop])
    case (.off, .maximum), (.off, .end): (.waiting, [])
    case (.recordingPaused, .interaction), (.recordingPaused, .errorHit), (.recordingPaused, .errorMiss):
      (.recording, [.resume])
    case (.recordingPaused, .maximum), (.recordingPaused, .end): (.waiting, [.end(.idle)])
    case (.bufferingPaused, .interaction): (.buffering, [.resume])
    case (.bufferingPaused, .errorHit): (.recording, [.flush, .resume])
    case (.waiting, .stop), (.off, .stop): (.stopped, [])
    default: (state, [])
    }
  }

  /// Takes an input at a moment, after all that time brought up to it.
  ///
  /// - Parameters:
  ///   - now: nanoseconds of CLOCK_BOOTTIME.
  ///   - chance: gives numbers from 0 up to 1, for the draws of sessions.
  public mutating func take(_ input: Input, at now: Int64, chance: () -> Double) -> [Action] {
    var actions = pass(to: now, chance: chance)
    if input == .interaction || input == .errorHit { lastUse = now }
    actions += apply(input, at: now, chance: chance)
    return actions
  }

  /// Notes hidden input: that there was some is known to the minute only, so that no time of it shows in a session's borders.
  public mutating func noteHiddenInput(at now: Int64) { hiddenMinute = now.flooredMinute }

  /// What time alone brings.
  public mutating func pass(to now: Int64, chance: () -> Double) -> [Action] {
    var actions: [Action] = []
    if let minute = hiddenMinute, now.flooredMinute > minute {
      hiddenMinute = nil
      let end = (minute + 1) * SessionLife.minute
      if isOver(at: end) { actions += apply(.maximum, at: end, chance: chance) }
      lastUse = max(lastUse ?? end, end)
      actions += apply(.interaction, at: end, chance: chance)
    }
    if isOver(at: now) { actions += apply(.maximum, at: now, chance: chance) }
    // Only when that minute is over is it known whether hidden input came in it.
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
      if lastUse != nil { lastUse = now }
    }
    state = next
    return actions
  }

  /// Whether an error's draw is asked for: not where the session is recorded anyway, or nothing is kept.
  public var isBuffering: Bool { state == .buffering || state == .bufferingPaused }
  /// Whether a reported error belongs to a session that is written.
  public var isRecording: Bool { state == .recording || state == .recordingPaused }
  public var isPaused: Bool { state == .recordingPaused || state == .bufferingPaused }

  /// The session's age is counted from the oldest frame of the buffer that was written.
  mutating func begin(at moment: Int64) { start = moment }
}

extension Int64 {
  fileprivate var flooredMinute: Int64 {
    let (minutes, rest) = quotientAndRemainder(dividingBy: 60_000_000_000)
    return rest < 0 ? minutes - 1 : minutes
  }
}
